"""Starting the workflow of a delivery, once."""

from dataclasses import replace
from datetime import timedelta

from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.common import RawValue, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from contexten.delivery import Event, Triggers
from contexten.queues import Queue
from workflows import attributes
from workflows.delivery import DeliveryWorkflow

START_TIMEOUT = timedelta(seconds=5)


async def start(
    client: Client,
    event: Event,
    body: bytes,
    *,
    triggers: Triggers,
    eager: bool,
    timeout: timedelta = START_TIMEOUT,
) -> bool:
    """
    Start the workflow of *event*, or find that the engine has it.

    Args:
        body: The delivery's body, JSON; it goes to the engine as it is.
        triggers: How people ask for us, as set now.
        eager: Ask for the first task in the answer; *client* must be a deliveries worker's.
        timeout: How long the engine may take.

    Returns:
        False if the engine had it already and it did not fail.

    Raises:
        RPCError: If the engine is away, too slow, or refuses.
    """
    payload = Payload(metadata={"encoding": b"json/plain"}, data=body)
    try:
        await client.start_workflow(
            DeliveryWorkflow.run,
            args=[replace(event, triggers=triggers), RawValue(payload)],
            id=event.workflow_id,
            task_queue=Queue.DELIVERIES,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            search_attributes=attributes.of(event),
            static_summary=summary(event),
            request_eager_start=eager,
            rpc_timeout=timeout,
        )
    except WorkflowAlreadyStartedError:
        return False
    return True


def summary(event: Event) -> str:
    """What the Web UI shows beside the workflow: what happened, and where."""
    return f"{event.kind} {event.context or event.repository or ''}".rstrip()
