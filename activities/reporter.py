"""Tells each platform's entity what its calls came to: at once if they fail, else now and then."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from activities.gate import PlatformGate
from contexten.errors import PlatformError
from contexten.gate import Batch
from contexten.snapshot import Snapshot

log = structlog.get_logger()

LOOK_EVERY_S = 0.2
CALM_EVERY_S = 10.0
"""How often an entity is told that all is well: it learns the usual pace from it."""

LONGEST_PAUSE_S = 5.0


class Entities(Protocol):
    """Our entities in the engine. ``activities.clients.queue_control`` has the real ones."""

    async def tell(self, platform: str, batch: Batch) -> None: ...


class Reporter:
    """Hands the tallies of a process over to the entities."""

    def __init__(
        self,
        entities: Entities,
        gates: Mapping[str, PlatformGate],
        snapshot: Callable[[], Snapshot],
    ) -> None:
        self._entities = entities
        self._gates = gates
        self._snapshot = snapshot
        self._told_at = dict.fromkeys(gates, time.monotonic())
        self._failing: set[str] = set()

    async def run(self) -> None:
        """Tell what there is to tell, until cancelled; then what is left, once."""
        pause = LOOK_EVERY_S
        telling: asyncio.Task[bool] | None = None
        try:
            while True:
                await asyncio.sleep(pause)
                telling = asyncio.create_task(self.tell_what_is_due())
                well = await asyncio.shield(telling)
                pause = LOOK_EVERY_S if well else min(pause * 2, LONGEST_PAUSE_S)
        finally:
            await asyncio.shield(self._tell_the_rest(telling))

    async def _tell_the_rest(self, telling: "asyncio.Task[bool] | None") -> None:
        if telling:
            await telling  # what is under way may be put back
        await asyncio.gather(
            *(self._tell(name) for name, gate in self._gates.items() if gate.tally)
        )

    async def tell_what_is_due(self) -> bool:
        """Tell what is due; False if the engine did not take all of it."""
        due = [name for name, gate in self._gates.items() if gate.tally and self._is_due(name)]
        return all(await asyncio.gather(*map(self._tell, due)))

    def _is_due(self, platform: str) -> bool:
        """Whether it is bad news, or good news that is waited for, or time to tell."""
        return (
            self._gates[platform].tally.urgent
            or platform in self._failing
            or self._snapshot().gate(platform).watched
            or time.monotonic() - self._told_at[platform] >= CALM_EVERY_S
        )

    async def _tell(self, platform: str) -> bool:
        tally = self._gates[platform].tally
        urgent, batch = tally.urgent, tally.taken()
        try:
            await self._entities.tell(platform, batch)
        except Exception as error:  # noqa: BLE001 - whatever it is, we go on telling
            reason = str(error) if isinstance(error, PlatformError) else repr(error)[:300]
            log.warning("outcomes.not_told", platform=platform, reason=reason)
            tally.put_back(batch, urgent=urgent)
            return False
        self._told_at[platform] = time.monotonic()
        (self._failing.add if urgent else self._failing.discard)(platform)
        return True
