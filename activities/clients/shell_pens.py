"""Control groups of the kernel, in which even the processes of root are counted."""

import os
from contextlib import suppress
from pathlib import Path

SPARE = 16
NAME = "command-"
PENS = (Path("/sys/fs/cgroup/pids"), Path("/sys/fs/cgroup"))


def penned(pid: int, most: int) -> Path | None:
    """A control group in which *pid* and all it begins are at most so many, where we may make one.

    The kernel does not count the processes of root otherwise.
    """
    for parent in PENS if os.geteuid() == 0 else ():
        swept(parent)
        pen = parent / f"{NAME}{pid}"
        try:
            pen.mkdir()
            (pen / "pids.max").write_text(str(most + SPARE))
            (pen / "cgroup.procs").write_text(str(pid))
        except OSError:
            with suppress(OSError):
                pen.rmdir()
            continue
        return pen
    return None


def swept(parent: Path) -> None:
    """Remove what a worker that was killed has left of them."""
    for pen in parent.glob(f"{NAME}*"):
        if not Path("/proc", pen.name.removeprefix(NAME)).exists():
            with suppress(OSError):
                pen.rmdir()
