"""The workflows of which there is exactly one: what the whole cluster has to agree on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy

from contexten.operations import PLATFORMS
from contexten.queues import Queue
from workflows.breaker import PlatformWorkflow
from workflows.degradation import DegradationWorkflow
from workflows.retry import RuleBookWorkflow


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
RULES = "rules"

ENTITIES = (
    Entity(RULES, RuleBookWorkflow.run, (), "The rules in force, and how they came to be"),
    Entity(DEGRADATION, DegradationWorkflow.run, (), "How much of the service is on, and why"),
    *(
        Entity(f"platform/{name}", PlatformWorkflow.run, (), f"Whether {name} is called, and why")
        for name in PLATFORMS
    ),
)


async def ensure(client: Client, *only: str) -> None:
    """
    Start those that are not there, or *only* these of them; as often as one likes.

    Raises:
        RPCError: If the engine refuses.
    """
    for one in ENTITIES:
        if only and one.id not in only:
            continue
        await client.start_workflow(
            one.run,
            args=one.arguments,
            id=one.id,
            task_queue=Queue.CONTROL,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=one.summary,
        )
