"""A run has a working copy of its own, over a mirror that all runs share."""

import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from codebases import HELLO, ask, codebase_at, nothing, put, tree_of
from pretend import Sandbox, sandbox
from repositories import cloned

from activities.clients.codebase import Codebase
from activities.clients.mirrors import Sizes
from contexten.codebase import BranchAt, Checkout, CheckoutAsk
from contexten.errors import (
    ClientError,
    PlatformError,
)
from sandbox.tokens import GITHUB_TOKEN

__all__ = ["sandbox"]


@pytest.fixture
def codebase(sandbox: Sandbox, tmp_path: Path) -> Codebase:
    return codebase_at(f"{sandbox.url}/github", tmp_path)


def files_of(tree: Path) -> set[str]:
    """The names of what is in *tree*, git's own file apart."""
    return {path.name for path in tree.iterdir()} - {".git"}


def fetches(sandbox: Sandbox) -> int:
    """How often objects were asked for."""
    calls = sandbox.arrange("/_calls?platform=github", {}, "GET")["calls"]
    return sum("POST" in call["name"] and "upload-pack" in call["name"] for call in calls)


def test_a_copy_begins_from_the_default_branch(
    sandbox: Sandbox, codebase: Codebase, tmp_path: Path
) -> None:
    head = cloned(put(sandbox), tmp_path / "clone")("rev-parse", "HEAD")

    checkout = codebase.prepare(ask(), nothing)

    assert checkout.queue.startswith("tools-")
    assert checkout == Checkout(
        checkout.queue, "agent/1", HELLO, "contexten/1", "main", head, head, True
    )
    assert "greeting.py" in files_of(tree_of(tmp_path))
    assert not sandbox.effects("push")


def test_a_run_gets_the_same_copy_again(
    sandbox: Sandbox, codebase: Codebase, tmp_path: Path
) -> None:
    put(sandbox)
    first = codebase.prepare(ask(), nothing)
    (tree_of(tmp_path) / "new.py").write_text("1\n")

    again = codebase.prepare(ask(), nothing)

    assert (first.fresh, again.fresh) == (True, False)
    assert again.head_sha == first.head_sha
    assert (tree_of(tmp_path) / "new.py").exists()


def test_a_branch_that_is_on_the_platform_is_gone_on_with(
    sandbox: Sandbox, codebase: Codebase, tmp_path: Path
) -> None:
    git = cloned(put(sandbox), tmp_path / "clone")
    base = git("rev-parse", "HEAD")
    git("switch", "--quiet", "-c", "contexten/1")
    pushed = git.commit(mended="1")
    git("push", "--quiet", "origin", "contexten/1")

    checkout = codebase.prepare(ask(), nothing)

    assert (checkout.base_sha, checkout.head_sha) == (base, pushed)
    assert "mended" in files_of(tree_of(tmp_path))


def test_a_copy_may_begin_from_another_branch(
    sandbox: Sandbox, codebase: Codebase, tmp_path: Path
) -> None:
    git = cloned(put(sandbox), tmp_path / "clone")
    git("switch", "--quiet", "-c", "next")
    sha = git.commit(of_next="1")
    git("push", "--quiet", "origin", "next")

    assert codebase.prepare(ask(base="next"), nothing).base_sha == sha


def test_what_was_pushed_meanwhile_is_in_the_next_copy(
    sandbox: Sandbox, codebase: Codebase, tmp_path: Path
) -> None:
    git = cloned(put(sandbox), tmp_path / "clone")
    codebase.prepare(ask(), nothing)
    sha = git.commit(newer="1")
    git("push", "--quiet", "origin", "main")

    assert codebase.prepare(ask("agent/2", "contexten/2"), nothing).base_sha == sha
    assert "newer" in files_of(tree_of(tmp_path, "agent/2"))
    assert "newer" not in files_of(tree_of(tmp_path))


def test_a_cached_repository_is_not_fetched_again(sandbox: Sandbox, codebase: Codebase) -> None:
    put(sandbox)
    codebase.prepare(ask(), nothing)
    before = fetches(sandbox)

    codebase.prepare(ask("agent/2", "contexten/2"), nothing)

    assert fetches(sandbox) - before == 1  # which branches there are, and no objects


def test_many_runs_at_once_share_one_fetch(
    sandbox: Sandbox, tmp_path: Path, codebase: Codebase
) -> None:
    put(sandbox)
    others = [codebase_at(f"{sandbox.url}/github", tmp_path) for _ in range(3)]
    runs = list(enumerate([codebase, *others] * 3))

    with ThreadPoolExecutor(len(runs)) as pool:
        made = list(
            pool.map(lambda one: one[1].prepare(ask(f"r{one[0]}", f"b{one[0]}"), nothing), runs)
        )

    assert len({one.base_sha for one in made}) == 1
    assert all("greeting.py" in files_of(tree_of(tmp_path, f"r{n}")) for n, _ in runs)
    # Each asks which branches there are; commits and files are fetched once, in two rounds each.
    assert fetches(sandbox) <= len(runs) + 6


def test_a_copy_that_is_not_needed_goes(
    sandbox: Sandbox, codebase: Codebase, tmp_path: Path
) -> None:
    put(sandbox)
    checkout = codebase.prepare(ask(), nothing)

    codebase.remove(checkout, nothing)
    codebase.remove(checkout, nothing)

    assert not tree_of(tmp_path).exists()
    assert [*tmp_path.glob("codebase/mirrors/*/worktrees/*")] == []
    assert [*tmp_path.glob("codebase/trash/*")] == []


def test_a_copy_with_odd_modes_goes_too(
    sandbox: Sandbox, codebase: Codebase, tmp_path: Path
) -> None:
    put(sandbox)
    checkout = codebase.prepare(ask(), nothing)
    inner = tree_of(tmp_path) / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "c").write_text("1")
    (inner / "out").symlink_to("/")
    inner.chmod(0)
    inner.parent.chmod(0)

    codebase.remove(checkout, nothing)

    assert [*tmp_path.glob("codebase/trash/*")] == []


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (CheckoutAsk("r", "octo/gone", "b"), "not found"),
        (CheckoutAsk("r", "octo", "b"), "no repository is called"),
        (CheckoutAsk("r", "../x", "b"), "no repository is called"),
        (CheckoutAsk("r", "octo/--upload-pack", "b", "none"), "not found"),
        (CheckoutAsk("r", HELLO, "b", "none"), "no branch none"),
        (CheckoutAsk("r", HELLO, "main"), "no run works on main"),
        (CheckoutAsk("r", HELLO, "b", "--force"), "no branch is called"),
        (CheckoutAsk("r", HELLO, "a..b"), "no branch is called"),
        (CheckoutAsk("r", HELLO, "a b"), "no branch is called"),
        (CheckoutAsk("r", HELLO, "refs/heads/x.lock"), "no branch is called"),
        (CheckoutAsk("r", HELLO, "x" * 300), "no branch is called"),
        (CheckoutAsk("r", HELLO, "a\nb"), "no branch is called"),
        (CheckoutAsk("r", HELLO, ""), "no branch is called"),
    ],
)
def test_what_cannot_be_is_refused_in_plain_words(
    sandbox: Sandbox, codebase: Codebase, tmp_path: Path, wanted: CheckoutAsk, reason: str
) -> None:
    put(sandbox)

    with pytest.raises(ClientError, match=reason):
        codebase.prepare(wanted, nothing)

    assert [*tmp_path.glob("checkouts/*")] == []


def test_an_empty_repository_is_said_to_be_empty(sandbox: Sandbox, codebase: Codebase) -> None:
    put(sandbox, files={})

    with pytest.raises(ClientError, match="empty"):
        codebase.prepare(ask(), nothing)


def test_a_repository_that_was_renamed_is_said_to_be(sandbox: Sandbox, codebase: Codebase) -> None:
    put(sandbox, repository="octo/renamed")
    sandbox.arrange("/_github/renames", {"from": HELLO, "to": "octo/renamed"})

    with pytest.raises(ClientError, match="new name"):
        codebase.prepare(ask(), nothing)


@pytest.mark.parametrize("sizes", [Sizes(10**9, 200_000), Sizes(50_000, 10**9)])
def test_an_enormous_repository_is_refused_and_leaves_nothing(
    sandbox: Sandbox, tmp_path: Path, sizes: Sizes
) -> None:
    put(sandbox, files={f"folder-{n}/file": f"{n}" * 500_000 for n in range(3)})
    codebase = codebase_at(f"{sandbox.url}/github", tmp_path, sizes)

    if sizes.checkout < 10**9:
        with pytest.raises(ClientError, match="too large"):
            codebase.prepare(ask(), nothing)
        assert [*tmp_path.glob("checkouts/*")] == []
    else:
        codebase.remove(codebase.prepare(ask(), nothing), nothing)
        assert [*tmp_path.glob("codebase/mirrors/*/worktrees/*")] == []


def test_odd_names_and_encodings_come_through(
    sandbox: Sandbox, codebase: Codebase, tmp_path: Path
) -> None:
    names = ["ü/ß.txt", " leading", 'quo"te', "new\nline", "-rf", "a\\b", "名前.txt", "%00"]
    put(sandbox, files=dict.fromkeys(names, "x"))

    codebase.prepare(ask(), nothing)

    tree = tree_of(tmp_path)
    assert {str(p.relative_to(tree)) for p in tree.rglob("*") if p.is_file()} - {".git"} == {*names}


def test_the_token_is_in_no_file(sandbox: Sandbox, codebase: Codebase, tmp_path: Path) -> None:
    put(sandbox)
    codebase.prepare(ask(), nothing)

    holding = [p for p in tmp_path.rglob("*") if p.is_file() and GITHUB_TOKEN in holds(p)]

    assert holding == []


def holds(path: Path) -> str:
    """What is in *path*."""
    return path.read_bytes().decode(errors="replace")


def test_whoever_waits_no_longer_ends_git(sandbox: Sandbox, codebase: Codebase) -> None:
    put(sandbox)
    sandbox.breaks("github", "hang", match="git-upload-pack")

    class EnoughError(Exception):
        pass

    def beat() -> None:
        raise EnoughError

    with pytest.raises(EnoughError):
        codebase.prepare(ask(), beat)


def test_a_branch_is_read_as_it_stands_on_the_platform(
    sandbox: Sandbox, codebase: Codebase, tmp_path: Path
) -> None:
    head = cloned(put(sandbox), tmp_path / "clone")("rev-parse", "HEAD")

    assert codebase.read_branch(BranchAt(HELLO, "main", None), nothing).head_sha == head
    assert codebase.read_branch(BranchAt(HELLO, "ain", None), nothing).head_sha is None


def test_mirrors_make_room_for_newer_ones_but_not_while_in_use(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    codebase = codebase_at(f"{sandbox.url}/github", tmp_path, Sizes(1_300_000, 10**9))
    for name in ("one", "two", "three"):
        noise = random.Random(name).randbytes(200_000).hex()  # half of it when packed
        put(sandbox, repository=f"octo/{name}", files={"noise": noise})

    codebase.prepare(CheckoutAsk("r1", "octo/one", "b"), nothing)
    codebase.remove(codebase.prepare(CheckoutAsk("r2", "octo/two", "b"), nothing), nothing)
    codebase.prepare(CheckoutAsk("r3", "octo/three", "b"), nothing)

    mirrors = {path.name for path in (tmp_path / "codebase" / "mirrors").iterdir()}
    assert mirrors == {"octo+one.git", "octo+three.git"}


def test_a_copy_that_nobody_used_for_a_day_makes_room(
    sandbox: Sandbox, codebase: Codebase, tmp_path: Path
) -> None:
    put(sandbox)
    codebase.prepare(ask(), nothing)
    long_ago = time.time() - 90_000
    os.utime(tree_of(tmp_path).parent / "copy.json", (long_ago, long_ago))

    codebase.prepare(ask("agent/2", "contexten/2"), nothing)

    assert not tree_of(tmp_path).exists()
    assert codebase.prepare(ask(), nothing).fresh


def test_copies_come_and_go_at_once(sandbox: Sandbox, codebase: Codebase, tmp_path: Path) -> None:
    put(sandbox)
    failed: list[BaseException] = []

    def comes_and_goes(name: int) -> None:
        try:
            for _ in range(3):
                made = codebase.prepare(ask(f"r{name % 3}", f"b{name % 3}"), nothing)
                codebase.remove(made, nothing)
        except PlatformError as error:
            failed.append(error)

    threads = [threading.Thread(target=comes_and_goes, args=(n,)) for n in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert failed == []
    assert [*tmp_path.glob("checkouts/*")] == []
