"""What is done over and over: the schedules that the engine keeps for us."""

from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleHandle,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from contexten.operations import PROBED_WHEN_QUIET
from contexten.queues import Queue
from starter.settings import Settings
from workflows.health import HealthWorkflow, Wanted
from workflows.sweep import Sweep, SweepWorkflow

SWEEP = "sweep"
HEALTH = "health"
CATCH_UP = timedelta(minutes=1)
SHORTEST = timedelta(seconds=10)
"""What the engine has for the shortest time to catch up in."""

ROUND_AT_MOST = timedelta(minutes=2)


async def ensure(client: Client, settings: Settings) -> None:
    """
    Make the schedules be as the settings want them; as often as one likes.

    A schedule that was paused stays paused. Without anything to sweep there is no sweep.

    Raises:
        RPCError: If the engine refuses.
    """
    await made(client, HEALTH, health(settings), at_once=True)
    if wanted(settings).scopes:
        await made(client, SWEEP, sweep(settings))
    else:
        await delete(client.get_schedule_handle(SWEEP))


async def made(client: Client, name: str, schedule: Schedule, *, at_once: bool = False) -> None:
    """
    Make the schedule *name* be *schedule*, paused if it was.

    Args:
        at_once: Whether a new one acts at once, not only when its first interval is over.
    """
    try:
        await client.create_schedule(name, schedule, trigger_immediately=at_once)
    except ScheduleAlreadyRunningError:
        handle = client.get_schedule_handle(name)
        await handle.update(lambda found: changed(found, schedule))


def wanted(settings: Settings) -> Sweep:
    """Whose webhooks the settings want swept."""
    return Sweep(
        settings.sweep_repositories,
        settings.sweep_organizations,
        app=settings.github_app_id is not None,
        door=settings.webhook_url,
    )


def sweep(settings: Settings) -> Schedule:
    """The schedule of the missed-delivery sweep; one that takes too long delays the next."""
    scopes = ", ".join(map(str, wanted(settings).scopes))
    return Schedule(
        action=ScheduleActionStartWorkflow(
            SweepWorkflow.run,
            wanted(settings),
            id=SWEEP,
            task_queue=Queue.CONTROL,
            static_summary="Ask GitHub again for what it could not deliver",
            static_details=scopes,
        ),
        spec=every(settings.sweep_interval_s),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
    )


def health(settings: Settings) -> Schedule:
    """The schedule of the health round; a round that was missed is not made up for."""
    return Schedule(
        action=ScheduleActionStartWorkflow(
            HealthWorkflow.run,
            Wanted(PROBED_WHEN_QUIET),
            id=HEALTH,
            task_queue=Queue.CONTROL,
            run_timeout=ROUND_AT_MOST,
            static_summary="Look how everything stands",
        ),
        spec=every(settings.health_interval_s),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=SHORTEST),
    )


def every(seconds: float) -> ScheduleSpec:
    """Again and again, *seconds* apart."""
    return ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(seconds=seconds))])


def changed(found: ScheduleUpdateInput, schedule: Schedule) -> ScheduleUpdate:
    """*schedule* in place of the one that was found, paused if that was."""
    schedule.state = found.description.schedule.state
    return ScheduleUpdate(schedule)


async def delete(handle: ScheduleHandle) -> None:
    """Delete a schedule that may not be there."""
    try:
        await handle.delete()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
