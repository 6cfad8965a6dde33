"""The activities of one workflow that wait or run: held by the engine, or let go again."""

from collections.abc import Sequence
from datetime import timedelta

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import PauseActivityRequest, UnpauseActivityRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from contexten.orders import Order

ANSWER = timedelta(seconds=5)
NOT_HERE = frozenset(
    {RPCStatusCode.UNIMPLEMENTED, RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION}
)
"""What is said by an engine that cannot do it, or of an activity that has ended meanwhile."""


async def pending(client: Client, workflow_id: str) -> Sequence[PendingActivityInfo]:
    """
    Every activity of the workflow that has not ended.

    Raises:
        RPCError: If the engine is away, or has no such workflow.
    """
    found = await client.get_workflow_handle(workflow_id).describe(rpc_timeout=ANSWER)
    return found.raw_description.pending_activities


async def hold_activities(client: Client, workflow_id: str, order: Order) -> int:
    """
    Let no attempt of them begin from now on; how many there are.

    An attempt under way goes on. An engine that cannot do it holds none.

    Raises:
        RPCError: If the engine is away.
    """
    held = 0
    for one in await pending(client, workflow_id):
        try:
            await client.workflow_service.pause_activity(
                PauseActivityRequest(
                    namespace=client.namespace,
                    execution=WorkflowExecution(workflow_id=workflow_id),
                    identity=order.by,
                    id=one.activity_id,
                    reason=order.because,
                ),
                timeout=ANSWER,
            )
            held += 1
        except RPCError as error:
            if error.status not in NOT_HERE:
                raise
    return held


async def release_activities(client: Client, workflow_id: str, order: Order) -> int:
    """
    Let those that are held go on; how many there were.

    Raises:
        RPCError: If the engine is away.
    """
    released = 0
    for one in await pending(client, workflow_id):
        if not one.paused:
            continue
        try:
            await client.workflow_service.unpause_activity(
                UnpauseActivityRequest(
                    namespace=client.namespace,
                    execution=WorkflowExecution(workflow_id=workflow_id),
                    identity=order.by,
                    id=one.activity_id,
                ),
                timeout=ANSWER,
            )
            released += 1
        except RPCError as error:
            if error.status not in NOT_HERE:
                raise
    return released
