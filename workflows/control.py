"""The deeds of the control queue as entities call them, and the probes of the platforms."""

from datetime import timedelta
from typing import Any

from temporalio import exceptions, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, TimeoutType

with workflow.unsafe.imports_passed_through():  # one copy of each value, or `is` tells them apart
    from contexten.incident import Incident
    from contexten.queues import probes_of
    from contexten.standing import Rate

from activities.control import ControlActivities
from contexten.errors import FatalError, RateLimitedError

AT_MOST = timedelta(seconds=5)
QUICKLY = RetryPolicy(
    initial_interval=timedelta(milliseconds=200),
    maximum_interval=timedelta(seconds=2),
    maximum_attempts=3,
)
NOT_MADE = (FatalError.__name__, RateLimitedError.__name__)
"""What a probe ends in that was not let out: for want of a token, or as the platform limits us."""

ONCE = RetryPolicy(maximum_attempts=1)


async def set_queue_rate(queue: str, wanted: Rate) -> None:
    """
    Have *queue* hand out its work as *wanted*.

    Raises:
        ActivityError: If the engine will not have it.
    """
    await workflow.execute_activity_method(
        ControlActivities.set_queue_rate,
        args=[queue, wanted.rps, f"contexten: {wanted.because}"],
        start_to_close_timeout=AT_MOST,
        schedule_to_close_timeout=4 * AT_MOST,
        retry_policy=QUICKLY,
        summary=f"{queue}: {wanted.because or 'open'}"[:200],
    )


async def count_waiting(queue: str) -> int:
    """
    How many calls wait on *queue* for a worker, about.

    Raises:
        ActivityError: If the engine does not say.
    """
    return await workflow.execute_activity_method(
        ControlActivities.count_waiting,
        queue,
        start_to_close_timeout=AT_MOST,
        schedule_to_close_timeout=4 * AT_MOST,
        retry_policy=QUICKLY,
    )


async def read_rules() -> dict[str, Any]:
    """
    The rule book in force, in plain values; nothing at all if nobody has said otherwise.

    Raises:
        ActivityError: If it cannot be read.
    """
    return await workflow.execute_activity_method(
        ControlActivities.read_rules,
        start_to_close_timeout=AT_MOST,
        schedule_to_close_timeout=4 * AT_MOST,
        retry_policy=QUICKLY,
    )


async def save_incident(incident: Incident) -> None:
    """
    Have *incident* kept.

    Raises:
        ActivityError: If it cannot be.
    """
    await workflow.execute_activity_method(
        ControlActivities.save_incident,
        incident,
        start_to_close_timeout=AT_MOST,
        schedule_to_close_timeout=4 * AT_MOST,
        retry_policy=QUICKLY,
        summary=incident.what[:200],
    )


def was_made(error: ActivityError) -> bool:
    """Whether a probe that ended in *error* says anything of its platform at all."""
    cause = error.cause
    if isinstance(cause, exceptions.TimeoutError):
        return cause.type is not TimeoutType.SCHEDULE_TO_START
    return not (isinstance(cause, ApplicationError) and cause.type in NOT_MADE)


async def probe(platform: str, group: str) -> str:
    """
    Have the cheapest honest equivalent of the calls of *group* made, once; what it proves.

    Raises:
        ActivityError: If it failed, or nobody made it.
    """
    said: str = await workflow.execute_activity(
        f"{platform}.probe_group",
        group,
        task_queue=probes_of(platform),
        schedule_to_start_timeout=2 * AT_MOST,
        start_to_close_timeout=3 * AT_MOST,
        retry_policy=ONCE,
        result_type=str,
        summary=f"is {platform}'s {group} well again?",
    )
    return said
