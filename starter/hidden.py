"""Every secret that we know, so that it can be cut out of what leaves."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from starter.settings import Settings

IN_THE_ENVIRONMENT = (
    *("API_KEY", "ACCESS_KEY", "PRIVATE_KEY", "SECRET_KEY", "SIGNING_KEY", "ENCRYPTION_KEY"),
    *("_TOKEN", "_SECRET", "_CREDENTIALS", "PASSWORD", "PASSWD", "PASSPHRASE", "_PAT"),
)
LARGEST_KEY_FILE = 64 * 1024


def secrets_in(settings: Settings, environ: Mapping[str, str]) -> frozenset[str]:
    """
    What *settings* hide, and what in *environ* is called as if it should be hidden, or is an
    address with a password in it.

    A secret that is a path stands for the file, an address for the password in it, and
    ``name:token`` for the token.
    """
    named = [
        value
        for name, value in environ.items()
        if name.upper().endswith(IN_THE_ENVIRONMENT) or ("://" in value and of_address(value))
    ]
    return frozenset(part for one in (*hidden(settings), *named) for part in parts(one) if part)


def hidden(settings: Settings) -> Iterator[str]:
    """The value of each secret in *settings*."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, SecretStr):
                yield one.get_secret_value()


def parts(secret: str) -> Iterator[str]:
    """*secret*, and what in it is secret by itself."""
    if "://" in secret:
        yield unquote(of_address(secret))
        return
    yield secret
    name, _, token = secret.partition(":")
    if name.isidentifier():
        yield token
    if "\n" not in secret and len(secret) < 4096:
        yield held_in(Path(secret).expanduser())


def of_address(address: str) -> str:
    """The password in *address*; nothing if it has none."""
    try:
        return urlsplit(address).password or ""
    except ValueError:
        return address


def held_in(path: Path) -> str:
    """What the file *path* holds; nothing if it is none."""
    try:
        if path.is_file() and path.stat().st_size <= LARGEST_KEY_FILE:
            return path.read_text(errors="replace")
    except (OSError, ValueError, RuntimeError):
        pass
    return ""
