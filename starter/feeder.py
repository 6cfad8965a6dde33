"""
The feeder: hands the spool over to the engine, in order of arrival, at the engine's pace.

It lives in the process of a deliveries worker, so that the engine can answer a start with
the workflow's first task (eager start). Of several such processes one holds the spool; when
it dies, its lock goes with it and the next takes over. A start is repeated until the
engine has said yes, or that it has this delivery already: the workflow id makes that safe.
A disk that refuses is waited for as an engine that is away is; the cursor may lag behind.
"""

import asyncio
import os
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog
from temporalio.service import RPCError

from contexten.delivery import Event
from starter import disk
from starter.cursor import Cursor
from starter.frames import Record
from starter.progress import Progress
from starter.record import event_of
from starter.spool import Spool, SpoolError, take_lock
from starter.start import AWAY, Unstartable
from starter.tail import Damaged, Placed, Tail

log = structlog.get_logger()
T = TypeVar("T")

POLL_S = 0.005
LONGEST_PAUSE_S = 1.0
REFUSED_BESIDE = 8
LOCK_POLL_S = 0.5


class Taken(StrEnum):
    """What became of one record."""

    STARTED = "started"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


Start = Callable[[Event, bytes], Awaitable[bool]]


class Feeder:
    """
    Attributes:
        counts: Records handled so far, by what became of them.
    """

    def __init__(
        self,
        folder: Path,
        start: Start,
        refused: Callable[[], Spool],
        *,
        in_flight: int,
        retention_s: float,
    ) -> None:
        """
        Args:
            folder: The spool to read.
            start: Starts a delivery's workflow; answers False if the engine had it already.
            refused: Opens, once there are any, what keeps the records that the engine will
                never take.
            in_flight: Starts under way at once.
            retention_s: Seconds a file is kept after all of it was taken.
        """
        self._folder = folder
        self._start = start
        self._open_refused = refused
        self._in_flight = in_flight
        self._retention_s = retention_s
        self._under_way: deque[tuple[Cursor, asyncio.Task[None]]] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._refused: Spool | None = None
        self._refused_now = 0
        self.counts: dict[Taken, int] = dict.fromkeys(Taken, 0)

    async def run(self) -> None:
        """Feed until cancelled, whatever the disk refuses; then keep the cursor."""
        while True:
            with disk_may_refuse():
                await self._hold_and_feed()
            await asyncio.sleep(LONGEST_PAUSE_S)

    async def _hold_and_feed(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = await self._lock()
        try:
            await self._feed(Progress(self._folder, self._retention_s))
        finally:
            os.close(lock)

    async def _lock(self) -> int:
        while (lock := take_lock(self._folder / "feeder.lock")) is None:
            await asyncio.sleep(LOCK_POLL_S)
        return lock

    async def _feed(self, progress: Progress) -> None:
        tail = Tail(self._folder, progress.cursor)
        try:
            while True:
                for found in tail.read():
                    await self._make_room()
                    self._take(found)
                    self._note(progress)
                self._note(progress)
                await asyncio.sleep(POLL_S)
        finally:
            with disk_may_refuse():
                progress.keep(self._done(progress.cursor))
            await self._put_down()

    async def _put_down(self) -> None:
        """Cancel the starts under way: they are begun again from the cursor."""
        for start in (running := list(self._running)):
            start.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self._under_way.clear()
        if self._refused is not None:
            refused, self._refused = self._refused, None
            with disk_may_refuse():
                await refused.close()

    async def _make_room(self) -> None:
        """
        Wait until fewer than the allowed starts are under way.

        Those that the engine refuses are tried beside the others, up to a multiple of them.
        """
        most, of_all = self._in_flight, self._in_flight * REFUSED_BESIDE
        while len(self._running) >= of_all or len(self._running) - self._refused_now >= most:
            await asyncio.wait(
                self._running, timeout=LONGEST_PAUSE_S, return_when=asyncio.FIRST_COMPLETED
            )

    def _take(self, found: Placed | Damaged) -> None:
        if isinstance(found, Placed):
            deed = asyncio.create_task(self._hand_over(found.record))
        else:
            deed = asyncio.create_task(self._set_aside(found))
        self._running.add(deed)
        deed.add_done_callback(self._running.discard)
        self._under_way.append((found.after, deed))

    def _note(self, progress: Progress) -> None:
        """Note how far we are; raise what the oldest start died of, if it did."""
        with disk_may_refuse():
            progress.note(self._done(progress.cursor), time.monotonic())
        if self._under_way and (oldest := self._under_way[0][1]).done():
            oldest.result()

    def _done(self, cursor: Cursor) -> Cursor:
        """The cursor before which everything was taken, *cursor* being the last one known."""
        while self._under_way and was_taken(self._under_way[0][1]):
            cursor, _ = self._under_way.popleft()
        return cursor

    async def _hand_over(self, record: Record) -> None:
        try:
            event = event_of(record.header)
        except ValueError as error:
            await self._refuse(record, f"unreadable header: {error}")
            return
        self.counts[await self._started(event, record)] += 1

    async def _started(self, event: Event, record: Record) -> Taken:
        start = partial(self._start, event, record.body)
        try:
            fresh = await self._in_the_end(start, event.workflow_id)
        except Unstartable as error:
            await self._refuse(record, str(error), event.workflow_id)
            return Taken.REFUSED
        return Taken.STARTED if fresh else Taken.DUPLICATE

    async def _in_the_end(self, deed: Callable[[], Awaitable[T]], what: str | None) -> T:
        """
        The answer of *deed*, repeated until the engine and the disk let it be done.

        Why it is repeated is said once, and again when it is for another reason.
        """
        pause, refused, told = 0.05, False, ("", "")
        try:
            while True:
                try:
                    return await deed()
                except RPCError as error:
                    why = ("engine.away", error.message)
                    if error.status not in AWAY and not refused:
                        refused, self._refused_now = True, self._refused_now + 1
                except (OSError, SpoolError) as error:
                    why = ("disk.refuses", str(error))
                if why != told:
                    log.warning(why[0], reason=why[1], delivery=what)
                    told = why
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
        finally:
            self._refused_now -= refused

    async def _refuse(self, record: Record, reason: str, delivery: str | None = None) -> None:
        log.error("delivery.refused", reason=reason, delivery=delivery)
        await self._in_the_end(partial(self._keep_refused, record), delivery)

    async def _keep_refused(self, record: Record) -> None:
        if self._refused is None:
            self._refused = self._open_refused()
        await self._refused.append(record.header, record.body)

    async def _set_aside(self, found: Damaged) -> None:
        log.error(
            "spool.damaged", file=str(found.path), start=found.damage.start, bytes=len(found.data)
        )
        await self._in_the_end(partial(asyncio.to_thread, self._keep_damaged, found), None)

    def _keep_damaged(self, found: Damaged) -> None:
        aside = self._folder / "damaged"
        aside.mkdir(mode=0o700, exist_ok=True)
        disk.keep(aside / f"{found.path.stem}-{found.damage.start}", found.data)


def was_taken(deed: asyncio.Task[None]) -> bool:
    """Whether a start ended well; one that died or was cancelled is begun again next time."""
    return deed.done() and not deed.cancelled() and deed.exception() is None


@contextmanager
def disk_may_refuse() -> Iterator[None]:
    """Log what the disk refuses, and go on: it is tried again later."""
    try:
        yield
    except (OSError, SpoolError) as error:
        log.warning("disk.refuses", reason=str(error))
