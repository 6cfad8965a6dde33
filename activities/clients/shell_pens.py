"""
Control groups of the kernel, in which even the processes of root are counted.

Those of anyone else are counted by the kernel anyway.
"""

import os
from contextlib import suppress
from pathlib import Path

from contexten.tool_text import Refused

SPARE = 16
NAME = "command-"
PENS = (Path("/sys/fs/cgroup/pids"), Path("/sys/fs/cgroup"))
NO_PENS = (
    "processes of root cannot be counted here: run the worker as another user, or let it make "
    "control groups with pids.max in /sys/fs/cgroup"
)


def why_no_pens(pens: tuple[Path, ...] = PENS) -> str | None:
    """Why processes cannot be counted, and what to do; None if they can."""
    if os.geteuid() != 0:
        return None
    try:
        removed(made(f"trial-{os.getpid()}-{os.urandom(4).hex()}", 1, pens))
    except Refused as refused:
        return str(refused)
    return None


def penned(pid: int, most: int, pens: tuple[Path, ...] = PENS) -> Path | None:
    """
    The control group that *pid* and all it will begin is in, so many at most; None if not root.

    Raises:
        Refused: If there can be none.
    """
    if os.geteuid() != 0:
        return None
    for parent in pens:
        swept(parent)
    pen = made(f"{NAME}{pid}", most + SPARE, pens)
    try:
        (pen / "cgroup.procs").write_text(str(pid))
    except OSError:
        removed(pen)
        raise Refused(NO_PENS) from None
    return pen


def made(name: str, most: int, pens: tuple[Path, ...]) -> Path:
    """
    A new control group of at most so many processes.

    Raises:
        Refused: If there can be none.
    """
    for parent in pens:
        pen = parent / name
        try:
            pen.mkdir()
        except OSError:
            continue
        with suppress(OSError), (pen / "pids.max").open("r+") as limit:
            limit.write(str(most))
            return pen
        removed(pen)
    raise Refused(NO_PENS)


def removed(pen: Path) -> None:
    """Remove *pen*, if nobody is in it."""
    with suppress(OSError):
        pen.rmdir()


def swept(parent: Path) -> None:
    """Remove what a worker that was killed has left."""
    for pen in parent.glob(f"{NAME}*"):
        if not Path("/proc", pen.name.removeprefix(NAME)).exists():
            removed(pen)
