"""
The spool: what makes an acknowledgement durable.

An append-only folder of numbered files. An append returns once its bytes are on the
disk; those that arrive while the disk is busy share the next write (group commit).
One process writes a folder, held by a lock; another may read it at the same time.
"""

import asyncio
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from starter.cursor import Cursor
from starter.disk import sync_folder
from starter.frames import MARK_BYTES, OPENING_BYTES, Record, frame, mark_of, opening, scan

SUFFIX = ".spool"
SEGMENT_AGE_S = 900.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A record on its way to the disk, and the append that waits for it."""

    written_at: float
    header: bytes
    body: bytes
    kept: asyncio.Future[None]


class SpoolError(Exception):
    """The spool cannot take a record; nothing of it is durable."""


class SpoolFull(SpoolError):  # noqa: N818 - a state, which the door answers with 503
    """More is waiting for the engine than the limit allows."""


class SpoolBroken(SpoolError):  # noqa: N818
    """The disk refused a write."""


class SpoolClosed(SpoolError):  # noqa: N818
    """The spool is shutting down."""


class SpoolTaken(SpoolError):  # noqa: N818
    """Another process writes to this folder."""


def segments(folder: Path) -> list[Path]:
    """The spool files of *folder*, oldest first."""
    return sorted(folder.glob(f"*{SUFFIX}"))


class Segment:
    """
    The file being written to.

    Attributes:
        failed: Whether a write failed. Then it must never be written to again: a reader may
            have taken what was not synced, and would step over what came to stand there.
        size: Bytes that are safe on the disk.
        begun_at: When it was begun, monotonic seconds.
    """

    def __init__(self, folder: Path, number: int) -> None:
        """
        Begin the file *number* of *folder*.

        Raises:
            FileExistsError: If there is one.
            OSError: If the disk refused; there is none then, if the disk lets us remove it.
        """
        self.number = number
        self.path = folder / f"{number:010d}{SUFFIX}"
        self.failed = False
        self.begun_at = time.monotonic()
        self.mark = os.urandom(MARK_BYTES)
        self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            self.size = os.write(self._fd, opening(self.mark))
            sync_folder(folder)
        except OSError:
            os.close(self._fd)
            with suppress(OSError):
                self.path.unlink()
            raise

    @property
    def empty(self) -> bool:
        """Whether no record is in it yet."""
        return self.size <= OPENING_BYTES

    def write(self, data: bytes) -> None:
        """
        Append *data* and wait until it is on the disk.

        Raises:
            OSError: If the disk refused.
        """
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._fd, view) :]
            os.fdatasync(self._fd)
        except OSError:
            self.failed = True
            with suppress(OSError):  # a reader that finds half a frame reports it, and goes on
                os.ftruncate(self._fd, self.size)
            raise
        self.size += len(data)

    def close(self, *, remove_empty: bool = True) -> None:
        """Close the file; one that stayed empty is removed, unless told otherwise."""
        os.close(self._fd)
        if self.empty and remove_empty:
            self.path.unlink(missing_ok=True)


def begun(folder: Path, after: int) -> Segment:
    """
    A new file in *folder*, under the first number past *after* that is free.

    Raises:
        OSError: If the disk refused.
    """
    number = after + 1
    while True:
        try:
            return Segment(folder, number)
        except FileExistsError:
            number += 1


def records(path: Path) -> Iterator[Record]:
    """Every sound record of the file *path*, in order."""
    data = path.read_bytes()
    if mark := mark_of(data):
        for found in scan(data[OPENING_BYTES:], mark, OPENING_BYTES):
            if isinstance(found, Record):
                yield found


def take_lock(path: Path) -> int | None:
    """Hold *path* for this process until it ends, whatever ends it; None if another holds it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        return None
    return fd


class Spool:
    """
    The writing side. Make it and use it in one running event loop.

    Attributes:
        folder: Where the files are.
        last_error: Why the last append failed; None once one has succeeded again.
    """

    def __init__(
        self,
        folder: Path,
        *,
        segment_bytes: int,
        limit_bytes: int,
        segment_age_s: float = SEGMENT_AGE_S,
    ) -> None:
        """
        Open *folder* for writing, in a new file: an older one may end in a torn record.

        Args:
            folder: Made if it is not there.
            segment_bytes: Size at which the next file is begun.
            limit_bytes: Bytes not yet taken by the engine at which appends are refused.
            segment_age_s: Seconds after which the next file is begun, so that a quiet folder's
                old records can be removed.

        Raises:
            SpoolTaken: If another process writes to it.
            OSError: If the folder cannot be made or written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        lock = take_lock(folder / "writer.lock")
        if lock is None:
            raise SpoolTaken(
                f"another door writes to {folder}: give this one a CONTEXTEN_VAR of its own"
            )
        self.folder = folder
        self.last_error: str | None = None
        self._lock = lock
        self._segment_bytes = segment_bytes
        self._segment_age_s = segment_age_s
        self._limit_bytes = limit_bytes
        self._segment = self._first_segment()
        self._waiting: list[Waiting] = []
        self._waiting_bytes = 0
        self._batches: SimpleQueue[list[Waiting] | None] = SimpleQueue()
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = self._failed_once = False
        self._loop = asyncio.get_running_loop()
        self._backlog = Backlog(folder)
        self._disk = Thread(target=self._write_batches, name="spool", daemon=True)
        self._disk.start()

    def _first_segment(self) -> Segment:
        try:
            return begun(self.folder, last_number(self.folder))
        except OSError:
            os.close(self._lock)
            raise

    async def append(self, header: bytes, body: bytes) -> None:
        """
        Keep a record; return once it is on the disk.

        Raises:
            SpoolFull: If too much is waiting already.
            SpoolBroken: If the disk refused.
            SpoolClosed: After :meth:`close` was called.
        """
        if self._closed:
            raise SpoolClosed("shutting down")
        size = len(header) + len(body)
        if self.backlog_bytes + size > self._limit_bytes:
            raise SpoolFull(f"{self.backlog_bytes} bytes are waiting for the engine")
        kept: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append(Waiting(time.time(), header, body, kept))
        self._waiting_bytes += size
        if self._idle.is_set():
            self._idle.clear()
            self._loop.call_soon(self._hand_over)
        await kept

    def _hand_over(self) -> None:
        batch, self._waiting, self._waiting_bytes = self._waiting, [], 0
        self._batches.put(batch)

    def _written(self, batch: list[Waiting], failure: SpoolError | None) -> None:
        for one in batch:
            settle(one.kept, failure)
        if self._waiting:
            self._hand_over()
        else:
            self._idle.set()

    def _write_batches(self) -> None:
        while (batch := self._batches.get()) is not None:
            failure = self._write(batch)
            self._loop.call_soon_threadsafe(self._written, batch, failure)

    def _write(self, batch: list[Waiting]) -> SpoolBroken | None:
        size = sum(len(one.header) + len(one.body) for one in batch)
        try:
            if self._segment.failed or self._is_full(size):
                self._next_segment()
            mark = self._segment.mark
            frames = (frame(mark, one.written_at, one.header, one.body) for one in batch)
            data = b"".join(piece for pieces in frames for piece in pieces)
            self._segment.write(data)
        except OSError as error:
            self.last_error = error.strerror or str(error)
            self._failed_once = True
            return SpoolBroken(f"the disk refused: {self.last_error}")
        self.last_error = None
        self._backlog.grew(self._segment.number, self._segment.size)
        return None

    def _is_full(self, size: int) -> bool:
        """Whether *size* bytes more belong into the next file."""
        segment = self._segment
        old = time.monotonic() - segment.begun_at >= self._segment_age_s
        return not segment.empty and (old or segment.size + size > self._segment_bytes)

    def _next_segment(self) -> None:
        full, self._segment = self._segment, begun(self.folder, self._segment.number)
        full.close()

    @property
    def backlog_bytes(self) -> int:
        """Bytes accepted and not yet taken by the engine; at most half a second old."""
        return self._backlog.size() + self._waiting_bytes

    def recent(self, since: datetime) -> Iterator[Record]:
        """The records still on the disk that were written after *since*, oldest first."""
        oldest = since.timestamp()
        for path in segments(self.folder):
            if path == self._segment.path or path.stat().st_mtime < oldest:
                continue
            for found in records(path):
                if found.written_at >= oldest:
                    yield found

    async def close(self) -> None:
        """Refuse what comes from now on, wait for what is being written, let go of the folder."""
        if self._closed:
            return
        self._closed = True
        await self._idle.wait()
        self._batches.put(None)
        self._disk.join()
        # A reader may be in a file that is gone again: its number stays taken by a later one.
        self._segment.close(remove_empty=not self._failed_once)
        os.close(self._lock)


def settle(kept: asyncio.Future[None], failure: SpoolError | None) -> None:
    """Tell a waiting append how it went, unless it went away meanwhile."""
    if kept.done():
        return
    if failure is None:
        kept.set_result(None)
    else:
        kept.set_exception(failure)


def last_number(folder: Path) -> int:
    """The number of the newest file there is, or was: the cursor may name one that is gone."""
    newest = segments(folder)
    return max(int(newest[-1].stem) if newest else 0, Cursor.read(folder).segment)


class Backlog:
    """How many bytes lie between the reader's cursor and the writer's end."""

    REREAD_S = 0.5

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sizes = {int(path.stem): path.stat().st_size for path in segments(folder)}
        self._cursor = Cursor.read(folder)
        self._read_at = time.monotonic()

    def grew(self, segment: int, size: int) -> None:
        """*segment* has *size* bytes now."""
        self._sizes[segment] = size

    def size(self) -> int:
        """Bytes not yet taken, by a cursor read at most half a second ago."""
        if time.monotonic() - self._read_at > self.REREAD_S:
            self._cursor = Cursor.read(self._folder)
            self._read_at = time.monotonic()
            for number in [n for n in self._sizes if n < self._cursor.segment]:
                del self._sizes[number]
        waiting = sum(n for s, n in list(self._sizes.items()) if s >= self._cursor.segment)
        taken = min(self._cursor.offset, self._sizes.get(self._cursor.segment, 0))
        return waiting - taken
