"""The environment that our processes are started in: a port each, and where the sandbox is."""

import fcntl
import os
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path
from tempfile import gettempdir

from contexten.delivery import Platform
from starter.settings import ENV_FILE

SECRETS = {
    Platform.GITHUB: "GITHUB_WEBHOOK_SECRET",
    Platform.LINEAR: "LINEAR_WEBHOOK_SECRET",
    Platform.SLACK: "SLACK_SIGNING_SECRET",
}
REAL = (
    "GITHUB_TOKEN",
    "GITHUB_APP_ID",
    "GITHUB_APP_PRIVATE_KEY",
    "LINEAR_ACCESS_TOKEN",
    "SLACK_BOT_TOKEN",
    *SECRETS.values(),
)
"""What belongs to the real platforms and has no business near the sandbox."""

NOTHING = os.devnull
LISTENED_ON = range(10_000, 32_000)


def invented_secrets() -> dict[str, str]:
    """A webhook secret for each platform that nobody else knows."""
    return {str(platform): secrets.token_hex(32) for platform in SECRETS}


def pretended(
    environment: Mapping[str, str], sandbox: Mapping[str, str], keys: Mapping[str, str]
) -> dict[str, str]:
    """
    *environment* with the platforms replaced by the sandbox.

    No ``.env`` is read then, and no real credential is passed on.

    Args:
        sandbox: The settings with which one speaks to it.
        keys: The webhook secrets, by platform.
    """
    kept = {name: value for name, value in environment.items() if name not in REAL}
    signing = {SECRETS[Platform(platform)]: key for platform, key in keys.items()}
    return {**kept, **sandbox, **signing, ENV_FILE: NOTHING}


def without_engine(environment: Mapping[str, str]) -> dict[str, str]:
    """*environment* in which no engine is named, not even by a profile."""
    kept = {k: v for k, v in environment.items() if not k.startswith("TEMPORAL_")}
    return {**kept, "TEMPORAL_CONFIG_FILE": NOTHING}


def reserved(port: int, folder: Path | None = None) -> int | None:
    """
    A lock on *port*, as a file descriptor: ours until it is closed; None if another has it.

    Of two that begin at once, both see a well-known port free until one of them listens there.

    Args:
        folder: Where locks are kept; that of temporary files if None.
    """
    path = (folder or Path(gettempdir())) / f"contexten-{os.getuid()}-port-{port}.lock"
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether nothing listens on *port* of *host*."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """
    A port of 127.0.0.1 on which nothing listens.

    It is none of those that outgoing connections are given by chance, or one of them might
    have it before it is listened on.
    """
    while True:
        port = secrets.choice(LISTENED_ON)
        if is_free(port):
            return port
