"""What a worker says when rows of the attempt ledger are lost."""

from collections.abc import Callable

import structlog
from temporalio.client import Client
from temporalio.runtime import Runtime

log = structlog.get_logger()

LOST = "contexten_ledger_rows_lost"


def losses_of(client: Client) -> Callable[[int], None]:
    """What counts and logs rows that are lost, in the worker's own metrics."""
    runtime = client.service_client.config.runtime or Runtime.default()
    counter = runtime.metric_meter.create_counter(LOST, "attempts that no ledger knows of")
    counter.add(0)  # so that it is shown before the first is lost

    def lost(rows: int) -> None:
        counter.add(rows)
        log.error("ledger.lost", rows=rows, reason="the database took none for too long")

    return lost
