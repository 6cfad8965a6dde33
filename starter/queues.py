"""Which queues a worker is asked to serve."""

import argparse
from collections.abc import Sequence

import structlog

from contexten.queues import NOT_YET, Queue

log = structlog.get_logger()


def queues_named(text: str) -> list[Queue]:
    """
    The queues of a comma-separated list, each once, in its order.

    Raises:
        argparse.ArgumentTypeError: If one of them is none of ours.
    """
    try:
        return list(dict.fromkeys(Queue(name.strip()) for name in text.split(",")))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}; there are {', '.join(Queue)}") from None


def served(wanted: Sequence[Queue]) -> list[Queue]:
    """Those of *wanted* on which something is registered; the others are named in the log."""
    for queue in wanted:
        if queue in NOT_YET:
            log.warning("queue.empty", queue=queue, reason="nothing is registered on it yet")
    return [queue for queue in wanted if queue not in NOT_YET]
