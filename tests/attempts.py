"""Attempts to put into a ledger, and a ledger to put them into."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from activities.stores.attempts import Attempts
from activities.stores.database import Database
from activities.stores.ledger import Ledger, Limits
from contexten.ledger import Attempt, FailuresWanted, Outcome

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
QUICK = Limits(
    batch_s=0.01, shortest_pause_s=0.01, longest_pause_s=0.05, retention=timedelta(days=99_999)
)

GOOD = Attempt(
    NOON,
    "github",
    "github.post_comment",
    1,
    Outcome.OK,
    latency_s=0.125,
    queue_wait_s=0.25,
    rule_version=3,
    workflow_id="github/1",
    run_id="run-1",
    context="github/octo/hello#12",
    repository="octo/hello",
)
BAD = replace(
    GOOD,
    outcome=Outcome.FAILED,
    category="server_error",
    error_type="ServerError",
    status=503,
    retry_after_s=2.5,
    message="GitHub answered 503",
)


def row(number: int, **different: Any) -> Attempt:
    """A failed attempt of workflow *number*, as many seconds after noon."""
    usual = {"at": NOON + timedelta(seconds=number), "workflow_id": f"github/{number}"}
    return replace(BAD, **usual | different)


@contextmanager
def database_at(url: str) -> Iterator[Database]:
    """The database at *url*, closed afterwards."""
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def ledger_at(
    url: str, limits: Limits = QUICK, on_loss: Callable[[int], None] | None = None
) -> Iterator[Ledger]:
    """A ledger in the database at *url*, closed afterwards."""
    with database_at(url) as database:
        opened = Ledger(database, limits, on_loss)
        try:
            yield opened
        finally:
            opened.close(within_s=2.0)


def failures(url: str, **wanted: Any) -> tuple[Attempt, ...]:
    """What *url* has of the failures that are wanted."""
    with database_at(url) as database:
        return Attempts(database).failures(FailuresWanted(**{"most": 1000} | wanted))


def wait_until(condition: Callable[[], object], timeout_s: float = 20.0) -> None:
    """Return once *condition* holds; fail if it does not in time."""
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "it never came to be"
        time.sleep(0.005)
