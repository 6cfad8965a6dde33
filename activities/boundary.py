"""The joint through which errors leave activities and reach Temporal, once for all of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from temporalio import activity
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

from contexten.errors import NOT_WORTH_REPEATING, PlatformError


@contextmanager
def told_to_temporal() -> Iterator[None]:
    """Let a PlatformError leave under its own name, with the pause it asks for."""
    try:
        yield
    except PlatformError as error:
        name = type(error).__name__
        raise ApplicationError(
            str(error),
            {"platform": error.platform, "status": error.status},
            type=name,
            non_retryable=name in NOT_WORTH_REPEATING,
            next_retry_delay=pause(error.retry_after),
        ) from error


def pause(asked: timedelta | None) -> timedelta | None:
    """
    The pause before the next attempt; None for that of the retry policy.

    It is as long as *asked* for, but not shorter than the policy has it by now: who is asked
    again and again after a short pause gets no rest.
    """
    policy = activity.info().retry_policy if activity.in_activity() else None
    if asked is None or policy is None:
        return asked
    return max(asked, usual_pause(policy, activity.info().attempt))


def usual_pause(policy: RetryPolicy, attempt: int) -> timedelta:
    """
    The pause that *policy* has after *attempt*, of which the first is 1.

    >>> usual_pause(RetryPolicy(initial_interval=timedelta(seconds=1)), 4)
    datetime.timedelta(seconds=8)
    """
    longest = policy.maximum_interval or policy.initial_interval * 100
    growth = policy.backoff_coefficient ** min(attempt - 1, 100)
    return timedelta(
        seconds=min(policy.initial_interval.total_seconds() * growth, longest.total_seconds())
    )
