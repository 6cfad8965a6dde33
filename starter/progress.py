"""
How far the feeder is, kept on the disk, and how far it goes back after a power cut.

An engine whose database is not synced with every commit can forget, in a power cut, what it
had said yes to. So what was taken is kept for a while, and when the machine was started anew
all that was taken during that while, as long as it ran, is handed over once more. What the
engine does remember it answers as a duplicate.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path

import structlog

from starter import disk
from starter.cursor import Cursor
from starter.spool import segments

log = structlog.get_logger()

KEEP_CURSOR_EVERY_S = 0.05
AGAIN_AFTER_S = 1.0
TIDY_EVERY_S = 30.0
PAST = "past.json"
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Mark:
    """Everything before *cursor* was taken *at* a monotonic time, seconds, or before it."""

    at: float
    cursor: Cursor


class Progress:
    """
    How far we are, kept on the disk now and then, and the tidying that goes with it.

    Attributes:
        cursor: The last one noted.
    """

    def __init__(self, folder: Path, retention_s: float) -> None:
        """
        Args:
            folder: The spool.
            retention_s: Seconds a file is kept after all of it was taken.
        """
        self._folder = folder
        self._retention_s = retention_s
        self._past = past(folder)
        self.cursor = Cursor.read(folder) if boot_noted(folder) else self._go_back()
        self._kept = self.cursor
        self._kept_at = self._tidied_at = float("-inf")

    def note(self, cursor: Cursor, now: float) -> None:
        """
        Everything before *cursor* was taken, at *now*, a monotonic time in seconds.

        Raises:
            OSError: If the disk refused; it is tried again with a note a second later.
        """
        self.cursor = cursor
        if cursor != self._kept and now - self._kept_at >= KEEP_CURSOR_EVERY_S:
            self._kept_at = now + AGAIN_AFTER_S
            self.keep(cursor)
            self._kept_at = now
        if now - self._tidied_at >= TIDY_EVERY_S:
            self._tidied_at = now
            self._remember(now)
            tidy(self._folder, self._past[0].cursor, time.time() - self._retention_s)

    def keep(self, cursor: Cursor) -> None:
        """
        Write *cursor* to the disk.

        Raises:
            OSError: If the disk refused.
        """
        cursor.write(self._folder)
        self._kept = cursor

    def _go_back(self) -> Cursor:
        """The cursor to begin from after the machine was started anew."""
        oldest = self._past[0].cursor
        self._past = [Mark(float("-inf"), oldest)]
        try:
            keep_past(self._folder, self._past)
            oldest.write(self._folder)
            (self._folder / "boot").write_text(boot())  # last, or a crash now would end it
        except OSError as error:  # the next start goes back once more, then
            log.warning("disk.refuses", reason=str(error))
        return oldest

    def _remember(self, now: float) -> None:
        """Mark where we are; forget the marks that are too old to go back to."""
        latest = [] if self._past[-1].cursor == self.cursor else [Mark(now, self.cursor)]
        marks = reachable([*self._past, *latest], now - self._retention_s)
        if marks != self._past:
            keep_past(self._folder, marks)
            self._past = marks


def boot() -> str:
    """What tells this start of the machine from every other; empty where nothing does."""
    return BOOT_ID.read_text().strip() if BOOT_ID.exists() else ""


def boot_noted(folder: Path) -> bool:
    """Whether the machine has not been started anew since *folder* was last read."""
    noted = folder / "boot"
    return noted.exists() and noted.read_text() == boot()


def past(folder: Path) -> list[Mark]:
    """The marks kept in *folder*, oldest first; one at the very beginning if there are none."""
    try:
        kept = json.loads((folder / PAST).read_bytes())
        marks = [Mark(float(at), Cursor(int(s), int(offset))) for at, s, offset in kept]
    except (OSError, ValueError, TypeError):
        marks = []
    return marks or [Mark(float("-inf"), Cursor())]


def keep_past(folder: Path, marks: list[Mark]) -> None:
    """
    Keep *marks* in *folder*, durably.

    Raises:
        OSError: If the disk refused; the old ones are there then.
    """
    written = [(mark.at, mark.cursor.segment, mark.cursor.offset) for mark in marks]
    disk.keep(folder / PAST, json.dumps(written).encode())


def reachable(marks: list[Mark], before: float) -> list[Mark]:
    """Those of *marks* that one may have to go back to: the last up to *before*, and all later."""
    settled = [n for n, mark in enumerate(marks) if mark.at <= before]
    return marks[max(settled, default=0) :]


def tidy(folder: Path, settled: Cursor, before: float) -> None:
    """
    Remove the files that nobody goes back to and that were last written before *before*.

    Args:
        settled: What lies before it is not gone over again.
        before: Seconds since the epoch.
    """
    for path in segments(folder):
        if int(path.stem) < settled.segment and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
