"""The commands that tell of failures and incidents: each asks a control worker, and prints."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from contexten.durations import duration
from contexten.incident import Incident, IncidentsWanted
from contexten.ledger import Attempt, By, FailureGroup, FailuresWanted
from starter.console.asking import asked
from starter.console.complaint import Complaint
from starter.console.printable import printable

NOTHING = "There are none."


def wanted(since: str | None, **fields: Any) -> FailuresWanted:
    """
    The question that the options ask.

    Raises:
        Complaint: If *since* is no span of time.
    """
    if since is None:
        return FailuresWanted(**fields)
    try:
        return FailuresWanted(since=datetime.now(UTC) - duration(since), **fields)
    except (ValueError, OverflowError) as error:
        raise Complaint(f"--since: {error}", status=2) from None


def failures(console: Console, question: FailuresWanted, *, as_json: bool) -> None:
    """
    Print the failed attempts that are asked for.

    Raises:
        Complaint: If nobody answers.
    """
    found: Sequence[Attempt] = asked("control.list_failures", question, list[Attempt])
    if as_json:
        say_json([asdict(one) for one in found])
        return
    rows = [
        (
            clock(one.at),
            one.operation,
            str(one.attempt),
            one.category or one.outcome,
            " ".join(str(part) for part in (one.error_type, one.status) if part is not None),
            span(timedelta(seconds=one.latency_s)),
            one.workflow_id,
            one.message or "",
        )
        for one in found
    ]
    heads = ("at", "operation", "try", "category", "error", "took", "workflow", "said")
    say_table(console, heads, rows)


def summary(console: Console, question: FailuresWanted, *, as_json: bool) -> None:
    """
    Print the failures that are asked for, put together.

    Raises:
        Complaint: If nobody answers.
    """
    found: Sequence[FailureGroup] = asked(
        "control.summarise_failures", question, list[FailureGroup]
    )
    if as_json:
        say_json([asdict(one) for one in found])
        return
    of_attempts = question.by in (By.PLATFORM, By.OPERATION)
    rows = [
        (
            one.name or "(none)",
            str(one.failures),
            *([f"{one.share:.1%} of {one.attempts}"] if of_attempts else []),
            str(one.workflows),
            clock(one.first_at),
            clock(one.last_at),
        )
        for one in found
    ]
    heads = [str(question.by), "failures", "of attempts", "workflows", "first", "last"]
    say_table(console, [h for h in heads if of_attempts or h != "of attempts"], rows)


def incidents(console: Console, question: IncidentsWanted, *, as_json: bool) -> None:
    """
    Print the incidents that are asked for.

    Raises:
        Complaint: If nobody answers.
    """
    found: Sequence[Incident] = asked("control.list_incidents", question, list[Incident])
    if as_json:
        say_json([one.as_json() for one in found])
        return
    rows = [
        (
            one.id,
            one.platform,
            clock(one.first_failure_at),
            span(one.mttd),
            "open" if one.mttr is None else span(one.mttr),
            one.what,
            one.proof or "",
        )
        for one in found
    ]
    heads = ("id", "platform", "first failure", "seen after", "well after", "what", "proof")
    say_table(console, heads, rows)


def incident(console: Console, name: str, *, as_json: bool) -> None:
    """
    Print the incident *name* with its timeline.

    Raises:
        Complaint: If there is none of that name, or nobody answers.
    """
    question = IncidentsWanted(id=name)
    found: Sequence[Incident] = asked("control.list_incidents", question, list[Incident])
    if not found:
        raise Complaint(f"There is no incident {printable(name)}: `contexten incidents` has them.")
    one = found[0]
    if as_json:
        say_json(one.as_json())
        return
    for line in told(one):
        console.print(printable(line), soft_wrap=True)


def told(one: Incident) -> Iterable[str]:
    """What there is to say about *one*, line by line."""
    yield f"{one.id}: {one.what}"
    yield f"platform       {one.platform}, noticed by {one.kind}"
    yield f"first failure  {clock(one.first_failure_at)}"
    yield f"detected       {clock(one.opened_at)}, {span(one.mttd)} later (MTTD)"
    if one.mitigated_at is not None:
        later = span(one.mitigated_at - one.first_failure_at)
        yield f"mitigated      {clock(one.mitigated_at)}, {later} after the first failure"
    if one.recovered_at is None or one.mttr is None:
        yield "recovered      not yet"
    else:
        later = span(one.mttr)
        yield f"recovered      {clock(one.recovered_at)}, {later} after the first failure (MTTR)"
        yield f"proof          {one.proof}"
    yield ""
    for moment in one.timeline:
        yield f"{clock(moment.at)}  {moment.what}"


def say_table(console: Console, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print *rows* under their *heads*."""
    if not rows:
        console.print(NOTHING)
        return
    table = Table(box=None)
    for head in heads:
        table.add_column(head, overflow="fold", no_wrap=head in ("at", "id"))
    for row in rows:
        table.add_row(*map(printable, row))
    console.print(table)


def say_json(value: object) -> None:
    """Print *value* as JSON, in ASCII; durations and times as the fields' names say."""
    print(json.dumps(value, indent=2, default=iso))


def iso(value: object) -> str:
    """A time in ISO 8601; whatever else as its text."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def clock(at: datetime) -> str:
    """*at* on the clock of who reads it."""
    return at.astimezone().strftime("%m-%d %H:%M:%S")


def span(of: timedelta) -> str:
    """
    A span as one reads it.

    >>> span(timedelta(seconds=0.0314)), span(timedelta(seconds=3.14)), span(timedelta(seconds=70))
    ('31 ms', '3.1 s', '1:10 min')
    >>> span(timedelta(hours=30))
    '30:00 h'
    """
    seconds = of.total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    small, large, unit = (1, 60, "min") if seconds < 3600 else (60, 3600, "h")
    return f"{int(seconds // large)}:{int(seconds % large // small):02d} {unit}"
