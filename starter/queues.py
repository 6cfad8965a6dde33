"""Which queues a worker is asked to serve."""

import argparse

from contexten.queues import Queue


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
