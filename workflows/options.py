"""How a workflow asks for a deed: the queue, the timeouts and the retry policy, from the rules."""

from typing import Any

from temporalio.common import RetryPolicy

from contexten.retry import RetryRule, rule_for


def retry_policy(rule: RetryRule) -> RetryPolicy:
    """*rule* in Temporal's terms."""
    return RetryPolicy(
        initial_interval=rule.base_delay,
        backoff_coefficient=rule.backoff_coefficient,
        maximum_interval=rule.max_delay,
        maximum_attempts=rule.maximum_attempts,
        non_retryable_error_types=rule.not_worth_repeating,
    )


def request(operation: str, summary: str | None = None) -> dict[str, Any]:
    """
    The options under which *operation*, such as ``github.post_comment``, is scheduled.

    Its queue is the part before the dot. *summary* is shown beside it in the Web UI.
    """
    rule = rule_for(operation)
    return {
        "task_queue": operation.partition(".")[0],
        "start_to_close_timeout": rule.attempt_timeout,
        "schedule_to_close_timeout": rule.deadline,
        "heartbeat_timeout": rule.heartbeat_timeout,
        "retry_policy": retry_policy(rule),
        "summary": summary,
    }
