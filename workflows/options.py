"""How a workflow asks for a deed: the queue, the timeouts and the retry policy, from the rules."""

from datetime import timedelta
from typing import Any

from temporalio.common import Priority, RetryPolicy

from contexten.operations import PLATFORMS
from contexten.retry import RetryRule, rule_for
from workflows.effects import importance
from workflows.pausing import not_paused

RULE = "contexten_rule"
"""Under which name a workflow finds the rules in force."""

PARKED_AT_MOST = timedelta(days=400)
"""
How long a call to a platform may be parked besides its deadline, which is longer than any order.

The engine does not count that apart; the boundary does, and keeps the deadline itself.
"""


def retry_policy(rule: RetryRule) -> RetryPolicy:
    """
    *rule* in Temporal's terms.

    How often is decided where the attempts are made: by category, and without those that were
    parked. So Temporal itself counts none, and takes no error for the last.
    """
    return RetryPolicy(
        initial_interval=rule.base_delay,
        backoff_coefficient=rule.backoff_coefficient,
        maximum_interval=rule.max_delay,
        maximum_attempts=0,
    )


def timing(rule: RetryRule) -> dict[str, Any]:
    """The timeouts and the retry policy that *rule* means for a call that is never parked."""
    return {
        "start_to_close_timeout": rule.attempt_timeout,
        "schedule_to_close_timeout": rule.deadline,
        "heartbeat_timeout": rule.heartbeat_timeout,
        "retry_policy": retry_policy(rule),
    }


def parkable(rule: RetryRule) -> dict[str, Any]:
    """The same for a call to a platform, which may be parked."""
    return {**timing(rule), "schedule_to_close_timeout": rule.deadline + PARKED_AT_MOST}


async def request(operation: str, summary: str | None = None) -> dict[str, Any]:
    """
    The options under which *operation*, such as ``github.post_comment``, is scheduled.

    Its queue is the part before the dot, its priority the importance of the reaction at work.
    *summary* is shown beside it in the Web UI. A workflow that a person paused waits here.
    """
    await not_paused()
    queue, rule = operation.partition(".")[0], rule_for(operation)
    return {
        "task_queue": queue,
        "priority": Priority(priority_key=importance()),
        "summary": summary,
        **(parkable(rule) if queue in PLATFORMS else timing(rule)),
    }
