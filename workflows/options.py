"""How a workflow asks for a deed: the queue, the timeouts and the retry policy, from the rules."""

from typing import Any

from temporalio.common import Priority, RetryPolicy

from contexten.retry import RetryRule, rule_for
from workflows.effects import importance
from workflows.pausing import not_paused


def retry_policy(rule: RetryRule) -> RetryPolicy:
    """*rule* in Temporal's terms."""
    return RetryPolicy(
        initial_interval=rule.base_delay,
        backoff_coefficient=rule.backoff_coefficient,
        maximum_interval=rule.max_delay,
        maximum_attempts=rule.maximum_attempts,
        non_retryable_error_types=rule.not_worth_repeating,
    )


async def request(operation: str, summary: str | None = None) -> dict[str, Any]:
    """
    The options under which *operation*, such as ``github.post_comment``, is scheduled.

    Its queue is the part before the dot, its priority the importance of the reaction at work.
    *summary* is shown beside it in the Web UI. A workflow that a person paused waits here.
    """
    await not_paused()
    rule = rule_for(operation)
    return {
        "task_queue": operation.partition(".")[0],
        "start_to_close_timeout": rule.attempt_timeout,
        "schedule_to_close_timeout": rule.deadline,
        "heartbeat_timeout": rule.heartbeat_timeout,
        "retry_policy": retry_policy(rule),
        "priority": Priority(priority_key=importance()),
        "summary": summary,
    }
