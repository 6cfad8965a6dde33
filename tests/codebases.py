"""The codebase in tests: as it is shipped, over the sandbox's GitHub."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pretend import Sandbox

from activities.clients.codebase import Codebase
from activities.clients.copies import Copies
from activities.clients.git import Git
from activities.clients.mirrors import Sizes
from contexten.codebase import CheckoutAsk
from sandbox.tokens import GITHUB_TOKEN

HELLO = "octo/hello"
LARGE = Sizes(10**9, 10**9)


def codebase_at(url: str, var: Path, sizes: Sizes = LARGE, token: str = GITHUB_TOKEN) -> Codebase:
    """A codebase in *var*, of the GitHub at *url*."""

    @contextmanager
    def tokens(repository: str) -> Iterator[str]:
        yield token

    git = Git(url, tokens, timeout_s=60)
    return Codebase(var / "codebase", Copies(var), git, sizes)


def tree_of(var: Path, run: str = "agent/1") -> Path:
    """The working tree of *run* in *var*."""
    return Copies(var).of_run(run)


def put(sandbox: Sandbox, **said: Any) -> str:
    """The address of a repository that is there now."""
    made = sandbox.arrange("/_github/repositories", {"repository": HELLO, **said}, "PUT")
    return str(made["url"])


def ask(run: str = "agent/1", branch: str = "contexten/1", base: str | None = None) -> CheckoutAsk:
    """What a run asks for."""
    return CheckoutAsk(run, HELLO, branch, base)


def nothing() -> None:
    """Nobody hears how it goes on."""
