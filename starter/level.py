"""The service level, as whoever asks the door is told: known from the entity's memo, or not."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from temporalio.client import Client, WorkflowExecutionStatus

from contexten.degradation import level_in
from starter.entities import DEGRADATION

TIMEOUT_S = 0.5
KEPT_S = 1.0
UNKNOWN = "unknown"

Ask = Callable[[], Awaitable[str]]


class ServiceLevel:
    """How much of the service is on; asked at most once a second, however often we are asked."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._known = UNKNOWN
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()

    async def known(self) -> str:
        """The level, if the engine said it within half a second; else ``unknown``."""
        async with self._asking:
            if time.monotonic() - self._asked_at > KEPT_S:
                self._known = await self._answer()
                self._asked_at = time.monotonic()
        return self._known

    async def _answer(self) -> str:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._ask()
        except Exception:  # noqa: BLE001 - whatever it is, nobody says
            return UNKNOWN


def asked_of(engine: Client) -> Ask:
    """Ask the entity that holds the level; no worker need be up."""

    async def ask() -> str:
        described = await engine.get_workflow_handle(DEGRADATION).describe()
        if described.status is not WorkflowExecutionStatus.RUNNING:
            return UNKNOWN
        standing = (await described.memo()).get("standing")
        return UNKNOWN if standing is None else str(level_in(standing))

    return ask
