"""What ``contexten health`` prints: each check, how it stands, and its history in a line."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import typer
from rich.console import Console

from contexten.health import Status
from contexten.health_history import HistoryWanted, Shown
from starter.console.asking import asked
from starter.console.complaint import Complaint
from starter.console.history import clock, say_json, say_table
from starter.settings import load

MARKS = {Status.HEALTHY: "▁", Status.DEGRADED: "▄", Status.UNHEALTHY: "█", Status.UNKNOWN: "·"}
ROUNDS_MISSED = 3
LEAST_PATIENCE = timedelta(seconds=30)


def health(console: Console, question: HistoryWanted, *, as_json: bool) -> None:
    """
    Print how every check stands; end with 1 if anything critical is unhealthy.

    Raises:
        Complaint: If nobody answers, or nobody has looked of late.
    """
    found: Sequence[Shown] = asked("control.read_health", question, list[Shown])
    if as_json:
        say_json([asdict(one) for one in found])
    else:
        say_table(console, HEADS, [row(one) for one in found])
    complain_of_silence(found, timedelta(seconds=load().health_interval_s), datetime.now(UTC))
    if any(is_bad(one) for one in found):
        raise typer.Exit(1)


HEADS = ("check", "family", "is", "since", "value", "says", "before")


def row(one: Shown) -> tuple[str, ...]:
    """One check in a line."""
    latest = one.latest
    value = "" if latest.value is None else f"{latest.value:.3g} {latest.unit}"
    return (
        latest.name + (" (critical)" if latest.critical else ""),
        str(latest.family),
        str(latest.status),
        clock(latest.since),
        value,
        latest.said,
        "".join(MARKS[status] for status in one.before),
    )


def is_bad(one: Shown) -> bool:
    """Whether the service level suffers from it."""
    return one.latest.critical and one.latest.status is Status.UNHEALTHY


def complain_of_silence(found: Sequence[Shown], interval: timedelta, now: datetime) -> None:
    """
    Raises:
        Complaint: If there was no round for a while: what stands there may no longer be so.
    """
    last = max((one.latest.at for one in found), default=None)
    if last is None:
        raise Complaint(
            "No health round is known. A control worker makes one every "
            f"{interval.total_seconds():g} s."
        )
    if now - last > max(ROUNDS_MISSED * interval, LEAST_PATIENCE):
        raise Complaint(
            f"The last health round was at {clock(last)}. Is a control worker up, and the "
            "schedule `health` not paused?"
        )
