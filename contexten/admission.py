"""Whether an attempt may go out: let out, parked for a while, skipped, or too late."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from contexten.calls import Call
from contexten.degradation import Level, parks, skips
from contexten.durations import said
from contexten.snapshot import Snapshot
from contexten.standing import Standing
from contexten.times import LONG_AGO, overlap

SOON = timedelta(seconds=1)
NEVER_SOONER = timedelta(milliseconds=50)
HELD_FOR = timedelta(seconds=4)
"""How long a call is parked at most that reached a worker while its queue was being held."""

SHUT_FOR = timedelta(seconds=30)
"""How long a call is parked at most while nothing tells when it may go out."""


class Admitted(StrEnum):
    """What becomes of an attempt before it is made."""

    OUT = "out"
    PARKED = "parked"
    SKIPPED = "skipped"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Admission:
    """
    Attributes:
        how: What becomes of it.
        because: Why it is not let out.
        pause: How long it is parked.
    """

    how: Admitted
    because: str = ""
    pause: timedelta = timedelta(0)


OUT = Admission(Admitted.OUT)


def parked(pause: timedelta, because: str) -> Admission:
    """Not now: again after *pause*."""
    return Admission(Admitted.PARKED, because, max(pause, NEVER_SOONER))


def elapsed(call: Call, standing: Standing, now: datetime) -> timedelta:
    """How long *call* has been under way, without the time it was parked."""
    held = overlap(standing.spans, call.scheduled_at, now)
    return max(timedelta(0), now - call.scheduled_at - held - call.tries.parked_for)


def admission(call: Call, snapshot: Snapshot, now: datetime, dice: float) -> Admission:
    """
    What the cluster's state makes of *call* at *now*.

    Args:
        dice: A number in [0, 1) that spreads those who come back.
    """
    standing = snapshot.gate(call.platform)
    deadline = snapshot.book.rule_for(call.operation).deadline
    if skips(snapshot.level, call.operation, snapshot.on):
        return Admission(Admitted.SKIPPED, f"at level {snapshot.level} it is left out")
    if call.attempt > 1 and elapsed(call, standing, now) >= deadline:
        return Admission(Admitted.EXPIRED, f"its deadline of {said(deadline)} is over")
    if standing.held is not None:
        return parked(SOON + (HELD_FOR - SOON) * dice, standing.held)
    if call.repository and (why := snapshot.paused.get(call.repository.lower())):
        return parked(SHUT_FOR * (0.5 + dice), f"{call.repository}: {why}")
    if parks(snapshot.level, call.priority, snapshot.on):
        held = snapshot.level is Level.MAINTENANCE  # so is its queue: few come here, and briefly
        pause = SOON + (HELD_FOR - SOON) * dice if held else SHUT_FOR * (0.5 + dice)
        return parked(pause, f"at level {snapshot.level} it waits")
    return of_group(call, standing, now, dice)


def of_group(call: Call, standing: Standing, now: datetime, dice: float) -> Admission:
    """What the limit and the breaker of the call's group make of it."""
    limited = standing.limited.get(call.group)
    if limited is not None and limited > now:
        return parked(until(limited, now, dice), f"{call.platform} limits us until {limited:%X}")
    if call.group in standing.shut and not standing.lenient:
        left = (standing.shut[call.group] or LONG_AGO) - now
        pause = min(max(left, SOON), SHUT_FOR)
        return parked(pause + SOON * dice, f"the breaker of {call.platform}'s {call.group} is open")
    return OUT


def until(limited: datetime, now: datetime, dice: float) -> timedelta:
    """
    A pause until a limit is over, and up to a tenth longer, 30 s at most.

    All that wait for it would else come back in the same moment.
    """
    left = limited - now
    return left + min(left / 10 + SOON, SHUT_FOR) * dice
