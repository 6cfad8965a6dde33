"""
What a new version of the rule book means for calls that already wait for their next try.

The engine keeps the pause that was in force when a call failed. So calls whose pause is now
shorter are moved, and those that may now take longer are told so; nothing is ever cut short.
"""

from dataclasses import dataclass
from datetime import timedelta

from contexten.errors import Category, RateLimitedError
from contexten.operations import OPERATIONS
from contexten.retry import CategoryRule, RetryRule, longest_before
from contexten.rulebook import RuleBook

WAIT_FOR_SOMETHING_ELSE = (RateLimitedError.__name__, "Parked")
"""The platform named their time, or a gate is closed before them."""


@dataclass(frozen=True, slots=True)
class Tempo:
    """
    How fast calls of one operation are repeated from now on.

    Attributes:
        operation: Which.
        base_delay_s: The longest pause before the second attempt.
        backoff_coefficient: What that is multiplied by for each further one.
        max_delay_s: The longest pause of all.
        attempt_timeout_s: How long one attempt may take; 0 if that is no more than it was.
        sooner: Whether calls that wait are to be moved.
    """

    operation: str
    base_delay_s: float
    backoff_coefficient: float
    max_delay_s: float
    attempt_timeout_s: float = 0.0
    sooner: bool = True

    def longest_before(self, attempt: int) -> timedelta:
        """The longest pause there is now before try number *attempt*."""
        base, cap = timedelta(seconds=self.base_delay_s), timedelta(seconds=self.max_delay_s)
        return longest_before(attempt, CategoryRule(0, base, self.backoff_coefficient, cap))

    def is_too_far(self, attempt: int, wait: timedelta, failed_of: str) -> bool:
        """Whether a call that has *wait* to go until try *attempt* is to be moved."""
        by_rule = failed_of not in WAIT_FOR_SOMETHING_ELSE
        return self.sooner and by_rule and wait > self.longest_before(attempt)


@dataclass(frozen=True, slots=True)
class Hastening:
    """
    A wish to have waiting calls follow a new version.

    Attributes:
        version: Which.
        tempos: What is otherwise now, by operation.
    """

    version: int
    tempos: tuple[Tempo, ...]


@dataclass(frozen=True, slots=True)
class Hastened:
    """
    What became of it.

    Attributes:
        how: ``each``, one call after the other; ``batch``, by the engine; ``none``, if it can
            neither; ``needless``, if no call is concerned.
        moved: Calls that were moved; None if the engine does not say.
        looked_at: Workflows that were looked at.
    """

    how: str
    moved: int | None
    looked_at: int

    def __str__(self) -> str:
        """It in one line."""
        if self.how == "needless":
            return "nothing that waits is concerned"
        if self.how == "none":
            return "the engine cannot move waiting calls: each takes it up at its next try"
        if self.moved is None:
            return f"the engine moved what waited in {self.looked_at} workflows"
        calls = "call" if self.moved == 1 else "calls"
        return f"{self.moved} waiting {calls} moved, of {self.looked_at} workflows"


def tempos(old: RuleBook, new: RuleBook) -> tuple[Tempo, ...]:
    """What *new* means for calls that wait under *old*; nothing where nothing gets faster."""
    both = ((name, old.rule_for(name), new.rule_for(name)) for name in sorted(OPERATIONS))
    found = (tempo(name, before, after) for name, before, after in both if before != after)
    return tuple(one for one in found if one.sooner or one.attempt_timeout_s)


def tempo(operation: str, old: RetryRule, new: RetryRule) -> Tempo:
    """What *new* means for calls of *operation* that wait under *old*."""
    before, after = quickest(old), quickest(new)
    longer = new.attempt_timeout > old.attempt_timeout
    sooner = (
        after.base_delay < before.base_delay
        or after.backoff_coefficient < before.backoff_coefficient
        or after.max_delay < before.max_delay
    )
    return Tempo(
        operation,
        after.base_delay.total_seconds(),
        after.backoff_coefficient,
        after.max_delay.total_seconds(),
        new.attempt_timeout.total_seconds() if longer else 0.0,
        sooner,
    )


def quickest(rule: RetryRule) -> CategoryRule:
    """
    The least that *rule* has for any category that is tried again.

    A call that is moved too early for its own category only meets its gate once more.
    """
    each = [one for c in Category if (one := rule.for_category(c)).attempts != 1]
    each = each or [rule.for_category(Category.UNKNOWN)]
    return CategoryRule(
        0,
        min(one.base_delay for one in each),
        min(one.backoff_coefficient for one in each),
        min(one.max_delay for one in each),
    )
