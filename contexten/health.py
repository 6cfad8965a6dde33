"""
Health, as values: what a check is, what it found, and how to declare one.

    from contexten.health import Family, Reading, Status, check

    @check("licence", family=Family.APPLICATION, critical=True)
    def licence() -> Reading:
        days = days_left()
        return Reading(Status.HEALTHY if days > 7 else Status.UNHEALTHY, "days left", days, "d")

A module of such functions is named in the setting ``CHECKS``. A check is a function or a
coroutine, of nothing or of what the built-in ones look at. One that raises, or takes longer
than its timeout, is unhealthy, and says so.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

USUAL_TIMEOUT = timedelta(seconds=2)
LONGEST_TIMEOUT = timedelta(seconds=8)
LONGEST_SAID = 300
MARK = "__health_check__"

Function = TypeVar("Function", bound=Callable[..., Any])


class Status(StrEnum):
    """How a check stands; UNKNOWN where there is nothing to judge by."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    UNKNOWN = "unknown"


class Family(StrEnum):
    """What a check is about: this machine, our own work, a platform, or the agents."""

    SYSTEM = "system"
    APPLICATION = "application"
    INTEGRATION = "integration"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Check:
    """
    One check, as it was declared.

    Attributes:
        name: What it is called, once among all of them.
        critical: Whether the service level depends on it.
        timeout: How long it may take before it counts as unhealthy.
    """

    name: str
    family: Family
    critical: bool = False
    timeout: timedelta = USUAL_TIMEOUT

    def __post_init__(self) -> None:
        """
        Raises:
            ValueError: If the name is empty, or the timeout out of bounds.
        """
        if not self.name:
            raise ValueError("a check has a name")
        if not timedelta() < self.timeout <= LONGEST_TIMEOUT:
            raise ValueError(f"{self.name}: a timeout is above 0 and at most 8 s")


@dataclass(frozen=True, slots=True)
class Reading:
    """
    What a check found.

    Attributes:
        said: It in plain words.
        value: What was measured; None if nothing was.
        unit: Of what that is a number: ``%``, ``s``, ``calls/min``.
        seen_at: When what it judges by happened; None if that is now. Judging the same event
            in two rounds is no news.
        proven_at: When the real operation last went well. Without either time that is now:
            the check itself has just done it.
    """

    status: Status
    said: str = ""
    value: float | None = None
    unit: str = ""
    seen_at: datetime | None = None
    proven_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """
    What one check found in one round.

    Attributes:
        at: When it was found, UTC.
        took_s: How long that took, seconds.
        seen_at: When what it judges by happened.
        proven_at: When the real operation last went well; None if it is not known to.
    """

    name: str
    family: Family
    critical: bool
    status: Status
    value: float | None
    unit: str
    said: str
    at: datetime
    took_s: float
    seen_at: datetime
    proven_at: datetime | None

    @classmethod
    def of(cls, check: Check, reading: Reading, at: datetime, took: timedelta) -> "Result":
        """What *check* found, which ended *at* that time."""
        done_now = reading.status in (Status.HEALTHY, Status.DEGRADED) and not reading.seen_at
        return cls(
            check.name,
            check.family,
            check.critical,
            reading.status,
            finite(reading.value),
            reading.unit,
            reading.said[:LONGEST_SAID],
            at,
            took.total_seconds(),
            reading.seen_at or at,
            reading.proven_at or (at if done_now else None),
        )


@dataclass(frozen=True, slots=True)
class Bounds:
    """From which values on a measure is degraded, and unhealthy."""

    degraded: float
    unhealthy: float

    def status(self, value: float) -> Status:
        """
        How *value* stands.

        >>> [str(Bounds(0.8, 0.9).status(value)) for value in (0.79, 0.8, 0.9)]
        ['healthy', 'degraded', 'unhealthy']
        """
        if value >= self.unhealthy:
            return Status.UNHEALTHY
        return Status.DEGRADED if value >= self.degraded else Status.HEALTHY


def check(
    name: str,
    *,
    family: Family,
    critical: bool = False,
    timeout: timedelta = USUAL_TIMEOUT,
) -> Callable[[Function], Function]:
    """
    Declare a function to be the check *name*.

    Raises:
        ValueError: If there can be no such check.
    """
    declared = Check(name, family, critical, timeout)

    def mark(function: Function) -> Function:
        setattr(function, MARK, declared)
        return function

    return mark


def check_of(function: object) -> Check | None:
    """The check that *function* was declared to be; None if it was not."""
    found = getattr(function, MARK, None)
    return found if isinstance(found, Check) else None


def finite(value: object) -> float | None:
    """*value* as a number that can be written down; None if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
