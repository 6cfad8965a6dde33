"""
Real git repositories behind the sandbox's GitHub, bare, each a folder of its own.

A repository that was put here is strict: what is not in it is not there. Every other
repository of the sandbox goes on existing as soon as it is addressed, without any git.
"""

import asyncio
import atexit
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import time

NAMES = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.-]{1,100}")
GIT = shutil.which("git") or "git"
MAIN = "main"
NOBODY = "0" * 40
CONFIGURED = {
    "http.receivepack": "true",
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",
    "receive.denyNonFastForwards": "false",
    "gc.auto": "0",
    "receive.autogc": "false",
}
AUTHOR = "Octo Cat <octo@example.com>"
SAMPLE = Path(__file__).with_name("sample")


class GitFailed(Exception):  # noqa: N818 - named for what happened
    """Git said no; its own words are the message."""


def environment(**more: str) -> dict[str, str]:
    """What git is run with: nothing of this machine's own configuration, and *more*."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
        "GIT_CONFIG_KEY_1": "core.quotePath",
        "GIT_CONFIG_VALUE_1": "false",
        "LC_ALL": "C.UTF-8",
        **more,
    }


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a folder of a commit: ``blob``, ``tree`` or ``commit`` (a submodule)."""

    type: str
    sha: str
    size: int
    path: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A file that a range of commits changed, as GitHub lists it."""

    filename: str
    status: str
    sha: str
    additions: int
    deletions: int
    patch: str


@dataclass(slots=True)
class GitRepository:
    """
    One bare repository.

    Attributes:
        folder: Where it is.
        pushing: Held by the one push that is under way.
    """

    folder: Path
    pushing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def git(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """
        What git prints.

        Raises:
            GitFailed: If it ends with anything else than 0.
        """
        process = await asyncio.create_subprocess_exec(
            GIT,
            "-C",
            str(self.folder),
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(),
        )
        said, complaint = await process.communicate(stdin)
        if process.returncode:
            raise GitFailed(complaint.decode(errors="replace").strip())
        return said

    async def begin(self, files: Mapping[str, str]) -> None:
        """Make it, with *files* in one commit on its main branch, or empty if there are none."""
        self.folder.mkdir(parents=True)
        await self.git("init", "--quiet", "--bare", f"--initial-branch={MAIN}", ".")
        for name, value in CONFIGURED.items():
            await self.git("config", name, value)
        if files:
            await self.git("fast-import", "--quiet", "--date-format=raw", stdin=one_commit(files))

    async def branches(self) -> dict[str, str]:
        """The commit of every branch."""
        said = await self.git("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads")
        pairs = (line.split(" ", 1) for line in said.decode(errors="replace").splitlines())
        return {name.removeprefix("refs/heads/"): sha for sha, name in pairs}

    async def sha(self, ref: str) -> str | None:
        """The commit that *ref*, a branch or a commit, stands for; None if there is none."""
        for name in (f"refs/heads/{ref}", ref):
            try:
                asked = (
                    "rev-parse",
                    "--verify",
                    "--quiet",
                    "--end-of-options",
                    f"{name}^{{commit}}",
                )
                return (await self.git(*asked)).decode().strip()
            except GitFailed:
                continue
        return None

    async def commits(self, base: str, head: str) -> int:
        """How many commits *head* has that *base* has not."""
        return int(await self.git("rev-list", "--count", f"{base}..{head}"))

    async def holds(self, older: str, newer: str) -> bool:
        """Whether everything in the commit *older* is also in *newer*."""
        try:
            await self.git("merge-base", "--is-ancestor", older, newer)
        except GitFailed:
            return False
        return True

    async def entries(self, commit: str, path: str, *, inside: bool = False) -> list[Entry]:
        """What stands at *path*, or what is *inside* the folder there; nothing if nothing is."""
        asked = f"{path}/" if inside and path else path
        said = await self.git(
            "--literal-pathspecs", "ls-tree", "-l", "-z", commit, "--", *filter(None, [asked])
        )
        found = []
        for line in said.decode(errors="surrogateescape").split("\0")[:-1]:
            about, _, name = line.partition("\t")
            _, type_, sha, size = about.split()
            found.append(Entry(type_, sha, 0 if size == "-" else int(size), name))
        return found

    async def blob(self, sha: str) -> bytes:
        """The bytes of a file."""
        return await self.git("cat-file", "blob", sha)

    async def diff(self, base: str, head: str) -> bytes:
        """What *head* changed since it left *base*, as a unified diff."""
        return await self.git("diff", "--find-renames", f"{base}...{head}")

    async def changed(self, base: str, head: str) -> list[Changed]:
        """The files that *head* changed since it left *base*."""
        range_ = f"{base}...{head}"
        raw = (await self.git("diff", "--raw", "--no-abbrev", "--no-renames", "-z", range_)).split(
            b"\0"
        )
        counted = (await self.git("diff", "--numstat", "--no-renames", "-z", range_)).split(b"\0")
        lines = {
            path: (added, gone) for added, gone, path in (c.split(b"\t", 2) for c in counted if c)
        }
        found = []
        for about, path in zip(raw[:-1:2], raw[1::2], strict=True):
            *_, sha, letter = about.decode().split()
            added, gone = (int(n) if n.isdigit() else 0 for n in lines[path])
            name = path.decode(errors="replace")
            patch = await self.git(
                "--literal-pathspecs", "diff", "--no-renames", range_, "--", name
            )
            status = {"A": "added", "D": "removed"}.get(letter, "modified")
            found.append(Changed(name, status, sha, added, gone, hunks(patch)))
        return found


class Repositories:
    """All real repositories, in one folder: ``<folder>/<owner>/<name>.git``."""

    def __init__(self, folder: Path | None = None) -> None:
        """With a *folder* they stay there; without, they end with this process."""
        self._given = folder
        self._made: Path | None = None
        self._known: dict[str, GitRepository] = {}

    @property
    def folder(self) -> Path:
        """Where they are."""
        if self._given is not None:
            return self._given.absolute()
        if self._made is None:
            self._made = Path(tempfile.mkdtemp(prefix="contexten-sandbox-"))
            atexit.register(shutil.rmtree, self._made, ignore_errors=True)
        return self._made

    def find(self, full_name: str) -> GitRepository | None:
        """The real repository ``owner/name``; None if that is not one."""
        if (self._given or self._made) is None or not is_named_well(full_name):
            return None
        folder = self.folder / f"{full_name}.git"
        if not (folder / "HEAD").is_file():
            self._known.pop(full_name, None)
            return None
        return self._known.setdefault(full_name, GitRepository(folder))

    async def put(self, full_name: str, files: Mapping[str, str]) -> GitRepository:
        """The repository ``owner/name``, begun with *files* if it is not there."""
        there = self.find(full_name)
        if there is None:
            there = GitRepository(self.folder / f"{full_name}.git")
            await there.begin(files)
            self._known[full_name] = there
        return there

    def remove(self, full_name: str) -> None:
        """The repository ``owner/name`` is gone."""
        if (there := self.find(full_name)) is not None:
            shutil.rmtree(there.folder)


def is_named_well(full_name: str) -> bool:
    """
    Whether *full_name* may be the name of a repository, and of a folder.

    >>> [is_named_well(name) for name in ("octo/hello.py", "octo", "octo/..", "a/b/c")]
    [True, False, False, False]
    """
    parts = full_name.split("/")
    return len(parts) == 2 and all(NAMES.fullmatch(part) for part in parts)


def sample() -> dict[str, str]:
    """The files of the sample repository: a little program with a test that fails."""
    paths = (path for path in SAMPLE.rglob("*.txt") if path.is_file())
    return {str(p.relative_to(SAMPLE)).removesuffix(".txt"): p.read_text() for p in sorted(paths)}


def one_commit(files: Mapping[str, str]) -> bytes:
    """What ``git fast-import`` makes one commit of *files* on the main branch from."""
    said = [f"commit refs/heads/{MAIN}\ncommitter {AUTHOR} {int(time())} +0000\n".encode()]
    said.append(data(b"Begin"))
    for path, text in files.items():
        quoted = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        said += [f'M 100644 inline "{quoted}"\n'.encode(), data(text.encode())]
    return b"".join(said)


def data(raw: bytes) -> bytes:
    """*raw* as ``git fast-import`` reads it."""
    return b"data %d\n%s\n" % (len(raw), raw)


def hunks(diff: bytes) -> str:
    """The hunks of the diff of one file, without its head."""
    _, found, rest = diff.decode(errors="replace").partition("\n@@")
    return f"@@{rest}".rstrip("\n") if found else ""
