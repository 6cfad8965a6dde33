"""Whether the door can take deliveries durably, and how far the engine is behind."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from starter.aside import Aside
from starter.cursor import Cursor
from starter.disk import sync_folder
from starter.frames import HEAD, OPENING_BYTES
from starter.level import UNKNOWN, ServiceLevel
from starter.spool import Spool, segments

ROOM_BYTES = 64 * 1024
ENGINE_TIMEOUT_S = 0.5
ENGINE_KEPT_S = 1.0

Check = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Readiness:
    """
    Attributes:
        ready: Whether a delivery that came now would be taken.
        spool: ``writable``, ``full``, ``broken`` or ``draining``; ``unused`` if the engine is
            the durable place.
        backlog_bytes: What waits for the engine.
        backlog_age_s: How long the oldest of it has been waiting, seconds.
        engine: ``reachable``, ``away: spooling`` or ``away``.
        quarantined: Signed deliveries that could not be read.
        refused: Deliveries that the engine will never take as they are.
        damaged: Damaged stretches of the spool, kept apart.
        level: How much of the service is on; ``unknown`` if nobody says.
    """

    ready: bool
    spool: str
    backlog_bytes: int
    backlog_age_s: float
    engine: str
    quarantined: int
    refused: int
    damaged: int
    level: str


class Engine:
    """Whether the engine answers; asked at most once a second, however often we are asked."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._answers = False
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()

    async def reachable(self) -> bool:
        """Whether it answered within half a second."""
        async with self._asking:
            if time.monotonic() - self._asked_at > ENGINE_KEPT_S:
                self._answers = await self._ask()
                self._asked_at = time.monotonic()
        return self._answers

    async def _ask(self) -> bool:
        try:
            async with asyncio.timeout(ENGINE_TIMEOUT_S):
                return await self._check()
        except Exception:  # noqa: BLE001 - whatever it is, the engine does not answer
            return False


async def readiness(
    spool: Spool | None,
    spool_limit_bytes: int,
    aside: Aside,
    engine: Engine,
    level: ServiceLevel,
    *,
    draining: bool,
) -> Readiness:
    """
    How the door stands now.

    Args:
        spool: The durable place; None if that is the engine.
    """
    reachable = await engine.reachable()
    if spool is None:
        ready, stands, oldest = reachable, "unused", None
    else:
        stands = await state(spool, spool_limit_bytes)
        ready = stands == "writable"
        oldest = await asyncio.to_thread(oldest_waiting, spool.folder)
    return Readiness(
        ready=ready and not draining,
        spool="draining" if draining else stands,
        backlog_bytes=spool.backlog_bytes if spool else 0,
        backlog_age_s=0.0 if oldest is None else max(0.0, round(time.time() - oldest, 3)),
        engine="reachable" if reachable else "away: spooling" if spool else "away",
        quarantined=aside.quarantine.count,
        refused=aside.refused.count,
        damaged=aside.damaged,
        level=await level.known() if reachable else UNKNOWN,
    )


async def state(spool: Spool, limit_bytes: int) -> str:
    """
    Whether *spool* would take a record of usual size.

    After a failed append it is broken until we can do what its next append does: begin a file
    and write such a record. So a door that is sent nothing while it is broken becomes ready.
    """
    if spool.backlog_bytes + ROOM_BYTES > limit_bytes:
        return "full"
    failed = spool.last_error is not None
    if failed and not await asyncio.to_thread(writable, spool.folder):
        return "broken"
    return "writable"


def writable(folder: Path) -> bool:
    """Whether a file with a record of usual size can be begun in *folder*, down to the disk."""
    probe = folder / "probe"
    try:
        with probe.open("wb") as file:
            file.write(os.urandom(ROOM_BYTES))
            file.flush()
            os.fsync(file.fileno())
        sync_folder(folder)
    except OSError:
        return False
    finally:
        with suppress(OSError):  # a disk that does not let go of it refuses the next one, too
            probe.unlink(missing_ok=True)
    return True


def oldest_waiting(folder: Path) -> float | None:
    """When the oldest record not yet taken was written, epoch seconds; None if none waits."""
    cursor = Cursor.read(folder)
    for path in segments(folder):
        number = int(path.stem)
        if number < cursor.segment:
            continue
        offset = max(cursor.offset if number == cursor.segment else 0, OPENING_BYTES)
        if (head := read_at(path, offset, HEAD.size)) is not None:
            written_at: float = HEAD.unpack(head)[1]
            return written_at
    return None


def read_at(path: Path, offset: int, size: int) -> bytes | None:
    """*size* bytes of *path* from *offset* on; None if there are not as many."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            found = file.read(size)
    except FileNotFoundError:
        return None
    return found if len(found) == size else None
