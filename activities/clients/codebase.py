"""
Working copies of repositories: a mirror each repository, a working tree each run.

    <copy>/tree       the working tree, which the tools of the run may write
    <copy>/copy.json  whose it is and where it began; written last, so without it nothing holds

Git's own folder of a working tree is in the mirror, where no tool writes. The file ``.git`` in
the tree only leads there for those who look, and is never read by us. All of a copy is made anew
if anything of it is missing, and a copy that was used by nobody for a day makes room.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from time import time
from typing import Protocol

from activities.clients.commits import Began, Commits, Written
from activities.clients.file_locks import held, held_if_free
from activities.clients.git import At, Beat, Git, Run
from activities.clients.mirrors import LONGEST_WAIT_S, Mirror, Mirrors, Sizes
from activities.clients.remote import Remote, refuse_odd
from activities.clients.removal import emptied, removed
from activities.clients.shell_hidden import note_passwords
from contexten.codebase import BranchAt, Checkout, CheckoutAsk
from contexten.errors import ClientError, PlatformError

PLATFORM = "github"
SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
IDLE_S = 86_400.0
AUTHOR = ("Contexten", "contexten@localhost")


class Copies(Protocol):
    """Where working copies are. ``activities.clients.copies`` knows it."""

    def of_run(self, run: str) -> Path: ...
    def queue(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Copy:
    """What is written down of a working copy."""

    run: str
    repository: str
    branch: str
    base: str
    base_sha: str
    began: str
    size: int


class Codebase:
    """The working copies of this machine. Safe to be used by many threads and processes."""

    def __init__(
        self,
        folder: Path,
        copies: Copies,
        git: Git,
        sizes: Sizes,
        author: tuple[str, str] = AUTHOR,
    ) -> None:
        """
        Args:
            folder: Where mirrors are kept.
            copies: Where working copies are.
            git: Git, at the platform.
            sizes: How large things may get.
            author: Name and mail address of who commits.
        """
        folder = folder.absolute()
        self._folder = folder
        self._copies = copies
        self._git = git
        self._mirrors = Mirrors(folder, git, sizes)
        self._remote = Remote(folder, git)
        self._commits = Commits(git, author)

    def read_branch(self, at: BranchAt, beat: Beat) -> BranchAt:
        """
        The branch as it stands on the platform now.

        Raises:
            PlatformError: As git does.
        """
        refuse_odd(at.branch)
        heads = self._remote.heads(at.repository, beat, at.branch)
        return BranchAt(at.repository, at.branch, heads.get(at.branch))

    def prepare(self, ask: CheckoutAsk, beat: Beat) -> Checkout:
        """
        The working copy that *ask* wants: the one that is there, or a new one.

        Safe to repeat, at any step that it was broken off: what is not complete is made anew.

        Raises:
            PlatformError: As git does; ClientError if the repository is gone, empty or too large.
        """
        for branch in (ask.branch, *([ask.base] if ask.base else [])):
            refuse_odd(branch)
        with self._run(ask.run, beat) as copy:
            there = self._kept(ask.run, copy)
            if there and (there.repository, there.branch) == (ask.repository, ask.branch):
                return self._checkout(there, fresh=False)
            heads = self._remote.heads(ask.repository, beat, ask.branch, ask.base or "HEAD")
            self._drop(ask.run, there)
            with self._mirrors.open(ask.repository, beat) as mirror:
                made = self._made(ask, heads, mirror)
        self._make_room()
        return self._checkout(made, fresh=True)

    def remove(self, checkout: Checkout, beat: Beat) -> None:
        """
        Remove a working copy, if it is here.

        Raises:
            TransientError: If a deed on it does not end.
        """
        with self._run(checkout.run, beat) as copy:
            self._drop(checkout.run, self._kept(checkout.run, copy))

    def commit_and_push(
        self, checkout: Checkout, message: str, call_id: str, beat: Beat
    ) -> Written:
        """
        Commit everything that changed, once for *call_id*, and push the run's branch.

        Raises:
            ClientError: The copy is gone, nothing changed, or what changed may not be.
            PlatformError: As git does.
        """
        with self._run(checkout.run, beat) as folder:
            copy = self._kept(checkout.run, folder)
            if copy is None or copy.branch != checkout.branch:
                raise ClientError("the working copy is not on this machine", platform=PLATFORM)
            with self._mirrors.open(copy.repository, beat, shared=True) as mirror:
                gitdir = mirror.worktree(folder.name)
                at = At(gitdir, folder / "tree", mirror.at.shared)
                self._mend_link(gitdir, folder / "tree")
                began = Began(copy.repository, copy.branch, copy.base, copy.base_sha, copy.began)
                done = self._commits.commit_and_push(at, began, message, call_id, beat)
            changed = Copy(**{**asdict(copy), "began": done.began})
            self._write(folder, changed)
            return done

    @contextmanager
    def _run(self, run: str, beat: Beat) -> Iterator[Path]:
        """The folder of the copy of *run*, which is ours alone."""
        folder = self._copies.of_run(run).parent
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = self._folder / "locks" / f"run-{folder.name}.lock"
        with held(lock, beat, LONGEST_WAIT_S):
            yield folder

    def _made(self, ask: CheckoutAsk, heads: dict[str, str], mirror: Mirror) -> Copy:
        base = ask.base or heads.get("HEAD", "")
        if not base:
            raise ClientError("the repository is empty: it needs a first commit", platform=PLATFORM)
        if base not in heads:
            raise ClientError(f"there is no branch {base}", platform=PLATFORM, status=404)
        if ask.branch in (base, heads.get("HEAD")):
            raise ClientError(f"no run works on {ask.branch} itself", platform=PLATFORM)
        wanted = {name: heads[name] for name in (base, ask.branch) if name in heads}
        tracked = self._mirrors.fetched(mirror, wanted)
        if base not in tracked:
            raise ClientError(f"the branch {base} has just gone", platform=PLATFORM, status=404)
        start = tracked.get(ask.branch, tracked[base])
        folder = self._copies.of_run(ask.run).parent
        gitdir = mirror.worktree(folder.name)
        try:
            size = self._mirrors.filled(mirror, start)
            self._link(gitdir, folder / "tree", start)
            mirror.lock.share()
            at = At(gitdir, folder / "tree", mirror.at.shared)
            self._git(at, "read-tree", "--reset", "-u", start, run=Run(beat=mirror.beat))
            common = self._git(
                mirror.at, "merge-base", tracked[base], start, run=Run(accepted=(0, 1))
            )
            base_sha = common.text.strip() or tracked[base]
        except PlatformError:
            removed(gitdir, self._folder / "trash")
            removed(folder, self._folder / "trash")
            raise
        copy = Copy(ask.run, ask.repository, ask.branch, base, base_sha, start, size)
        note_passwords(folder / "tree")
        self._write(folder, copy)
        return copy

    def _link(self, gitdir: Path, tree: Path, commit: str) -> None:
        """Git's folder of a new working tree, and the tree itself, still empty."""
        for path in (gitdir, tree.parent):
            removed(path, self._folder / "trash")
        gitdir.mkdir(parents=True)
        tree.mkdir(parents=True)
        (gitdir / "HEAD").write_text(f"{commit}\n")
        (gitdir / "commondir").write_text("../..\n")
        (gitdir / "gitdir").write_text(f"{tree}/.git\n")
        self._mend_link(gitdir, tree)

    def _mend_link(self, gitdir: Path, tree: Path) -> None:
        """``.git`` leads to *gitdir*, whatever a tool made of it."""
        at, said = tree / ".git", f"gitdir: {gitdir}\n"
        with suppress(OSError, ValueError):
            if at.is_file() and not at.is_symlink() and at.read_text() == said:
                return
        removed(at, self._folder / "trash")
        at.write_text(said)

    def _kept(self, run: str, folder: Path) -> Copy | None:
        """What is written down of the copy of *run*, if all of it is there."""
        try:
            said = json.loads((folder / "copy.json").read_text())
            copy = Copy(**said)
        except (OSError, ValueError, TypeError):
            return None
        gitdir = self._gitdir(copy.repository, folder.name)
        whole = (folder / "tree").is_dir() and SHA.fullmatch(head_of(gitdir))
        return copy if whole and copy.run == run else None

    def _gitdir(self, repository: str, name: str) -> Path:
        mirror = self._folder / "mirrors" / f"{repository.lower().replace('/', '+')}.git"
        return mirror / "worktrees" / name

    def _write(self, folder: Path, copy: Copy) -> None:
        part = folder / "copy.json.new"
        part.write_text(json.dumps(asdict(copy)))
        part.replace(folder / "copy.json")

    def _drop(self, run: str, copy: Copy | None) -> None:
        folder = self._copies.of_run(run).parent
        removed(folder, self._folder / "trash")
        if copy is not None:
            removed(self._gitdir(copy.repository, folder.name), self._folder / "trash")
            return
        for gitdir in (self._folder / "mirrors").glob(f"*/worktrees/{folder.name}"):
            removed(gitdir, self._folder / "trash")

    def _checkout(self, copy: Copy, *, fresh: bool) -> Checkout:
        folder = self._copies.of_run(copy.run).parent
        with suppress(OSError):
            (folder / "copy.json").touch()
        head = head_of(self._gitdir(copy.repository, folder.name))
        place = (self._copies.queue(), copy.run, copy.repository, copy.branch, copy.base)
        return Checkout(*place, copy.base_sha, head, fresh)

    def _make_room(self) -> None:
        """Remove copies that nobody uses, and mirrors without any, until all fit."""
        emptied(self._folder / "trash")
        used = 0
        for folder in self._copies.of_run("").parent.parent.iterdir():
            with held_if_free(self._folder / "locks" / f"run-{folder.name}.lock") as ours:
                copy = self._read(folder)
                if ours is not None and idle_since(folder) < time() - IDLE_S:
                    self._drop(copy.run, copy) if copy else removed(folder, self._folder / "trash")
                else:
                    used += copy.size if copy else 0
        self._mirrors.evict(used)

    def _read(self, folder: Path) -> Copy | None:
        try:
            return Copy(**json.loads((folder / "copy.json").read_text()))
        except (OSError, ValueError, TypeError):
            return None


def idle_since(folder: Path) -> float:
    """When the copy in *folder* was used last, seconds since 1970."""
    for path in (folder / "copy.json", folder):
        with suppress(OSError):
            return path.stat().st_mtime
    return time()


def head_of(gitdir: Path) -> str:
    """The commit that a working copy is at; empty if it is none."""
    try:
        return (gitdir / "HEAD").read_text().strip()
    except (OSError, ValueError):
        return ""
