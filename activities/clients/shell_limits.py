"""
What a command may take, and who sees that it takes no more.

The kernel bounds each process. What it does not bound (how many there are if we are root, what
they hold together, how much they leave behind) is looked at twenty times a second.
"""

import os
import select
import signal
import subprocess
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from activities.clients.shell_pens import penned

MIB = 1024 * 1024
LEFT_OUT = "\n[… {many} bytes are left out …]\n"
DEATH_S = 5.0
LOOK_S = 1.0
LEAST_URGENT = 19
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Limits:
    """
    What a command may take.

    Attributes:
        cpu_s: Seconds of processor time of a process.
        address_bytes: Address space of a process.
        memory_bytes: Memory of all processes together.
        processes: Processes and, for who is not root, threads.
        file_bytes: The size of a file.
        open_files: Open files of a process.
        growth_bytes: How much the working copy may grow.
        growth_files: How many files it may grow by.
        free_bytes: Room that is left on the disk, whatever happens.
        output_bytes: How much of what is printed is kept: its beginning and its end.
        printed_bytes: How much may be printed at all.
    """

    cpu_s: int = 300
    address_bytes: int = 4096 * MIB
    memory_bytes: int = 2048 * MIB
    processes: int = 256
    file_bytes: int = 512 * MIB
    open_files: int = 1024
    growth_bytes: int = 1024 * MIB
    growth_files: int = 100_000
    free_bytes: int = 256 * MIB
    output_bytes: int = 64_000
    printed_bytes: int = 256 * MIB

    def prelude(self) -> str:
        """What bash does before it becomes the command, which is its first argument."""
        hard = {
            "c": 0,
            "v": self.address_bytes // 1024,
            "f": self.file_bytes // 1024,
            "n": self.open_files,
            "u": self.processes,
        }
        set_hard = " && ".join(f"ulimit -{which} {most}" for which, most in hard.items())
        processor = f"ulimit -St {self.cpu_s} && ulimit -Ht {self.cpu_s + 2}"
        ended = "echo 'the limits of a command cannot be set here' >&2; exit 125"
        return f'{set_hard} && {processor} || {{ {ended}; }}; exec /bin/bash -c "$1"'


@dataclass(frozen=True, slots=True)
class Taken:
    """What a process takes; with the moment of its start, it is no other's."""

    parent: int
    started: int
    memory: int


class Output:
    """What a command prints: the beginning and the end of it are kept."""

    def __init__(self, limits: Limits) -> None:
        self._most = limits.printed_bytes
        self._room = limits.output_bytes // 2
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._in_tail = 0
        self._many = 0

    def add(self, heard: bytes) -> None:
        """It printed this, too."""
        self._many += len(heard)
        into_head = self._room - len(self._head)
        self._head += heard[:into_head]
        if rest := heard[into_head:]:
            self._tail.append(rest)
            self._in_tail += len(rest)
        while self._tail and self._in_tail - len(self._tail[0]) >= self._room:
            self._in_tail -= len(self._tail.popleft())

    def too_much(self) -> str | None:
        """Whether it has printed more than anyone would want to keep."""
        return "it printed without end" if self._many > self._most else None

    def text(self) -> str:
        """What is kept; what is no text in it is replaced."""
        tail = b"".join(self._tail)[-self._room :]
        between = self._many - len(self._head) - len(tail)
        gap = LEFT_OUT.format(many=between) if between else ""
        if not gap:
            return (bytes(self._head) + tail).decode(errors="replace")
        return self._head.decode(errors="replace") + gap + tail.decode(errors="replace")


class Watch:
    """Looks at what a command and all that it began take."""

    def __init__(self, limits: Limits, root: Path, mark: str | None = None) -> None:
        """
        Args:
            limits: What it may take.
            root: The working copy.
            mark: What stands in the environment of all that it began, if no walls hold it.
        """
        self._limits = limits
        self._mark = mark
        self._root = root
        self._seen: dict[int, Taken] = {}
        self._first: int | None = None
        self._pen: Path | None = None
        self._at_first = weighed(root)
        self._next_look = time.monotonic() + LOOK_S

    def struck(self, pid: int) -> str | None:
        """The limit that is passed now."""
        found = descended(pid)
        self._seen = found
        if len(found) > self._limits.processes or self._crowded():
            return f"it had more than {self._limits.processes} processes"
        if sum(one.memory for one in found.values()) > self._limits.memory_bytes:
            return f"it took more than {self._limits.memory_bytes // MIB} MiB of memory"
        return self._full() or self._look()

    def outgrown(self) -> str | None:
        """Whether the working copy has grown by more than it may."""
        size, files = weighed(self._root)
        if size - self._at_first[0] > self._limits.growth_bytes:
            many = self._limits.growth_bytes // MIB
            return f"the repository grew by more than {many} MiB, which are still there"
        if files - self._at_first[1] > self._limits.growth_files:
            return f"the repository grew by more than {self._limits.growth_files} files"
        return None

    def hold(self, first: int) -> bool:
        """
        Keep hold of *first*, the first process behind the walls.

        When it ends, so does everything that is in there with it. Answers whether it is held:
        nobody else may begin.

        Raises:
            Refused: If processes cannot be counted here.
        """
        try:
            self._first = os.pidfd_open(first)
            os.setpriority(os.PRIO_PROCESS, first, LEAST_URGENT)
        except OSError:
            return False
        self._pen = penned(first, self._limits.processes)
        return True

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """An end to *process* and to all that it began; returns when they are dead."""
        if self._first is not None:
            doomed = [self._first]
        else:
            found = self._seen | (descended(process.pid) if process.poll() is None else {})
            found |= marked(self._mark) if self._mark else {}
            opened = (handle(pid, one) for pid, one in found.items())
            doomed = [fd for fd in opened if fd is not None]
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        for fd in doomed:
            with suppress(ProcessLookupError, PermissionError):
                signal.pidfd_send_signal(fd, signal.SIGKILL)
        process.wait()
        ends = time.monotonic() + DEATH_S
        for fd in doomed:
            select.select([fd], [], [], max(0.0, ends - time.monotonic()))
            os.close(fd)
        if self._pen:
            with suppress(OSError):
                self._pen.rmdir()

    def _crowded(self) -> bool:
        with suppress(OSError, AttributeError, ValueError):
            if self._pen:
                return int((self._pen / "pids.current").read_text()) > self._limits.processes
        return False

    def _full(self) -> str | None:
        disk = os.statvfs(self._root)
        if disk.f_bavail * disk.f_frsize < self._limits.free_bytes:
            return "the disk is almost full"
        return None

    def _look(self) -> str | None:
        now = time.monotonic()
        if now < self._next_look:
            return None
        struck = self.outgrown()
        took = time.monotonic() - now
        self._next_look = now + max(LOOK_S, 10 * took)
        return struck


def taken(pid: int) -> Taken | None:
    """What process *pid* takes, if there is one."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()
    except OSError:
        return None
    return Taken(int(fields[1]), int(fields[19]), int(fields[21]) * PAGE)


def descended(pid: int) -> dict[int, Taken]:
    """The processes that come from *pid*, and what they take."""
    everyone = {
        int(name): found
        for name in os.listdir("/proc")
        if name.isdigit() and (found := taken(int(name)))
    }
    children: dict[int, list[int]] = {}
    for number, one in everyone.items():
        children.setdefault(one.parent, []).append(number)
    ours: dict[int, Taken] = {}
    waiting = [pid]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            ours[child] = everyone[child]
            waiting.append(child)
    return ours


def marked(mark: str) -> dict[int, Taken]:
    """The processes that have *mark* in their environment, and what they take."""
    found: dict[int, Taken] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            one = taken(int(name))
            if one and mark.encode() in Path(f"/proc/{name}/environ").read_bytes():
                found[int(name)] = one
    return found


def handle(pid: int, known: Taken) -> int | None:
    """A hold on process *pid*, unless it is another by now."""
    try:
        fd = os.pidfd_open(pid)
    except OSError:
        return None
    now = taken(pid)
    if now is None or now.started != known.started:
        os.close(fd)
        return None
    return fd


def weighed(root: Path) -> tuple[int, int]:
    """How many bytes of the disk the folder *root* takes, and how many files are in it."""
    size, files, waiting = 0, 0, [str(root)]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                files += 1
                with suppress(OSError):
                    size += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
    return size, files
