"""
Locks between threads and processes of one machine: files, held by whoever has one open and locked.

A lock ends with the last process that has its file open. Given to a child, it holds until the
child has ended too, even if we were killed meanwhile.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from contexten.errors import TransientError

PLATFORM = "tools"
STEP_S = 0.02
Beat = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that is held, by its file descriptor."""

    fd: int

    def share(self) -> None:
        """Let others in who only want a share too."""
        fcntl.flock(self.fd, fcntl.LOCK_SH)


def taken(fd: int, how: int) -> bool:
    """Whether the lock is ours now."""
    try:
        fcntl.flock(fd, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def held(path: Path, beat: Beat, wait_s: float, *, shared: bool = False) -> Iterator[Lock]:
    """
    The lock *path*, alone or *shared* with others, waited for.

    Args:
        path: Its file; made if it is not there, and never removed.
        beat: Called while we wait; what it raises ends that.
        wait_s: Seconds to wait at most.
        shared: Whether others may have it at the same time.

    Raises:
        TransientError: If it is not free in time.
    """
    how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    ends = time.monotonic() + wait_s
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not taken(fd, how):
            if time.monotonic() > ends:
                raise TransientError("another run is at the repository", platform=PLATFORM)
            beat()
            time.sleep(STEP_S)
        yield Lock(fd)
    finally:
        os.close(fd)


@contextmanager
def held_if_free(path: Path) -> Iterator[Lock | None]:
    """The lock *path*, alone; None if somebody has it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield Lock(fd) if taken(fd, fcntl.LOCK_EX) else None
    finally:
        os.close(fd)
