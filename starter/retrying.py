"""
The retry button: a workflow goes on from the step that failed, and does none before it again.

    history   … ✓ ✓ ✓ ✓ ✓  [task] ✗ …            the task that asked for what failed
    new run   … ✓ ✓ ✓ ✓ ✓  [task] again
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus

from contexten.orders import Order, clean
from starter.orders import Conflict, described

ANSWER = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Step:
    """
    Where a workflow goes on.

    Attributes:
        task: The event that ended the workflow task which asked for the step.
        what: What the step is.
    """

    task: int
    what: str


@dataclass(frozen=True, slots=True)
class Retried:
    """A workflow that goes on: from what, under which run ID, and how many steps it keeps."""

    what: str
    run_id: str
    kept: int


async def retry(client: Client, workflow_id: str, order: Order) -> Retried:
    """
    Let a workflow that failed, or is stuck, go on from the step that failed.

    Raises:
        NotThere: If there is none.
        Conflict: If it ended well, or nothing in it failed.
        RPCError: If the engine is away, or refuses.
    """
    found = await described(client, workflow_id)
    handle = client.get_workflow_handle(workflow_id, run_id=found.run_id)
    events = list((await handle.fetch_history()).events)
    if found.status is WorkflowExecutionStatus.COMPLETED:
        raise Conflict(f"{workflow_id} ended well: it has no step that failed and was needed")
    step = ended_by(events) or stuck_call(events, found) or failed_step(events)
    step = step or stuck_task(events, found)
    if step is None:
        raise Conflict(f"{workflow_id} has no step that failed")
    reason = f"retry by {order.by}" + (f": {order.because}" if order.because else "")
    answer = await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id, run_id=found.run_id),
            reason=clean(reason, 400),
            workflow_task_finish_event_id=step.task,
            request_id=str(uuid.uuid4()),
            identity=order.by,
        ),
        timeout=ANSWER,
    )
    kept = sum(ended_well(one) for one in events if one.event_id < step.task)
    return Retried(step.what, answer.run_id, kept)


def ended_well(event: HistoryEvent) -> bool:
    """Whether *event* says that an activity is done."""
    return event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED


def ended_by(events: Sequence[HistoryEvent]) -> Step | None:
    """
    What the workflow failed of: the call that failed it, else its own last task.

    A call that was refused and gone on without is not it, nor one that told of the failure.
    """
    for event in reversed(events):
        if event.HasField("workflow_execution_failed_event_attributes"):
            ended = event.workflow_execution_failed_event_attributes
            failure = ended.failure
            while failure.HasField("cause"):
                failure = failure.cause
                if failure.HasField("activity_failure_info"):
                    return asked_for(events, failure.activity_failure_info.scheduled_event_id)
            return Step(ended.workflow_task_completed_event_id, "its last task")
    return None


def failed_step(events: Sequence[HistoryEvent]) -> Step | None:
    """The last activity that failed."""
    for event in reversed(events):
        for name in ("activity_task_failed", "activity_task_timed_out"):
            if event.HasField(f"{name}_event_attributes"):  # type: ignore[arg-type]
                failed = getattr(event, f"{name}_event_attributes")
                return asked_for(events, failed.scheduled_event_id)
    return None


def asked_for(events: Sequence[HistoryEvent], scheduled: int) -> Step | None:
    """The step of the activity that the event *scheduled* asked for."""
    for event in events:
        if event.event_id == scheduled:
            asked = event.activity_task_scheduled_event_attributes
            return Step(asked.workflow_task_completed_event_id, asked.activity_type.name)
    return None


def stuck_call(events: Sequence[HistoryEvent], found: WorkflowExecutionDescription) -> Step | None:
    """The first activity that is tried again and again."""
    for one in found.raw_description.pending_activities:
        if one.attempt > 1:
            for event in events:
                asked = event.activity_task_scheduled_event_attributes
                if asked.activity_id == one.activity_id:
                    return Step(asked.workflow_task_completed_event_id, asked.activity_type.name)
    return None


def stuck_task(events: Sequence[HistoryEvent], found: WorkflowExecutionDescription) -> Step | None:
    """The last workflow task, of a workflow whose next cannot be done, or that was cut short."""
    tasks = [e for e in events if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED]
    broken = (
        found.raw_description.pending_workflow_task.attempt > 1
        or found.status is WorkflowExecutionStatus.TERMINATED
        or found.status is WorkflowExecutionStatus.TIMED_OUT
    )
    return Step(tasks[-1].event_id, "its last task") if tasks and broken else None
