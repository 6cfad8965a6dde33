"""Starting the workflow of a delivery, once, and behind the one that came before it."""

import asyncio
import re
import time
from dataclasses import dataclass, replace
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
PATIENCE_S = 180.0
AWAY = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
    }
)
"""What an engine says, or is said for it, that is away or has too much to do."""

OF_THE_DELIVERY = re.compile(r"exceeds\b.*\b(limit|length|size)|UTF-8")
"""What an engine calls an invalid argument that no engine takes, now or later."""


class Unstartable(Exception):  # noqa: N818 - it is the delivery that is named
    """The engine will never take this delivery; the message says why."""


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
        Unstartable: If it is too large for any engine, or no text.
        RPCError: If the engine is away, too slow, or refuses.
        OSError: If a large body cannot be kept beside the engine.
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
    except RPCError as error:
        if concerns_delivery(error):
            raise Unstartable(error.message) from error
        raise
    return True


def concerns_delivery(error: RPCError) -> bool:
    """Whether what the engine refused is at fault, not the engine's state."""
    invalid = error.status is RPCStatusCode.INVALID_ARGUMENT
    return invalid and OF_THE_DELIVERY.search(error.message) is not None


def summary(event: Event) -> str:
    """What the Web UI shows beside the workflow: what happened, and where."""
    return f"{event.kind} {event.context or event.repository or ''}".rstrip()


@dataclass(frozen=True, slots=True)
class Refusal:
    """The engine's first no to a delivery: when, monotonic seconds, and after how many starts."""

    at: float
    started_before: int


class Starter:
    """Starts deliveries, eagerly, those of one context in the order they are handed to it."""

    def __init__(
        self,
        client: Client,
        triggers: Triggers,
        order: Order,
        *,
        eager: bool = True,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """
        Args:
            client: A deliveries worker's own, if *eager*.
            triggers: How people ask for us, as set now.
            order: What is still at work, as far as this process knows.
            eager: Ask for each workflow's first task in the answer to its start.
            patience_s: Seconds for which a delivery is tried that the engine refuses, while
                others start well. While none does, it is tried for ever.
        """
        self._eager = eager
        self._client = client
        self._triggers = triggers
        self._order = order
        self._patience_s = patience_s
        self._started_well = 0
        self._refused: dict[str, Refusal] = {}
        self._under_way: dict[str, asyncio.Event] = {}

    async def __call__(self, event: Event, body: bytes) -> bool:
        """
        Start the workflow of *event*; False if the engine had it already.

        One that comes after another on the same context is started once that one is, so
        that it finds whom to wait for.

        Raises:
            Unstartable: If it will never be started.
            RPCError: If the engine is away, too slow, or refuses: to be tried again.
            OSError: If a large body cannot be kept beside the engine.
        """
        after = self._order.before(event) if registry.reactions_to(event) else None
        self._under_way.setdefault(event.workflow_id, asyncio.Event())
        if after is not None and (earlier := self._under_way.get(after)):
            await earlier.wait()
        event = replace(event, triggers=self._triggers, after=after)
        try:
            fresh = await start(self._client, event, body, eager=self._eager)
        except Unstartable:
            self._settle(event, ended=True)
            raise
        except RPCError as error:
            if error.status not in AWAY and self._given_up(event.workflow_id):
                self._settle(event, ended=True)
                raise Unstartable(error.message) from error
            raise
        self._started_well += 1
        self._settle(event, ended=not fresh)
        return fresh

    def _given_up(self, workflow_id: str) -> bool:
        """Whether it is this delivery that the engine refuses, as far as patience can tell."""
        now = time.monotonic()
        first = self._refused.setdefault(workflow_id, Refusal(now, self._started_well))
        if now - first.at < self._patience_s:
            return False
        if under_way := self._under_way.get(workflow_id):
            under_way.set()  # those behind it are tried too, and may start well
        return self._started_well > first.started_before

    def _settle(self, event: Event, *, ended: bool) -> None:
        """*event* is with the engine, or never will be: those behind it may go on."""
        self._refused.pop(event.workflow_id, None)
        if under_way := self._under_way.pop(event.workflow_id, None):
            under_way.set()
        if ended:
            self._order.ended(event.workflow_id)
