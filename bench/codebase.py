"""
How long a working copy takes on a repository with a long history, beside ``git worktree add``.

The repository is made here: one file that no compression makes smaller is written over with each
commit, so that nearly all of it is history. The sandbox serves it over HTTP, as GitHub would. Our
side asks what stands there and fetches what is missing, and the plain side has all of it on disk.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from statistics import median

from activities.clients.codebase import Codebase
from activities.clients.copies import Copies
from activities.clients.git import Git
from activities.clients.mirrors import Sizes
from activities.clients.removal import size_of
from bench.figures import Figure, ratio_of_medians
from bench.part import Part, says
from bench.scale import USUAL_SECONDS, Scale
from contexten.codebase import CheckoutAsk
from sandbox.git import GIT, Repositories, data, environment
from sandbox.tokens import GITHUB_TOKEN

MIB = 1024**2
GIB = 1024**3
LARGE = "octo/large"
WHOLE = MIB
FILES = 1_000
FILE_BYTES = 2_000
ROUNDS = 5
ROOMY = Sizes(64 * GIB, 64 * GIB)


async def run(folder: Path, scale: Scale) -> list[Figure]:
    """Take the figures over 1 GiB of history, or less where all is done in little."""
    share = min(1.0, scale.seconds / USUAL_SECONDS)
    return await taken(folder, max(8 * MIB, round(GIB * share)), scale)


async def taken(folder: Path, history: int, scale: Scale) -> list[Figure]:
    """
    Take the figures over *history* bytes of history.

    Raises:
        RuntimeError: If the sandbox does not start, or git fails.
    """
    repositories = folder / "repositories"
    began = time.monotonic()
    large = (await Repositories(repositories).put(LARGE, {})).folder
    await asyncio.to_thread(fill, large, history)
    scale.tell(f"{history / MIB:,.0f} MiB of history made in {time.monotonic() - began:.0f} s")
    line = [sys.executable, "-m", "sandbox", "--port", "0", "--repositories", str(repositories)]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    part = Part("sandbox", line, environ, folder)
    try:
        await part.until(lambda: says(part, "sandbox on "))
        url = part.said.split("sandbox on ", 1)[1].split()[0]
        return await asyncio.to_thread(measured, folder, large, f"{url}/github", scale)
    finally:
        await part.kill()


def measured(folder: Path, large: Path, url: str, scale: Scale) -> list[Figure]:
    """The figures, both sides in turns."""
    codebase = Codebase(
        folder / "codebase", Copies(folder), Git(url, lambda _: nullcontext(GITHUB_TOKEN)), ROOMY
    )
    ours, theirs = list[float](), list[float]()
    first = timed(partial(prepare, codebase, "first"))
    scale.tell(f"first copy: {first:,.0f} ms")
    for turn in range(max(ROUNDS, scale.rounds)):
        ours.append(timed(partial(prepare, codebase, f"run-{turn}")))
        at = str(folder / f"plain-{turn}")
        theirs.append(
            timed(partial(git, large, "worktree", "add", "--quiet", "--detach", at, "main"))
        )
        scale.tell(f"copy {turn + 1}: {ours[-1]:,.0f} ms, git worktree add {theirs[-1]:,.0f} ms")
    mirror, whole = size_of(folder / "codebase" / "mirrors"), size_of(large)
    return [
        Figure("checkout_first", first, "ms", "", f"{whole / MIB:,.0f} MiB on the platform"),
        Figure("checkout_cached", median(ours), "ms", "", median(theirs)),
        Figure("worktree_ratio", ratio_of_medians(ours, theirs), "x"),
        Figure("mirror_size", mirror / MIB, "MiB", "", whole / MIB),
    ]


def prepare(codebase: Codebase, run: str) -> None:
    """A working copy for *run*."""
    codebase.prepare(CheckoutAsk(run, LARGE, f"contexten/{run}"), lambda: None)


def git(folder: Path, *arguments: str) -> None:
    """
    Run git in *folder*.

    Raises:
        RuntimeError: If it fails; the message is what it complained of.
    """
    done = subprocess.run([GIT, *arguments], cwd=folder, env=environment(), capture_output=True)
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace"))


def timed(do: Callable[[], None]) -> float:
    """How long *do* takes, in milliseconds."""
    began = time.perf_counter()
    do()
    return (time.perf_counter() - began) * 1000


def fill(folder: Path, history: int) -> None:
    """
    Make *history* bytes of history in the bare repository *folder*.

    Raises:
        RuntimeError: If git fails.
    """
    line = [GIT, "-c", "pack.compression=0", "-c", "core.compression=0", "fast-import", "--quiet"]
    line += ["--date-format=raw", f"--big-file-threshold={WHOLE // 2}"]
    importing = subprocess.Popen(line, cwd=folder, env=environment(), stdin=subprocess.PIPE)
    assert importing.stdin is not None
    with importing.stdin as pipe:
        for piece in pieces(max(1, history // WHOLE)):
            pipe.write(piece)
    if importing.wait():
        raise RuntimeError("git could not make the history")


def pieces(commits: int) -> Iterator[bytes]:
    """Commits that write one file over, each with bytes never seen before, and first all others."""
    for number in range(commits):
        head = f"commit refs/heads/main\ncommitter Octo <octo@example.com> {number} +0000\n"
        yield head.encode() + data(b"One more")
        yield b"M 100644 inline noise\n" + data(os.urandom(WHOLE))
        for file in range(FILES if number == 0 else 0):
            text = data(os.urandom(FILE_BYTES // 2).hex().encode())
            yield f"M 100644 inline src/part-{file % 40}/file-{file}.py\n".encode() + text
