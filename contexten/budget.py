"""
The retry budget: how much load repetitions may add to a platform that fails broadly.

A success pays ``ratio`` into a bucket and a repetition takes one out, so where at most a tenth
is paid in, repetitions add at most a tenth. While most calls end well, they are free.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

ENOUGH = 1 - 1e-9
"""A tenth paid in ten times is one, whatever floating point makes of it."""


@dataclass(frozen=True, slots=True)
class BudgetRule:
    """
    How much repetition a platform is asked to bear.

    Attributes:
        ratio: What a success pays in: repetitions for each call, 0 to 1.
        most: How many repetitions can be saved up.
        broad_failure_ratio: The share of failed calls from which repetitions cost, 0 to 1.
        window: How long a call counts for that share, give or take half.
        minimum_calls: How many calls there must be before that share says anything.
    """

    ratio: float = 0.1
    most: float = 10.0
    broad_failure_ratio: float = 0.5
    window: timedelta = timedelta(seconds=30)
    minimum_calls: int = 20


@dataclass(frozen=True, slots=True)
class Half:
    """
    The calls of half a window.

    Attributes:
        at: When the first of them was reported.
    """

    at: datetime
    calls: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Budget:
    """
    One platform's budget. Every method answers with the next one.

    Attributes:
        tokens: Repetitions saved up.
        newest: The calls of this half of the window; None before the first call.
        before: Those of the half before it.
    """

    tokens: float = BudgetRule().most
    newest: Half | None = None
    before: Half | None = None

    def succeeded(self, rule: BudgetRule, now: datetime) -> "Budget":
        """A call came back well, and pays in."""
        return self._counted(min(self.tokens + rule.ratio, rule.most), 0, rule, now)

    def failed(self, rule: BudgetRule, now: datetime) -> "Budget":
        """A call came back badly, and pays nothing."""
        return self._counted(min(self.tokens, rule.most), 1, rule, now)

    def retry(self, rule: BudgetRule, now: datetime) -> tuple["Budget", bool]:
        """May a call be repeated at *now*? The next budget, and yes or no."""
        if not self.fails_broadly(rule, now):
            return self, True
        if min(self.tokens, rule.most) < ENOUGH:
            return self, False
        return replace(self, tokens=max(min(self.tokens, rule.most) - 1, 0.0)), True

    def fails_broadly(self, rule: BudgetRule, now: datetime) -> bool:
        """Whether so many calls failed of late that a repetition is paid for."""
        halves = [one for one in (self.newest, self.before) if one and now - one.at < rule.window]
        calls = sum(one.calls for one in halves)
        failures = sum(one.failures for one in halves)
        return calls >= max(rule.minimum_calls, 1) and failures >= rule.broad_failure_ratio * calls

    def _counted(self, tokens: float, failures: int, rule: BudgetRule, now: datetime) -> "Budget":
        newest, before = self.newest, self.before
        if newest is None or (now - newest.at) * 2 >= rule.window:
            newest, before = Half(now), newest
        half = Half(newest.at, newest.calls + 1, newest.failures + failures)
        return Budget(tokens, half, before)
