r"""
The task queues. Each is a bulkhead: what fills one leaves the others alone.

    deliveries   delivery workflows, and nothing that waits on a platform
    github       \
    linear        > calls to one platform
    slack        /
    agents       agent runs
    model        calls to language models
    tools        what agents do to a checkout
    control      entities, rounds and probes: never behind a closed gate
"""

from enum import StrEnum


class Queue(StrEnum):
    """A task queue, by the name Temporal knows it under."""

    DELIVERIES = "deliveries"
    GITHUB = "github"
    LINEAR = "linear"
    SLACK = "slack"
    AGENTS = "agents"
    MODEL = "model"
    TOOLS = "tools"
    CONTROL = "control"


PROBES = "-probes"


def probes_of(platform: str) -> str:
    """The queue of the probes of *platform*; who serves the platform serves it too."""
    return f"{platform}{PROBES}"
