"""The workflows of which there is exactly one: what the whole cluster has to agree on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy

from contexten.queues import Queue
from workflows.degradation import DegradationWorkflow


@dataclass(frozen=True, slots=True)
class Entity:
    """
    One of them.

    Attributes:
        id: Its workflow ID.
        run: The workflow.
        arguments: What it starts with.
        summary: What the Web UI says of it.
    """

    id: str
    run: Callable[..., Awaitable[Any]]
    arguments: tuple[Any, ...]
    summary: str


DEGRADATION = "degradation"

ENTITIES = (
    Entity(DEGRADATION, DegradationWorkflow.run, (), "How much of the service is on, and why"),
)


async def ensure(client: Client) -> None:
    """
    Start those that are not there; as often as one likes.

    Raises:
        RPCError: If the engine refuses.
    """
    for one in ENTITIES:
        await client.start_workflow(
            one.run,
            args=one.arguments,
            id=one.id,
            task_queue=Queue.CONTROL,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=one.summary,
        )
