"""Whatever breaks, on the platform or on this machine, the next use of a working copy mends it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from apps import APP, as_pem, installed, new_key
from codebases import LARGE, ask, codebase_at, nothing, put, tree_of
from pretend import Sandbox, sandbox

from activities.clients.codebase import Codebase
from activities.clients.copies import Copies
from activities.clients.git import Git
from activities.clients.github import GithubClient
from activities.clients.github_session import Credentials
from contexten.errors import (
    AuthenticationError,
    ClientError,
    PlatformError,
    RateLimitedError,
    ServerError,
    TransientError,
)
from sandbox.tokens import GITHUB_TOKEN

__all__ = ["sandbox"]


@pytest.fixture
def codebase(sandbox: Sandbox, tmp_path: Path) -> Codebase:
    return codebase_at(f"{sandbox.url}/github", tmp_path)


def files_of(tree: Path) -> set[str]:
    """The names of what is in *tree*, git's own file apart."""
    return {path.name for path in tree.iterdir()} - {".git"}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "reset"}, TransientError),
        ({"kind": "truncated"}, TransientError),
        ({"kind": "html"}, ServerError),
        ({"kind": "status", "status": 503}, ServerError),
        ({"kind": "status", "status": 429}, RateLimitedError),
        ({"kind": "garbage"}, TransientError),
        ({"kind": "redirect_loop"}, ClientError),
    ],
)
def test_a_platform_that_is_unwell_is_one_of_our_errors(
    sandbox: Sandbox, codebase: Codebase, fault: dict[str, Any], error: type[PlatformError]
) -> None:
    put(sandbox)
    sandbox.breaks("github", match=".git/", **fault)

    with pytest.raises(error) as raised:
        codebase.prepare(ask(), nothing)

    assert raised.value.platform == "github"
    assert GITHUB_TOKEN not in str(raised.value)
    sandbox.heals()
    assert codebase.prepare(ask(), nothing).fresh


def test_a_wrong_token_is_refused_and_not_told(sandbox: Sandbox, tmp_path: Path) -> None:
    put(sandbox)
    codebase = codebase_at(f"{sandbox.url}/github", tmp_path, token="ghs_secret")

    with pytest.raises(AuthenticationError) as raised:
        codebase.prepare(ask(), nothing)

    assert "ghs_secret" not in str(raised.value)


def test_a_github_app_works_with_the_token_of_its_installation(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    put(sandbox)
    key = new_key()
    credentials = Credentials(app_id=APP, app_private_key=as_pem(key))
    github = GithubClient(f"{sandbox.url}/github", credentials, 5)
    git = Git(f"{sandbox.url}/github", github.token, timeout_s=30)
    codebase = Codebase(tmp_path / "codebase", Copies(tmp_path), git, LARGE)

    with pytest.raises(AuthenticationError):
        codebase.prepare(ask(), nothing)
    installed(sandbox, key)
    made = codebase.prepare(ask(), nothing)
    (tree_of(tmp_path) / "new.py").write_text("1")
    codebase.commit_and_push(made, "Mend it", "call-1", nothing)
    github.close()

    assert len(sandbox.effects("push")) == 1


KILLED = """
import os, sys, threading
sys.path[:0] = [{tests!r}]
from pathlib import Path
from codebases import ask, codebase_at
beats = 0
def beat():
    global beats
    beats += 1
    if beats == {beat}:
        os.kill(os.getpid(), 9)
codebase_at({url!r}, Path({var!r})).prepare(ask(), beat)
"""


@pytest.mark.parametrize("step", ["info/refs", "git-upload-pack"])
def test_a_process_that_is_killed_leaves_nothing_that_is_not_mended(
    sandbox: Sandbox, codebase: Codebase, tmp_path: Path, step: str
) -> None:
    put(sandbox)
    sandbox.breaks("github", "hang", match=step, seconds=2)
    said = KILLED.format(
        tests=str(Path(__file__).parents[1]),
        url=f"{sandbox.url}/github",
        var=str(tmp_path),
        beat=2,
    )

    killed = subprocess.run([sys.executable, "-c", said], check=False, timeout=60)
    sandbox.heals()

    assert killed.returncode == -9
    assert codebase.prepare(ask(), nothing).fresh
    assert "greeting.py" in files_of(tree_of(tmp_path))


def spoil_lock(var: Path) -> None:
    (mirror_in(var) / "packed-refs.lock").touch()
    (mirror_in(var) / "HEAD.lock").touch()
    (mirror_in(var) / "config").write_text("garbage")
    (mirror_in(var) / "objects" / "pack" / "tmp_pack_x").write_text("x")


def spoil_record(var: Path) -> None:
    (tree_of(var).parent / "copy.json").write_text("{")


def spoil_head(var: Path) -> None:
    next(mirror_in(var).glob("worktrees/*/HEAD")).unlink()


def spoil_tree(var: Path) -> None:
    tree_of(var).rename(var / "elsewhere")


def spoil_mirror(var: Path) -> None:
    mirror_in(var).rename(var / "elsewhere")


def mirror_in(var: Path) -> Path:
    """The one mirror in *var*."""
    return next((var / "codebase" / "mirrors").iterdir())


@pytest.mark.parametrize("spoil", [spoil_lock, spoil_record, spoil_head, spoil_tree, spoil_mirror])
def test_what_is_broken_on_the_disk_is_made_anew(
    sandbox: Sandbox, codebase: Codebase, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    put(sandbox)
    codebase.prepare(ask(), nothing)
    spoil(tmp_path)

    codebase.prepare(ask(), nothing)
    codebase.prepare(ask("agent/2", "contexten/2"), nothing)

    assert "greeting.py" in files_of(tree_of(tmp_path))
    assert "greeting.py" in files_of(tree_of(tmp_path, "agent/2"))
