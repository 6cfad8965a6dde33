"""
How patient we are with each platform. The one place where retry rules are declared, as data.

Temporal carries them out: no client retries, no activity loops.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from contexten.errors import NOT_WORTH_REPEATING
from contexten.queues import Queue


@dataclass(frozen=True, slots=True)
class RetryRule:
    """
    How often, how fast and for how long one kind of call is tried.

    Attributes:
        base_delay: The pause before the second attempt.
        backoff_coefficient: What each pause is multiplied by to give the next; at least 1.
        max_delay: The longest pause.
        maximum_attempts: Attempts in all; 0 means as many as fit into ``deadline``.
        attempt_timeout: How long one attempt may take.
        heartbeat_timeout: How long one attempt may be silent; None for short calls.
        deadline: How long all attempts and pauses may take together.
        not_worth_repeating: Error names after which no further attempt is made.
    """

    base_delay: timedelta = timedelta(seconds=1)
    backoff_coefficient: float = 2.0
    max_delay: timedelta = timedelta(seconds=30)
    maximum_attempts: int = 0
    attempt_timeout: timedelta = timedelta(seconds=30)
    heartbeat_timeout: timedelta | None = None
    deadline: timedelta = timedelta(days=1)
    not_worth_repeating: tuple[str, ...] = NOT_WORTH_REPEATING


LONG = RetryRule(attempt_timeout=timedelta(minutes=5), heartbeat_timeout=timedelta(seconds=30))

RULES: dict[str, RetryRule] = {
    Queue.GITHUB: RetryRule(attempt_timeout=timedelta(seconds=30)),
    Queue.LINEAR: RetryRule(attempt_timeout=timedelta(seconds=20)),
    Queue.SLACK: RetryRule(attempt_timeout=timedelta(seconds=20)),
    Queue.CONTROL: RetryRule(
        max_delay=timedelta(seconds=5),
        attempt_timeout=timedelta(seconds=10),
        deadline=timedelta(minutes=15),
    ),
    "github.list_failed_deliveries": replace(LONG, deadline=timedelta(minutes=15)),
    "github.redeliver": RetryRule(deadline=timedelta(minutes=5)),
}


def rule_for(operation: str) -> RetryRule:
    """
    The rule for *operation*, such as ``github.post_comment``: its own, else its platform's.

    Raises:
        KeyError: If neither the operation nor its platform has a rule.

    >>> rule_for("slack.post_message").attempt_timeout
    datetime.timedelta(seconds=20)
    """
    if operation in RULES:
        return RULES[operation]
    return RULES[operation.partition(".")[0]]
