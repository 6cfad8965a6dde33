"""Starting the workflow of a delivery, once, and behind the one that came before it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.common import RawValue, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from contexten.delivery import Event, Triggers
from contexten.queues import Queue
from starter.order import Order
from workflows import attributes, registry
from workflows.delivery import DeliveryWorkflow

START_TIMEOUT = timedelta(seconds=5)
REFUSALS = frozenset({RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.FAILED_PRECONDITION})


async def start(
    client: Client, event: Event, body: bytes, *, eager: bool, timeout: timedelta = START_TIMEOUT
) -> bool:
    """
    Start the workflow of *event*, or find that the engine has it.

    Args:
        body: The delivery's body, JSON; it goes to the engine as it is.
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
            args=[event, RawValue(payload)],
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


class Starter:
    """Starts deliveries, eagerly, those of one context in the order they are handed to it."""

    def __init__(
        self, client: Client, triggers: Triggers, order: Order, *, eager: bool = True
    ) -> None:
        """
        Args:
            client: A deliveries worker's own, if *eager*.
            triggers: How people ask for us, as set now.
            order: What is still at work, as far as this process knows.
            eager: Ask for each workflow's first task in the answer to its start.
        """
        self._eager = eager
        self._client = client
        self._triggers = triggers
        self._order = order
        self._under_way: dict[str, asyncio.Event] = {}

    async def __call__(self, event: Event, body: bytes) -> bool:
        """
        Start the workflow of *event*; False if the engine had it already.

        One that comes after another on the same context is started once that one is, so
        that it finds whom to wait for.

        Raises:
            RPCError: If the engine is away, too slow, or refuses.
        """
        after = self._order.before(event) if registry.reactions_to(event) else None
        self._under_way.setdefault(event.workflow_id, asyncio.Event())
        if after is not None and (earlier := self._under_way.get(after)):
            await earlier.wait()
        event = replace(event, triggers=self._triggers, after=after)
        try:
            fresh = await start(self._client, event, body, eager=self._eager)
        except RPCError as error:
            if error.status in REFUSALS:
                self._settle(event, ended=True)
            raise
        self._settle(event, ended=not fresh)
        return fresh

    def _settle(self, event: Event, *, ended: bool) -> None:
        """*event* is with the engine, or never will be: those behind it may go on."""
        if under_way := self._under_way.pop(event.workflow_id, None):
            under_way.set()
        if ended:
            self._order.ended(event.workflow_id)
