"""
One bare mirror a repository: all its commits and trees, and of its files those that were needed.

    <folder>/mirrors/<owner>+<name>.git            the mirror
    <folder>/mirrors/<owner>+<name>.git/worktrees  git's own folder of each working copy
    <folder>/locks/<owner>+<name>.lock             whoever changes it has this alone
    <folder>/trash                                 what is being deleted

Whoever has a mirror alone mends it first: what a git that was killed left behind goes away.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from activities.clients.file_locks import Lock, held, held_if_free
from activities.clients.git import At, Beat, Git, Run
from activities.clients.remote import refuse_odd_repository
from activities.clients.removal import deleted, removed, size_of
from contexten.errors import ClientError

PLATFORM = "github"
LONGEST_WAIT_S = 900.0
MOST_PACKS = 50
TRACKED = "refs/remotes/origin/"
USED = "contexten-used"
EVERYTHING = f"+refs/heads/*:{TRACKED}*"

CONFIG = """\
[core]
\trepositoryformatversion = 1
\tbare = true
[extensions]
\tpartialClone = origin
[remote "origin"]
\turl = {url}
\tfetch = {refs}
\tpromisor = true
\tpartialclonefilter = blob:none
"""

LITTER = "\n".join(
    ("__pycache__/", "*.pyc", ".pytest_cache/", ".mypy_cache/", ".ruff_cache/", "node_modules/", "")
)
"""What programs leave behind, and nobody commits on purpose."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large all mirrors and copies together, and one copy, may get, in bytes."""

    codebase: int
    checkout: int


@dataclass(frozen=True, slots=True)
class Mirror:
    """A mirror that we have, alone or with others."""

    folder: Path
    repository: str
    lock: Lock
    beat: Beat

    @property
    def at(self) -> At:
        """Where git works."""
        return At(self.folder, shared=(self.lock.fd,))

    def worktree(self, name: str) -> Path:
        """Git's own folder of the working copy *name*."""
        return self.folder / "worktrees" / name


class Mirrors:
    """All mirrors of this machine."""

    def __init__(self, folder: Path, git: Git, sizes: Sizes) -> None:
        self._folder = folder
        self._git = git
        self._sizes = sizes
        for name in ("mirrors", "locks", "trash"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    @contextmanager
    def open(self, repository: str, beat: Beat, *, shared: bool = False) -> Iterator[Mirror]:
        """
        The mirror of *repository*, ``owner/name``: alone, begun if need be and mended, or *shared*.

        Raises:
            ClientError: If that is no name of a repository.
            TransientError: If others take too long over it.
        """
        refuse_odd_repository(repository)
        name = repository.lower().replace("/", "+")
        folder = self._folder / "mirrors" / f"{name}.git"
        lock = self._folder / "locks" / f"{name}.lock"
        with held(lock, beat, LONGEST_WAIT_S, shared=shared) as ours:
            mirror = Mirror(folder, repository, ours, beat)
            if not shared:
                self._mend(mirror)
            yield mirror

    def _mend(self, mirror: Mirror) -> None:
        folder = mirror.folder
        if not (folder / "HEAD").is_file():
            removed(folder, self._folder / "trash")
            begun = self._folder / "trash" / f"{folder.name}.new"
            deleted(begun)
            (begun / "objects").mkdir(parents=True)
            self._git(At(begun), "init", "--quiet", "--bare", "--template=", str(begun))
            (begun / "info").mkdir(exist_ok=True)
            (begun / "info" / "exclude").write_text(LITTER)
            begun.rename(folder)
        for stale in left_behind(folder):
            stale.unlink(missing_ok=True)
        config = CONFIG.format(url=self._git.address(mirror.repository), refs=EVERYTHING)
        part = folder / "config.new"
        part.write_text(config)
        part.replace(folder / "config")
        if len(list((folder / "objects" / "pack").glob("*.pack"))) > MOST_PACKS:
            self._git(mirror.at, "repack", "--quiet", "-d", "-l", "-a", run=Run(beat=mirror.beat))
        (folder / USED).touch()

    def tracked(self, mirror: Mirror) -> dict[str, str]:
        """The commit of every branch, as it was fetched last."""
        asked = ("for-each-ref", "--format=%(objectname) %(refname)", TRACKED)
        lines = self._git(mirror.at, *asked).text.splitlines()
        pairs = (line.split(" ", 1) for line in lines)
        return {name.removeprefix(TRACKED): sha for sha, name in pairs}

    def fetched(self, mirror: Mirror, wanted: Mapping[str, str]) -> dict[str, str]:
        """
        The commit of every branch; fetched unless those of *wanted* are there already.

        Raises:
            PlatformError: As git does; ClientError if the repository is larger than all may be.
        """
        found = self.tracked(mirror)
        if wanted.items() <= found.items():
            return found
        line = ["fetch", "--quiet", "--no-tags", "--prune", "--no-write-fetch-head"]
        line += ["--filter=blob:none", "origin", EVERYTHING]
        self._within(mirror, self._sizes.codebase, *line)
        return self.tracked(mirror)

    def filled(self, mirror: Mirror, commit: str) -> int:
        """
        Have all files of *commit*; how many bytes they are.

        Raises:
            PlatformError: As git does; ClientError if they are more than a copy may have.
        """
        asked = ("rev-list", "--objects", "--missing=print", "--no-object-names")
        listed = self._git(mirror.at, *asked, f"{commit}^{{tree}}", run=Run(beat=mirror.beat))
        missing = [line[1:] for line in listed.out.split(b"\n") if line.startswith(b"?")]
        if missing:
            line = ["-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "--no-tags"]
            line += ["--no-write-fetch-head", "--filter=blob:none", "origin", "--stdin"]
            self._within(mirror, self._sizes.checkout, *line, stdin=b"\n".join(missing) + b"\n")
        sized = self._git(mirror.at, "ls-tree", "-r", "-l", "-z", commit, run=Run(beat=mirror.beat))
        lines = (line.split(b"\t", 1)[0].split() for line in sized.out.split(b"\0") if line)
        total = sum(int(size) for *_, size in lines if size != b"-")
        if total > self._sizes.checkout:
            raise too_large(self._sizes.checkout)
        return total

    def _within(self, mirror: Mirror, most: int, *line: str, stdin: bytes = b"") -> None:
        packs = mirror.folder / "objects" / "pack"
        before = size_of(packs)

        def beat() -> None:
            mirror.beat()
            if size_of(packs) - before > most:
                raise too_large(most)

        self._git(mirror.at, *line, run=Run(stdin, network=mirror.repository, beat=beat))
        beat()

    def evict(self, others: int) -> None:
        """
        Remove the mirrors that were not used for the longest time until all fit.

        Args:
            others: What is there besides mirrors, in bytes.
        """
        sizes = {one: size_of(one) for one in (self._folder / "mirrors").iterdir()}
        total = others + sum(sizes.values())
        for folder in sorted(sizes, key=last_used):
            if total <= self._sizes.codebase:
                return
            lock = self._folder / "locks" / f"{folder.name.removesuffix('.git')}.lock"
            with held_if_free(lock) as ours:
                if ours is not None and not any_in(folder / "worktrees"):
                    removed(folder, self._folder / "trash")
                    total -= sizes[folder]


def too_large(most: int) -> ClientError:
    """The error for a repository of more than *most* bytes."""
    said = f"{most / 1024**2:.0f} MiB" if most >= 1024**2 else f"{most} bytes"
    return ClientError(f"the repository is too large: more than {said}", platform=PLATFORM)


def left_behind(folder: Path) -> Iterator[Path]:
    """What a git that was killed leaves in a repository that nobody else has."""
    yield from folder.glob("*.lock")
    yield from (folder / "refs").rglob("*.lock")
    yield from (folder / "objects").rglob("tmp_*")
    yield from (folder / "objects" / "pack").glob("*.lock")
    yield from (folder / "objects" / "pack").glob(".tmp-*")


def last_used(folder: Path) -> float:
    """When a mirror was used last, seconds since 1970; 0 if nobody knows."""
    with suppress(OSError):
        return (folder / USED).stat().st_mtime
    return 0.0


def any_in(folder: Path) -> bool:
    """Whether there is anything in *folder*."""
    return folder.is_dir() and any(folder.iterdir())
