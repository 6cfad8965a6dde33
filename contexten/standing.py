"""What follows from a platform's gate: how fast its queue goes, and what workers know of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contexten.breaker import Forced, State
from contexten.gate import UNPROVEN_AFTER, WHOLE, Gate, Rules
from contexten.times import Span, iso, moment


@dataclass(frozen=True, slots=True)
class Rate:
    """
    How fast a queue hands out its work.

    Attributes:
        rps: Calls a second; 0 holds it, None lets it be.
        because: Why, in plain words.
    """

    rps: float | None
    because: str = ""


OPEN = Rate(None)


def rate(gate: Gate, rules: Rules, now: datetime) -> Rate:
    """How fast the platform's queue may hand out work at *now*, and why."""
    for hold, kind in ((gate.paused, "paused"), (gate.held, "held")):
        if hold:
            until = f" until {hold.until:%H:%M:%S}" if hold.until else ""
            return Rate(0.0, hold.said(kind) + until)
    if gate.whole.forced is not None:
        refused = gate.whole.forced is Forced.OPEN
        until = f" until {gate.forced_until:%H:%M:%S}" if gate.forced_until else ""
        return Rate(0.0, f"breaker forced open{until}") if refused else OPEN
    if gate.whole.state is not State.CLOSED:
        return while_not_closed(gate, rules)
    if gate.ramping_since is not None:
        allowed = rules.ramp.rate(gate.pace.usual, gate.ramping_since, now)
        return Rate(allowed, f"work returns in a ramp since {gate.ramping_since:%H:%M:%S}")
    return OPEN


def while_not_closed(gate: Gate, rules: Rules) -> Rate:
    """How fast the queue goes while its breaker is open, or half open."""
    whole = gate.whole
    if whole.state is State.OPEN:
        again = f"; probes at {whole.refuses_until:%H:%M:%S}" if whole.refuses_until else ""
        return Rate(0.0, f"breaker open: {whole.why}{again}")
    if gate.trickling_since is None:
        return Rate(0.0, "breaker half open: probing")
    return Rate(rules.ramp.trickle, "breaker half open: a trickle must pass")


def next_due(gate: Gate, rules: Rules, now: datetime) -> datetime | None:
    """When the time alone changes something next; None if it never does."""
    dues = [gate.forced_until]
    dues += [hold.until for hold in (gate.paused, gate.held) if hold]
    dues += [gate.breakers[group].refuses_until for group in gate.breakers if turns(gate, group)]
    dues += list(gate.limited.values())
    if gate.trickling_since:
        dues.append(gate.trickling_since + UNPROVEN_AFTER)
    if gate.ramping_since:
        dues.append(now + rules.ramp.doubles_every)
    return min((due for due in dues if due), default=None)


def turns(gate: Gate, group: str) -> bool:
    """Whether the time alone lets the breaker of *group* leave its state."""
    breaker = gate.breakers[group]
    if breaker.forced or breaker.state is State.CLOSED:
        return False
    return gate.trickling_since is None if group == WHOLE else gate.whole.state is State.CLOSED


def standing(gate: Gate, rules: Rules, now: datetime) -> dict[str, Any]:
    """What workers and people need to know of *gate*, as plain values for :func:`understood`."""
    allowed = rate(gate, rules, now)
    return {
        "version": gate.version,
        "rate": allowed.rps,
        "because": allowed.because,
        "breakers": {
            group: {
                "state": one.state,
                "forced": one.forced,
                "until": iso(one.refuses_until),
                "why": one.why,
            }
            for group, one in gate.breakers.items()
        },
        "limited": {group: iso(until) for group, until in gate.limited.items()},
        "spans": [[iso(since), iso(until)] for since, until in gate.spans],
        "rules": rules.version,
    }


@dataclass(frozen=True, slots=True)
class Standing:
    """
    A platform's gate as a worker knows it.

    Attributes:
        version: Grows whenever a breaker changed its state.
        held: Why no calls may go out; None if they may.
        rate: Calls a second that its queue hands out; None if as many as there are.
        watched: Whether the entity waits for news, good or bad: while a breaker is not closed.
        lenient: Whether a person wants no breaker to refuse anything.
        shut: By group whose breaker is not closed, until when it refuses; none while that of
            the whole platform is not closed, for then the queue itself is slow enough.
        limited: By group, until when the platform wants no calls.
        spans: When the queue was held.
    """

    version: int = 0
    held: str | None = None
    rate: float | None = None
    watched: bool = False
    lenient: bool = False
    shut: Mapping[str, datetime | None] = field(default_factory=dict)
    limited: Mapping[str, datetime] = field(default_factory=dict)
    spans: tuple[Span, ...] = ()


def understood(said: Any) -> Standing:
    """
    What :func:`standing` gave.

    Raises:
        ValueError: If *said* is anything else.
    """
    try:
        breakers = said["breakers"]
        limited = {group: moment(until) for group, until in said["limited"].items()}
        return Standing(
            version=int(said["version"]),
            held=str(said["because"]) if said["rate"] == 0 else None,
            rate=None if said["rate"] is None else float(said["rate"]),
            watched=any(map(is_shut, breakers.values())),
            lenient=breakers[WHOLE]["forced"] in (Forced.CLOSED, Forced.METRICS_ONLY),
            shut={
                group: moment(one["until"])
                for group, one in breakers.items()
                if group != WHOLE and is_shut(one) and not is_shut(breakers[WHOLE])
            },
            limited={group: until for group, until in limited.items() if until},
            spans=spans_of(said["spans"]),
        )
    except (AttributeError, LookupError, TypeError, OverflowError) as error:
        raise ValueError(f"not a gate's standing: {type(error).__name__} {error}") from None


def is_shut(said: Any) -> bool:
    """Whether a breaker is not closed."""
    return bool(said["state"] != State.CLOSED)


def spans_of(said: Any) -> tuple[Span, ...]:
    """The spans in *said*, without those that cannot be read."""
    read = [(moment(since), moment(until)) for since, until in said]
    return tuple((since, until) for since, until in read if since)
