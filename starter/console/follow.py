"""What became of a delivery: wait for its workflow, or list the latest."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus
from temporalio.client import WorkflowHandle as Handle
from temporalio.service import RPCError, RPCStatusCode

from contexten.delivery import Platform
from workflows import attributes

POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Became:
    """
    How a delivery stands.

    Attributes:
        workflow_id: Its workflow.
        run_id: The run.
        platform: Who sent it.
        event: What kind of event it was.
        about: The issue, pull request, ticket or thread, else the repository; or empty.
        outcome: ``running``, ``handled``, ``ignored``, ``failed``, ``terminated``, ...
        started_at: When its workflow started, UTC.
        took: From start to end; None while it runs.
    """

    workflow_id: str
    run_id: str
    platform: str
    event: str
    about: str
    outcome: str
    started_at: datetime
    took: timedelta | None

    @property
    def ended(self) -> bool:
        """Whether it is over, well or not."""
        return self.took is not None


def became(found: WorkflowExecution) -> Became:
    """How the delivery of which the engine says *found* stands."""
    kept = found.typed_search_attributes
    return Became(
        workflow_id=found.id,
        run_id=found.run_id,
        platform=kept.get(attributes.PLATFORM, ""),
        event=kept.get(attributes.EVENT_TYPE, ""),
        about=kept.get(attributes.CONTEXT_KEY, "") or kept.get(attributes.REPOSITORY, ""),
        outcome=kept.get(attributes.OUTCOME, "") or outcome_of(found),
        started_at=found.start_time,
        took=found.close_time - found.start_time if found.close_time else None,
    )


def outcome_of(found: WorkflowExecution) -> str:
    """What came of a delivery that does not say so itself: no reaction, or no end of its own."""
    if found.status is WorkflowExecutionStatus.COMPLETED:
        return "ignored"
    return found.status.name.lower() if found.status else "unknown"


async def ended(client: Client, workflow_id: str) -> Became:
    """Wait for the end of *workflow_id*, even if it has not started yet."""
    handle = client.get_workflow_handle(workflow_id)
    while (found := await described(handle)) is None or not found.ended:
        await asyncio.sleep(POLL_S)
    return found


async def described(handle: Handle[object, object]) -> Became | None:
    """How the workflow of *handle* stands; None if the engine has none such."""
    try:
        return became(await handle.describe())
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise


async def latest(
    client: Client, *, most: int, platform: Platform | None = None, outcome: str | None = None
) -> AsyncIterator[Became]:
    """
    The latest deliveries, the newest first.

    Args:
        most: No more than these.
        platform: Only those it sent.
        outcome: Only those that stand so.
    """
    query = "WorkflowType = 'DeliveryWorkflow'"
    if platform:
        query += f" AND {attributes.PLATFORM.name} = '{platform}'"
    left = most
    async for found in client.list_workflows(query):
        one = became(found)
        if outcome in (None, one.outcome):
            yield one
            left -= 1
        if left == 0:
            return


def in_ui(ui: str, namespace: str, one: Became) -> str:
    """The address of a delivery in the Web UI at *ui*."""
    workflow_id = quote(one.workflow_id, safe="")
    return f"{ui}/namespaces/{namespace}/workflows/{workflow_id}/{one.run_id}/history"
