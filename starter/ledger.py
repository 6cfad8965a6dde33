"""What a worker says when rows of the attempt ledger are lost."""

import time
from collections.abc import Callable

import structlog
from temporalio.client import Client

from starter.client import meter_of

log = structlog.get_logger()

LOST = "contexten_ledger_rows_lost"
SAID_EVERY_S = 30.0


def losses_of(client: Client) -> Callable[[int], None]:
    """What counts rows that are lost, in the worker's own metrics, and now and then logs it."""
    counter = meter_of(client).create_counter(LOST, "attempts that no ledger knows of")
    counter.add(0)  # so that it is shown before the first is lost
    total, said_at = 0, float("-inf")

    def lost(rows: int) -> None:
        nonlocal total, said_at
        counter.add(rows)
        total += rows
        if time.monotonic() - said_at >= SAID_EVERY_S:
            said_at = time.monotonic()
            log.error("ledger.lost", rows=total, reason="the database took none for too long")

    return lost
