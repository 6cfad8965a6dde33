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

from contexten.queues import Queue
from starter.settings import Settings
from workflows.sweep import Sweep, SweepWorkflow

SWEEP = "sweep"
CATCH_UP = timedelta(minutes=1)


async def ensure(client: Client, settings: Settings) -> None:
    """
    Make the schedules be as the settings want them; as often as one likes.

    A schedule that was paused stays paused. Without anything to sweep there is none.

    Raises:
        RPCError: If the engine refuses.
    """
    handle = client.get_schedule_handle(SWEEP)
    if not wanted(settings).scopes:
        await delete(handle)
        return
    try:
        await client.create_schedule(SWEEP, sweep(settings))
    except ScheduleAlreadyRunningError:
        await handle.update(lambda found: changed(found, settings))


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
        spec=ScheduleSpec(
            intervals=[ScheduleIntervalSpec(every=timedelta(seconds=settings.sweep_interval_s))]
        ),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
    )


def changed(found: ScheduleUpdateInput, settings: Settings) -> ScheduleUpdate:
    """The schedule as the settings want it, paused if it was."""
    schedule = sweep(settings)
    schedule.state = found.description.schedule.state
    return ScheduleUpdate(schedule)


async def delete(handle: ScheduleHandle) -> None:
    """Delete a schedule that may not be there."""
    try:
        await handle.delete()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
