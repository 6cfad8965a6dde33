"""What an exception of a library says does not leave with the failure: it may show a key."""

from datetime import timedelta

import pytest
from temporalio import activity
from temporalio.client import ActivityFailureError, Client
from temporalio.common import RetryPolicy
from temporalio.worker import Worker
from watching import boundary

KEY = "xoxb-a-key-that-nobody-may-see"


@activity.defn(name="slack.read_user")
async def shows_a_key(user: str) -> str:
    """
    Raises:
        KeyError: Always, with the key in it.
    """
    raise KeyError(f"authorization: Bearer {KEY}")


async def test_no_failure_carries_what_a_foreign_exception_says(temporal: Client) -> None:
    async with Worker(
        temporal, task_queue="slack", activities=[shows_a_key], interceptors=[boundary("slack")]
    ):
        with pytest.raises(ActivityFailureError) as failed:
            await temporal.execute_activity(
                shows_a_key,
                "U1",
                id="shows-a-key",
                task_queue="slack",
                start_to_close_timeout=timedelta(seconds=5),
                retry_policy=RetryPolicy(maximum_attempts=1),
            )

    causes, error = [], failed.value.cause
    while error is not None:
        causes.append(repr(error) + str(error))
        error = error.__cause__
    assert causes
    assert not any(KEY in cause for cause in causes)
