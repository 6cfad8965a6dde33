"""
The attempt ledger: whoever made an attempt hands its row over and goes on.

    record() ──▶ buffer, bounded ──▶ one thread of ours ──▶ database, in batches
                    │ full: the newest is dropped, and counted
                    └────────────────▶ another thread ──▶ who is told of losses

A database that is away, or a disk that is full, is tried again and again with growing pauses,
while the rows wait. What did not fit meanwhile is counted and told of.
"""

import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Event, Lock, Thread

import structlog
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError

from activities.stores.attempts import Attempts, Numbered
from activities.stores.database import Database, said
from contexten.ledger import MESSAGE_CHARACTERS, Attempt, shortened

log = structlog.get_logger()

SHORT_S = 0.05


@dataclass(frozen=True, slots=True)
class Limits:
    """
    How much waits, how it is written, how long it is kept.

    Attributes:
        most: Rows that wait to be written, at most.
        batch: Rows written in one transaction, at most.
        batch_s: Seconds a row waits for others to be written with it.
        shortest_pause_s: Seconds before a refused write is tried again, the first time.
        longest_pause_s: Seconds before it is tried again, at most.
        retention: How long a row is kept.
        prune_every_s: Seconds between two looks for old rows.
        prune_rows: Old rows removed in one transaction, about.
    """

    most: int = 10_000
    batch: int = 500
    batch_s: float = 0.5
    shortest_pause_s: float = 0.5
    longest_pause_s: float = 30.0
    retention: timedelta = timedelta(days=30)
    prune_every_s: float = 3600.0
    prune_rows: int = 1000


class Ledger:
    """
    The ledger as those who write to it see it. Any thread may record.

    Attributes:
        lost: Rows that will never be written, since the start.
        written: Rows that are in the database, since the start.
    """

    def __init__(
        self,
        database: Database,
        limits: Limits | None = None,
        on_loss: Callable[[int], None] | None = None,
    ) -> None:
        """
        Args:
            on_loss: Told how many more rows are lost, from a thread of ours.
        """
        self.lost = 0
        self.written = 0
        self._limits = limits or Limits()
        self._attempts = Attempts(database)
        self._on_loss = on_loss
        self._counting, self._telling = Lock(), Lock()
        self._told = 0
        self._writer = secrets.randbits(63)
        self._numbered = 0
        self._rows = deque[Attempt]()
        self._batch: list[Numbered] = []
        self._some, self._full, self._losing, self._closing = (Event() for _ in range(4))
        self._pause_s = 0.0
        self._prune_at = time.monotonic()
        self._give_up_at = float("inf")
        self._thread = Thread(target=self._run, name="ledger", daemon=True)
        self._teller = Thread(target=self._tell_while_open, name="ledger-losses", daemon=True)
        self._thread.start()
        self._teller.start()

    @property
    def waiting(self) -> int:
        """How many rows are not written yet."""
        return len(self._rows) + len(self._batch)

    def record(self, row: Attempt) -> None:
        """Take *row* to be written soon. Returns at once and never raises."""
        try:
            if row.message is not None and len(row.message) > MESSAGE_CHARACTERS:
                row = replace(row, message=shortened(row.message))
            waiting = len(self._rows) + len(self._batch)
            if waiting >= self._limits.most or self._closing.is_set():
                self._lose(1)
                return
            self._rows.append(row)
            if not self._some.is_set():
                self._some.set()
            if waiting >= self._limits.batch and not self._full.is_set():
                self._full.set()
        except Exception:  # noqa: BLE001 - a ledger never stands in the way of a call
            self._lose(1)

    def close(self, within_s: float = 5.0) -> None:
        """Write what waits, for so many seconds at most; what is left then is lost, and counted."""
        self._give_up_at = time.monotonic() + within_s
        for event in (self._closing, self._some, self._full, self._losing):
            event.set()
        self._thread.join(within_s + SHORT_S)
        self._lose(self.waiting)
        self._rows.clear()
        self._batch = []
        self._tell()

    def _lose(self, rows: int) -> None:
        with self._counting:
            self.lost += rows
        if not self._losing.is_set():
            self._losing.set()

    def _tell_while_open(self) -> None:
        """What our other thread does: a database that hangs does not keep the loss a secret."""
        while not self._closing.is_set():
            self._losing.wait()
            self._losing.clear()
            self._tell()
            self._closing.wait(self._limits.batch_s)

    def _tell(self) -> None:
        """Tell of what was lost since the last time."""
        with self._telling:
            new = self.lost - self._told
            self._told += new
            if new and self._on_loss is not None:
                try:
                    self._on_loss(new)
                except Exception as error:
                    log.exception("ledger.loss_untold", reason=str(error), lost=new)

    def _run(self) -> None:
        """What our thread does: a batch at a time, until closed and empty, or out of time."""
        while True:
            self._await_rows()
            if self._closing.is_set() and (not self.waiting or self._late()):
                return
            try:
                self._write()
                if not self._rows and time.monotonic() >= self._prune_at:
                    self._prune()
                self._went_well()
            except Exception as error:  # noqa: BLE001 - the thread outlives whatever happens
                self._went_wrong(error)

    def _late(self) -> bool:
        return time.monotonic() >= self._give_up_at

    def _await_rows(self) -> None:
        """Return with a batch's worth of rows, or a while after the first, or to prune."""
        if self._closing.is_set():
            time.sleep(min(self._pause_s, SHORT_S))
        elif self._pause_s:
            self._closing.wait(self._pause_s)
        else:
            if not self.waiting:
                self._some.wait(max(0.0, self._prune_at - time.monotonic()))
            if self._some.is_set() and self.waiting < self._limits.batch:
                self._full.wait(self._limits.batch_s)
        self._some.clear()
        self._full.clear()

    def _write(self) -> None:
        """
        Write the next batch; of one that no database could take, each row alone.

        Raises:
            Exception: If the database refused, or is away.
        """
        while self._rows and len(self._batch) < self._limits.batch:
            self._numbered += 1
            self._batch.append((self._numbered, self._rows.popleft()))
        if not self._batch:
            return
        try:
            self._attempts.write(self._writer, self._batch)
        except Exception as error:
            if not is_the_rows_fault(error):
                raise
            self._write_each()
        else:
            self._done(len(self._batch))

    def _write_each(self) -> None:
        while self._batch:
            try:
                self._attempts.write(self._writer, self._batch[:1])
            except Exception as error:
                if not is_the_rows_fault(error):
                    raise
                log.warning("ledger.odd_row", reason=said(error))
                self._batch = self._batch[1:]
                self._lose(1)
            else:
                self._done(1)

    def _done(self, rows: int) -> None:
        self._batch = self._batch[rows:]
        self.written += rows

    def _prune(self) -> None:
        """Remove some of the rows that are too old; the next ones at once, if there may be more."""
        self._prune_at = time.monotonic() + self._limits.prune_every_s
        before = datetime.now(UTC) - self._limits.retention
        if self._attempts.prune(before, self._limits.prune_rows) >= self._limits.prune_rows:
            self._prune_at = 0.0

    def _went_well(self) -> None:
        if self._pause_s:
            log.info("ledger.back", waiting=self.waiting, lost=self.lost)
        self._pause_s = 0.0

    def _went_wrong(self, error: Exception) -> None:
        pause = self._pause_s * 2 or self._limits.shortest_pause_s
        self._pause_s = min(pause, self._limits.longest_pause_s)
        log.warning("ledger.away", reason=said(error), waiting=self.waiting, lost=self.lost)


def is_the_rows_fault(error: Exception) -> bool:
    """Whether no database could take such a row, however often it is tried."""
    if isinstance(error, DBAPIError):
        return isinstance(error, DataError | IntegrityError)
    return isinstance(error, StatementError | ValueError | TypeError | ArithmeticError)
