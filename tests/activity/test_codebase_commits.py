"""What a run changed is committed once and pushed to its own branch, and never anything else."""

from pathlib import Path

import pytest
from codebases import HELLO, ask, codebase_at, nothing, put, tree_of
from pretend import Sandbox, sandbox
from repositories import Git, cloned

from activities.clients.codebase import Codebase
from contexten.codebase import BranchAt, Checkout
from contexten.errors import AuthenticationError, ClientError, PlatformError, TransientError

__all__ = ["sandbox"]


@pytest.fixture
def codebase(sandbox: Sandbox, tmp_path: Path) -> Codebase:
    return codebase_at(f"{sandbox.url}/github", tmp_path)


@pytest.fixture
def clone(sandbox: Sandbox, tmp_path: Path) -> Git:
    """Somebody else's clone."""
    return cloned(put(sandbox), tmp_path / "clone")


@pytest.fixture
def checkout(clone: Git, codebase: Codebase) -> Checkout:
    return codebase.prepare(ask(), nothing)


@pytest.fixture
def tree(checkout: Checkout, tmp_path: Path) -> Path:
    """The working tree of the run."""
    return tree_of(tmp_path)


def pushes(sandbox: Sandbox) -> list[str]:
    """The commits that were pushed to the run's branch, oldest first."""
    effects = [one["details"] for one in sandbox.effects("push")]
    assert not sandbox.effects("branch_deleted")
    assert not any(one["forced"] for one in effects)
    return [one["sha"] for one in effects if one["branch"] == "contexten/1"]


def test_a_change_gets_to_the_branch_of_the_run_alone(
    sandbox: Sandbox, codebase: Codebase, checkout: Checkout, tree: Path, clone: Git
) -> None:
    (tree / "new.py").write_text("1\n")
    (tree / "README.md").unlink()

    sha = codebase.commit_and_push(checkout, "Mend it\n\nAt last.", "call-1", nothing).sha

    assert pushes(sandbox) == [sha]
    assert codebase.read_branch(BranchAt(HELLO, "contexten/1", None), nothing).head_sha == sha
    clone("fetch", "--quiet")
    shown = clone("show", "--format=%an <%ae>%n%B", "--name-status", sha)
    assert shown.splitlines() == [
        "Contexten <contexten@localhost>",
        "Mend it",
        "",
        "At last.",
        "",
        "Contexten-Call: call-1",
        "",
        "",
        "D\tREADME.md",
        "A\tnew.py",
    ]
    assert clone("rev-parse", "origin/main") == checkout.base_sha


def test_a_repetition_finds_the_commit(
    sandbox: Sandbox, codebase: Codebase, checkout: Checkout, tree: Path
) -> None:
    (tree / "new.py").write_text("1\n")
    first = codebase.commit_and_push(checkout, "Mend it", "call-1", nothing)

    assert codebase.commit_and_push(checkout, "Mend it", "call-1", nothing) == first
    assert pushes(sandbox) == [first.sha]


@pytest.mark.parametrize("kind", ["lost_answer", "reset", "truncated"])
def test_a_push_whose_answer_is_lost_is_done_once(
    sandbox: Sandbox, codebase: Codebase, checkout: Checkout, tree: Path, kind: str
) -> None:
    (tree / "new.py").write_text("1\n")
    sandbox.breaks("github", kind, match="POST /github/octo/hello.git/git-receive-pack")

    with pytest.raises(TransientError):
        codebase.commit_and_push(checkout, "Mend it", "call-1", nothing)
    sandbox.heals()
    sha = codebase.commit_and_push(checkout, "Mend it", "call-1", nothing).sha

    assert pushes(sandbox) == [sha]


def test_another_machine_goes_on_from_what_was_pushed(
    sandbox: Sandbox, codebase: Codebase, checkout: Checkout, tree: Path, tmp_path: Path
) -> None:
    (tree / "new.py").write_text("1\n")
    sha = codebase.commit_and_push(checkout, "Mend it", "call-1", nothing).sha
    elsewhere = codebase_at(f"{sandbox.url}/github", tmp_path / "elsewhere")

    again = elsewhere.prepare(ask(), nothing)

    assert (again.head_sha, again.base_sha, again.fresh) == (sha, checkout.base_sha, True)
    assert elsewhere.commit_and_push(again, "Mend it", "call-1", nothing).sha == sha
    (tree_of(tmp_path / "elsewhere") / "more.py").write_text("2\n")
    more = elsewhere.commit_and_push(again, "More", "call-2", nothing).sha
    assert pushes(sandbox) == [sha, more]


def test_nothing_changed_is_said(codebase: Codebase, checkout: Checkout, tree: Path) -> None:
    (tree / "__pycache__").mkdir()
    (tree / "__pycache__" / "x.pyc").write_text("1")

    with pytest.raises(ClientError, match="nothing changed"):
        codebase.commit_and_push(checkout, "Nothing", "call-1", nothing)


def test_a_message_has_to_say_something(codebase: Codebase, checkout: Checkout, tree: Path) -> None:
    (tree / "new.py").write_text("1\n")

    with pytest.raises(ClientError, match="say in the message"):
        codebase.commit_and_push(checkout, "Contexten-Call: call-9\n\0", "call-1", nothing)


@pytest.mark.parametrize(
    "path", [".github/workflows/ci.yml", "CODEOWNERS", ".husky/pre-commit", "x/.env", "key.pem"]
)
def test_what_is_guarded_is_not_committed(
    sandbox: Sandbox, codebase: Codebase, checkout: Checkout, tree: Path, path: str
) -> None:
    (tree / path).parent.mkdir(parents=True, exist_ok=True)
    (tree / path).write_text("on: push\n")
    (tree / "new.py").write_text("1\n")

    with pytest.raises(ClientError, match="may not be changed"):
        codebase.commit_and_push(checkout, "Mend it", "call-1", nothing)
    assert pushes(sandbox) == []
    (tree / path).unlink()

    sha = codebase.commit_and_push(checkout, "Mend it", "call-2", nothing).sha
    assert pushes(sandbox) == [sha]


def test_a_link_that_leads_out_is_not_committed(
    sandbox: Sandbox, codebase: Codebase, checkout: Checkout, tree: Path
) -> None:
    (tree / "out").symlink_to("/etc/passwd")

    with pytest.raises(ClientError, match="leads out"):
        codebase.commit_and_push(checkout, "Mend it", "call-1", nothing)
    assert pushes(sandbox) == []


def test_a_repository_in_the_copy_is_not_committed_nor_believed(
    sandbox: Sandbox, codebase: Codebase, checkout: Checkout, tree: Path, tmp_path: Path
) -> None:
    inner = Git(tree / "inner")
    inner("init", "--quiet")
    inner.commit(a="1")
    ran = tmp_path / "ran"
    inner("config", "core.fsmonitor", f"touch {ran}")
    inner("config", "filter.x.clean", f"touch {ran}")

    with pytest.raises(ClientError, match="inner is a repository of its own"):
        codebase.commit_and_push(checkout, "Mend it", "call-1", nothing)

    assert not ran.exists()
    assert pushes(sandbox) == []


def test_what_a_command_made_of_git_in_the_copy_is_not_believed(
    sandbox: Sandbox, codebase: Codebase, checkout: Checkout, tree: Path, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    (tree / ".git").unlink()
    own = Git(tree)
    own("init", "--quiet", ".")
    for name in ("core.fsmonitor", "filter.x.clean", "diff.x.textconv", "core.sshCommand"):
        own("config", name, f"touch {ran}")
    own("config", "remote.origin.url", "http://127.0.0.1:9/evil")
    for hook in ("pre-commit", "commit-msg", "pre-push", "post-commit", "reference-transaction"):
        (tree / ".git" / "hooks" / hook).write_text(f"#!/bin/sh\ntouch {ran}\n")
        (tree / ".git" / "hooks" / hook).chmod(0o755)
    (tree / ".gitattributes").write_text("* filter=x diff=x\n")

    sha = codebase.commit_and_push(checkout, "Mend it", "call-1", nothing).sha

    assert pushes(sandbox) == [sha]
    assert not ran.exists()
    assert (tree / ".git").is_file()


def test_what_somebody_else_pushed_stays_below(
    sandbox: Sandbox, codebase: Codebase, checkout: Checkout, tree: Path, clone: Git
) -> None:
    clone("switch", "--quiet", "-c", "contexten/1")
    theirs = clone.commit(theirs="1")
    clone("push", "--quiet", "origin", "contexten/1")
    (tree / "ours.py").write_text("1\n")

    sha = codebase.commit_and_push(checkout, "Mend it", "call-1", nothing).sha
    (tree / "ours.py").write_text("2\n")
    more = codebase.commit_and_push(checkout, "More", "call-2", nothing).sha

    assert pushes(sandbox) == [theirs, sha, more]
    assert (tree / "theirs").exists()


def test_what_does_not_go_together_is_said_and_lost_by_nobody(
    sandbox: Sandbox, codebase: Codebase, checkout: Checkout, tree: Path, clone: Git
) -> None:
    clone("switch", "--quiet", "-c", "contexten/1")
    theirs = clone.commit(README__md="theirs\n")
    clone("push", "--quiet", "origin", "contexten/1")
    (tree / "README.md").write_text("ours\n")

    for _ in range(2):
        with pytest.raises(ClientError, match="do not go with these"):
            codebase.commit_and_push(checkout, "Mend it", "call-1", nothing)

    assert pushes(sandbox) == [theirs]
    assert (tree / "README.md").read_text() == "ours\n"


def test_without_the_right_to_push_it_is_said(
    sandbox: Sandbox, codebase: Codebase, checkout: Checkout, tree: Path
) -> None:
    put(sandbox, writable=False)
    (tree / "new.py").write_text("1\n")

    with pytest.raises(AuthenticationError, match="push"):
        codebase.commit_and_push(checkout, "Mend it", "call-1", nothing)


def test_a_copy_that_is_gone_is_said_to_be(
    codebase: Codebase, checkout: Checkout, tree: Path
) -> None:
    codebase.remove(checkout, nothing)

    with pytest.raises(ClientError, match="not on this machine"):
        codebase.commit_and_push(checkout, "Mend it", "call-1", nothing)


@pytest.mark.parametrize("at", range(1, 9))
def test_a_commit_that_is_broken_off_anywhere_is_taken_up_again(
    sandbox: Sandbox, codebase: Codebase, checkout: Checkout, tree: Path, at: int
) -> None:
    (tree / "new.py").write_text("1\n")
    sandbox.breaks("github", "latency", match="receive-pack", least_seconds=0.6)

    class EndedError(Exception):
        pass

    beats = 0

    def beat() -> None:
        nonlocal beats
        beats += 1
        if beats == at:
            raise EndedError

    try:
        codebase.commit_and_push(checkout, "Mend it", "call-1", beat)
    except EndedError:
        (next(tree.parents[2].glob("codebase/mirrors/*/worktrees/*")) / "index.lock").touch()
    except PlatformError as error:
        raise AssertionError from error

    sha = codebase.commit_and_push(checkout, "Mend it", "call-1", nothing).sha
    assert pushes(sandbox) == [sha]


def test_names_and_bytes_of_any_sort_are_committed(
    sandbox: Sandbox, codebase: Codebase, checkout: Checkout, tree: Path
) -> None:
    for name in (b"\xff\xfe", b"new\nline", b"-f", b":(exclude)x", "ü".encode()):
        (tree / name.decode("utf-8", "surrogateescape")).write_bytes(b"\x00\r\n\xff")

    sha = codebase.commit_and_push(checkout, "Ünë \ud800", "call\n1 ", nothing).sha

    assert pushes(sandbox) == [sha]
