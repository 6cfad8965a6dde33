"""How everything stands that people give orders about, as the engine tells without any worker."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from temporalio.client import Client

from contexten.operations import PLATFORMS
from starter.entities import DEGRADATION
from starter.orders import NotThere, described, orders_in

MOST_WORKFLOWS = 1000
MOST_ORDERS = 20
RUNNING = "WorkflowType = 'DeliveryWorkflow' AND ExecutionStatus = 'Running'"


@dataclass(frozen=True, slots=True)
class Standing:
    """
    How things stand.

    Attributes:
        service: The level, why, and what is paused; None if its entity is not there.
        platforms: The gate of each platform whose entity is there.
        workflows: The running workflows that are paused, by their IDs.
        orders: The latest orders to any of them, the latest first; each says to ``whom``.
    """

    service: Mapping[str, Any] | None = None
    platforms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    workflows: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    orders: tuple[Mapping[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """It as plain values."""
        return {
            "service": self.service,
            "platforms": dict(self.platforms),
            "workflows": dict(self.workflows),
            "orders": list(self.orders),
        }


async def standing(client: Client) -> Standing:
    """
    How everything stands.

    Raises:
        RPCError: If the engine is away.
    """
    names = [DEGRADATION, *(f"platform/{name}" for name in PLATFORMS)]
    found, paused = await asyncio.gather(
        asyncio.gather(*(memo_of(client, name) for name in names)), paused_workflows(client)
    )
    memos = {name: memo for name, memo in zip(names, found, strict=True) if memo}
    logs = memos | paused
    return Standing(
        service=memos.get(DEGRADATION),
        platforms={n.partition("/")[2]: m for n, m in memos.items() if n != DEGRADATION},
        workflows={name: memo["paused"] for name, memo in paused.items()},
        orders=merged(logs),
    )


def merged(memos: Mapping[str, Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """The latest orders of all *memos*, the latest first."""
    everything = [
        {"to": name, **order}
        for name, memo in memos.items()
        for order in orders_in({"standing": memo})
    ]
    return tuple(sorted(everything, key=lambda one: str(one.get("at")), reverse=True)[:MOST_ORDERS])


async def memo_of(client: Client, workflow_id: str) -> dict[str, Any] | None:
    """
    What an entity says of itself; None if it is not there or says nothing yet.

    Raises:
        RPCError: If the engine is away.
    """
    try:
        memo = await (await described(client, workflow_id)).memo()
    except NotThere:
        return None
    found = memo.get("standing")
    return found if isinstance(found, dict) else None


async def paused_workflows(client: Client) -> dict[str, dict[str, Any]]:
    """
    What each running delivery that is paused says of itself.

    Raises:
        RPCError: If the engine is away.
    """
    found = {}
    async for one in client.list_workflows(RUNNING, limit=MOST_WORKFLOWS):
        said = (await one.memo()).get("standing")
        if isinstance(said, dict) and said.get("paused"):
            found[one.id] = said
    return found
