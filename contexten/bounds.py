"""
How far a rule may be moved: the bounds that no operator and no learner can pass, as data.

A bound also reads what people write, and writes it as it is read.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from contexten.breaker import BreakerRule
from contexten.durations import duration, said
from contexten.errors import Category
from contexten.retry import RetryRule

NONE = "none"


class OutOfBounds(ValueError):  # noqa: N818 - the name that an editor is answered with
    """A value that no rule may have; the message names field, value and bounds."""


class Bound(Protocol):
    """What one field may be."""

    def read(self, text: str) -> Any:
        """
        The value that *text* says.

        Raises:
            ValueError: If it says none, or one that is out of bounds.
        """

    def write(self, value: Any) -> str:
        """*value* as :meth:`read` reads it."""


@dataclass(frozen=True, slots=True)
class Span:
    """A duration from *least* to *most*; with *or_none*, also ``none``."""

    least: str
    most: str
    or_none: bool = False

    def read(self, text: str) -> timedelta | None:
        """The duration that *text* says."""
        if self.or_none and text.strip().lower() == NONE:
            return None
        span = duration(text)
        within(self, duration(self.least) <= span <= duration(self.most), text)
        return span

    def write(self, value: timedelta | None) -> str:
        """*value* as people write it."""
        return NONE if value is None else said(value)

    def __str__(self) -> str:
        """The bounds in words."""
        return f"from {self.least} to {self.most}" + (f", or {NONE}" if self.or_none else "")


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number from *least* to *most*."""

    least: int
    most: int

    def read(self, text: str) -> int:
        """The number that *text* says."""
        digits = text.strip()
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 12):
            raise ValueError(f"{text[:32]!r} is no whole number; it may be {self}")
        within(self, self.least <= int(digits) <= self.most, text)
        return int(digits)

    def write(self, value: int) -> str:
        """*value* in digits."""
        return str(value)

    def __str__(self) -> str:
        """The bounds in words."""
        return f"{self.least} to {self.most}" if self.least < self.most else f"only {self.most}"


@dataclass(frozen=True, slots=True)
class Number:
    """A number from *least* to *most*, with as many places as one likes."""

    least: float
    most: float

    def read(self, text: str) -> float:
        """The number that *text* says."""
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise ValueError(f"{text[:32]!r} is no number; it may be {self}")
        within(self, self.least <= number <= self.most, text)
        return number

    def write(self, value: float) -> str:
        """*value* in digits, to the last place."""
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)

    def __str__(self) -> str:
        """The bounds in words."""
        return f"{self.least:g} to {self.most:g}"


def within(bound: Bound, holds: bool, text: str) -> None:
    """
    Nothing, if the bound *holds*.

    Raises:
        OutOfBounds: If not.
    """
    if not holds:
        raise OutOfBounds(f"{text.strip()[:32]} is out of bounds; it may be {bound}")


PAUSES: Mapping[str, Bound] = {
    "base_delay": Span("10ms", "1h"),
    "backoff_coefficient": Number(1, 10),
    "max_delay": Span("10ms", "1d"),
}

RETRY: Mapping[str, Bound] = {
    **PAUSES,
    "maximum_attempts": Count(0, 1000),
    "attempt_timeout": Span("1s", "1h"),
    "heartbeat_timeout": Span("1s", "10m", or_none=True),
    "deadline": Span("10s", "30d"),
}

ATTEMPTS: Mapping[Category, Bound] = {
    Category.TRANSIENT: Count(0, 1000),
    Category.SERVER_ERROR: Count(0, 1000),
    Category.AUTHENTICATION: Count(1, 3),
    Category.CLIENT_ERROR: Count(1, 2),
    Category.FATAL: Count(1, 1),
    Category.UNKNOWN: Count(1, 20),
}

BREAKER: Mapping[str, Bound] = {
    "failure_threshold": Count(1, 100),
    "recovery_timeout": Span("1s", "1h"),
    "count_window": Count(10, 10_000),
    "time_window": Span("5s", "1h"),
    "minimum_calls": Count(1, 1000),
    "failure_rate": Number(0.05, 1),
    "slow_call": Span("100ms", "10m"),
    "slow_rate": Number(0.05, 1),
    "probes": Count(1, 20),
    "longest_timeout": Span("1s", "1d"),
    "backoff": Number(1, 10),
}

BUDGET: Mapping[str, Bound] = {
    "ratio": Number(0, 0.5),
    "most": Number(1, 100),
    "broad_failure_ratio": Number(0.05, 1),
    "window": Span("1s", "10m"),
    "minimum_calls": Count(1, 1000),
}


def of_category(category: Category) -> Mapping[str, Bound]:
    """The bounds of a rule's part for *category*."""
    return {"attempts": ATTEMPTS[category], **PAUSES}


def agree(rules: Mapping[str, RetryRule], breakers: Mapping[str, BreakerRule]) -> None:
    """
    Nothing, if the values within each rule agree with each other.

    Raises:
        OutOfBounds: If one is out of the bounds that another gives it.
    """
    for scope, rule in rules.items():
        below(f"{scope}.attempt_timeout", rule.attempt_timeout, "deadline", rule.deadline)
        silence = rule.heartbeat_timeout or timedelta(0)
        below(f"{scope}.heartbeat_timeout", silence, "attempt_timeout", rule.attempt_timeout)
        for category in Category:
            one = rule.for_category(category)
            below(f"{scope}.{category}.base_delay", one.base_delay, "max_delay", one.max_delay)
    for name, breaker in breakers.items():
        at, longest = f"{name}.breaker.recovery_timeout", breaker.longest_timeout
        below(at, breaker.recovery_timeout, "longest_timeout", longest)
        if breaker.minimum_calls > breaker.count_window:
            raise OutOfBounds(f"{name}.breaker.minimum_calls is more than its count_window")


def below(at: str, value: timedelta, name: str, most: timedelta) -> None:
    """
    Nothing, if *value* is at most *most*.

    Raises:
        OutOfBounds: If not.
    """
    if value > most:
        raise OutOfBounds(f"{at} is {said(value)}, which is more than its {name} of {said(most)}")
