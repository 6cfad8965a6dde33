"""
How patient we are with each platform: what the rules are made of, and the ones we ship.

What is declared here is in force until somebody edits the rule book, ``contexten.rulebook``.
Temporal carries the rules out: no client retries, no activity loops.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from contexten.errors import NOT_WORTH_REPEATING, Category
from contexten.queues import Queue


@dataclass(frozen=True, slots=True)
class CategoryRule:
    """
    How often and how fast a call is tried again after failures of one category.

    Attributes:
        attempts: Attempts in all that may fail so; 0 means as many as fit into the deadline.
        base_delay: The longest pause before the second attempt.
        backoff_coefficient: What that is multiplied by for each further one; at least 1.
        max_delay: The longest pause of all.
    """

    attempts: int = 0
    base_delay: timedelta = timedelta(seconds=1)
    backoff_coefficient: float = 2.0
    max_delay: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class CategoryChange:
    """What a category has otherwise than its rule; None where it has the same."""

    attempts: int | None = None
    base_delay: timedelta | None = None
    backoff_coefficient: float | None = None
    max_delay: timedelta | None = None


CATEGORIES: Mapping[Category, CategoryChange] = {
    Category.TRANSIENT: CategoryChange(attempts=0),
    Category.SERVER_ERROR: CategoryChange(attempts=0),
    Category.AUTHENTICATION: CategoryChange(attempts=2),
    Category.CLIENT_ERROR: CategoryChange(attempts=1),
    Category.FATAL: CategoryChange(attempts=1),
    Category.UNKNOWN: CategoryChange(attempts=5),
}
"""Who may be tried how often unless a rule says otherwise; a limit that names its end is obeyed."""


@dataclass(frozen=True, slots=True)
class RetryRule:
    """
    How often, how fast and for how long one kind of call is tried.

    Attributes:
        base_delay: The longest pause before the second attempt.
        backoff_coefficient: What each pause is multiplied by to give the next; at least 1.
        max_delay: The longest pause.
        maximum_attempts: Attempts in all; 0 means as many as fit into ``deadline``.
        attempt_timeout: How long one attempt may take.
        heartbeat_timeout: How long one attempt may be silent; None for short calls.
        deadline: How long all attempts and pauses may take together.
        not_worth_repeating: Error names after which no further attempt is made.
        categories: What is otherwise for failures of a category.
    """

    base_delay: timedelta = timedelta(seconds=1)
    backoff_coefficient: float = 2.0
    max_delay: timedelta = timedelta(seconds=30)
    maximum_attempts: int = 0
    attempt_timeout: timedelta = timedelta(seconds=30)
    heartbeat_timeout: timedelta | None = None
    deadline: timedelta = timedelta(days=1)
    not_worth_repeating: tuple[str, ...] = NOT_WORTH_REPEATING
    categories: Mapping[Category, CategoryChange] = field(default_factory=lambda: CATEGORIES)

    def for_category(self, category: Category) -> CategoryRule:
        """
        The rule after failures of *category*.

        >>> RetryRule(maximum_attempts=3).for_category(Category.UNKNOWN).attempts
        3
        """
        change = self.categories.get(category) or CATEGORIES[category]
        attempts = change.attempts
        if attempts is None:
            attempts = CATEGORIES[category].attempts or 0
        return CategoryRule(
            fewer(attempts, self.maximum_attempts),
            self.base_delay if change.base_delay is None else change.base_delay,
            self.backoff_coefficient
            if change.backoff_coefficient is None
            else change.backoff_coefficient,
            self.max_delay if change.max_delay is None else change.max_delay,
        )


def fewer(one: int, other: int) -> int:
    """The lower of two numbers of attempts, of which 0 is without end."""
    return min(one, other) if one and other else one or other


def wait_before(attempt: int, rule: CategoryRule, dice: float) -> timedelta:
    """
    The pause before try number *attempt*: anything up to the longest that *rule* has for it.

    That longest grows from ``base_delay`` by ``backoff_coefficient`` up to ``max_delay``. The
    dice choose evenly between nothing and all of it ("full jitter"), so that a crowd of callers
    that failed together does not come back together.

    Args:
        attempt: The try that comes next; 2 is the first one that waits.
        rule: How patient to be.
        dice: A number in [0, 1). The caller throws it.

    Raises:
        ValueError: If *attempt* is below 2, or *dice* is not in [0, 1).

    >>> wait_before(4, CategoryRule(base_delay=timedelta(seconds=1)), dice=0.5)
    datetime.timedelta(seconds=2)
    """
    if attempt < 2 or not 0 <= dice < 1:
        raise ValueError(f"no pause before try {attempt} with dice {dice}")
    return longest_before(attempt, rule) * dice


def longest_before(attempt: int, rule: CategoryRule) -> timedelta:
    """The longest pause that *rule* has before try number *attempt*, of which 2 is the first."""
    try:
        return min(rule.base_delay * rule.backoff_coefficient ** (attempt - 2), rule.max_delay)
    except OverflowError:
        return rule.max_delay


QUEUES: Mapping[str, RetryRule] = {
    Queue.GITHUB: RetryRule(attempt_timeout=timedelta(seconds=30)),
    Queue.LINEAR: RetryRule(attempt_timeout=timedelta(seconds=20)),
    Queue.SLACK: RetryRule(attempt_timeout=timedelta(seconds=20)),
    Queue.MODEL: RetryRule(
        base_delay=timedelta(seconds=2),
        max_delay=timedelta(minutes=1),
        maximum_attempts=20,
        attempt_timeout=timedelta(minutes=5),
        heartbeat_timeout=timedelta(seconds=30),
        deadline=timedelta(hours=1),
    ),
    Queue.CONTROL: RetryRule(
        max_delay=timedelta(seconds=5),
        attempt_timeout=timedelta(seconds=10),
        deadline=timedelta(minutes=15),
    ),
    Queue.TOOLS: RetryRule(
        max_delay=timedelta(seconds=10),
        maximum_attempts=5,
        attempt_timeout=timedelta(seconds=60),
        heartbeat_timeout=timedelta(seconds=30),
        deadline=timedelta(hours=1),
    ),
}
"""A rule named for a queue holds for every call on it."""

OWN: Mapping[str, Mapping[str, Any]] = {
    "github.list_failed_deliveries": {
        "attempt_timeout": timedelta(minutes=5),
        "heartbeat_timeout": timedelta(seconds=30),
        "deadline": timedelta(minutes=15),
    },
    "github.redeliver": {"deadline": timedelta(minutes=5)},
    "model.probe_group": {"attempt_timeout": timedelta(minutes=1)},
    "control.hasten_waiting_calls": {
        "attempt_timeout": timedelta(minutes=5),
        "heartbeat_timeout": timedelta(seconds=30),
    },
}
"""What one call has otherwise than its queue."""

RULES: dict[str, RetryRule] = {
    **QUEUES,
    **{name: replace(QUEUES[name.partition(".")[0]], **own) for name, own in OWN.items()},
}


def rule_for(operation: str) -> RetryRule:
    """
    The rule we ship for *operation*, such as ``github.post_comment``: its own, else its queue's.

    Raises:
        KeyError: If neither the operation nor its queue has a rule.

    >>> rule_for("slack.post_message").attempt_timeout
    datetime.timedelta(seconds=20)
    """
    if operation in RULES:
        return RULES[operation]
    return RULES[operation.partition(".")[0]]
