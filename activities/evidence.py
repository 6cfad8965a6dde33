"""What health checks look at: read once a round, however many look at it."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from contexten.errors import PlatformError
from contexten.health import Reading
from contexten.limits import Limits
from contexten.operations import PLATFORMS
from contexten.traffic import Probe, Traffic, TrafficRule, allowance

READ_S = 1.5
TOOL_CALLS = timedelta(hours=1)
"""How far back calls of tools are looked at."""


class Calls(Protocol):
    """The calls in the ledger. ``activities.stores.traffic`` has the real ones. It blocks."""

    def seen(
        self, platforms: Sequence[str], rule: TrafficRule, now: datetime
    ) -> tuple[Traffic, dict[str, Traffic]]: ...
    def tool_calls(self, since: datetime) -> tuple[int, int]: ...


class Limited(Protocol):
    """What platforms said of their limits. ``activities.stores.limits`` has it. It blocks."""

    def read(self) -> dict[str, Limits]: ...


class Engine(Protocol):
    """The engine. ``activities.clients.engine_health`` is the real one."""

    async def answers(self) -> float: ...
    async def pollers(self) -> Mapping[str, int]: ...
    async def runs(self) -> tuple[int, int]: ...


@dataclass(frozen=True, slots=True)
class Evidence:
    """
    Where to look.

    Attributes:
        var: The folder of everything we keep.
    """

    var: str
    calls: Calls
    engine: Engine
    limits: Limited
    rule: TrafficRule = field(default_factory=TrafficRule)

    def look(self, probes: Iterable[Probe] = ()) -> "Look":
        """What there is to see now, the *probes* just made among it."""
        return Look(self, probes)


@dataclass(frozen=True, slots=True)
class Read:
    """What the ledger said, and how long it took to, seconds."""

    total: Traffic
    platforms: Mapping[str, Traffic]
    limits: Mapping[str, Limits]
    tool_calls: tuple[int, int]
    took_s: float


class Look:
    """What there is to see in one round. The ledger is read when the first check asks."""

    def __init__(self, evidence: Evidence, probes: Iterable[Probe]) -> None:
        self.var = evidence.var
        self.rule = evidence.rule
        self._evidence = evidence
        self._probes = {probe.platform: probe for probe in probes}
        self._reading: asyncio.Task[Read] | None = None

    async def ledger_answers(self) -> float:
        """
        How long the ledger took to say how calls go, seconds.

        Raises:
            TransientError: If its database refused, or is away.
        """
        return (await self._read()).took_s

    async def total(self) -> Traffic | None:
        """All calls of late; None if the ledger does not say in time."""
        found = await self._read_in_time()
        return found.total if found else None

    async def platform(self, name: str) -> Traffic | None:
        """The latest calls to the platform *name*; None if nobody says."""
        found, probe = await self._read_in_time(), self._probes.get(name)
        if found is None:
            return Traffic(name).probed(probe) if probe else None
        return found.platforms.get(name, Traffic(name)).probed(probe)

    async def allowance(self, name: str) -> Reading:
        """How much the platform *name* still lets us ask."""
        found = await self._read_in_time()
        said = found.limits.get(name) if found else None
        return allowance(said, self.rule, datetime.now(UTC))

    async def tool_calls(self) -> tuple[int, int] | None:
        """How many tools agents called in the last hour, and how many failed; None if unsaid."""
        found = await self._read_in_time()
        return found.tool_calls if found else None

    async def engine_answers(self) -> float:
        """
        How long the engine takes to answer, seconds.

        Raises:
            TransientError: If it does not.
        """
        return await self._evidence.engine.answers()

    async def pollers(self) -> Mapping[str, int]:
        """
        How many workers ask for work, by queue.

        Raises:
            TransientError: If the engine does not say.
        """
        return await self._evidence.engine.pollers()

    async def runs(self) -> tuple[int, int]:
        """
        How many agent runs ended in the last hour, and how many of them failed.

        Raises:
            TransientError: If the engine does not say.
        """
        return await self._evidence.engine.runs()

    async def _read_in_time(self) -> Read | None:
        try:
            async with asyncio.timeout(READ_S):
                return await self._read()
        except (PlatformError, TimeoutError):
            return None

    async def _read(self) -> Read:
        if self._reading is None:
            self._reading = asyncio.create_task(asyncio.to_thread(self._ask))
            self._reading.add_done_callback(looked_at)
        return await asyncio.shield(self._reading)

    def _ask(self) -> Read:
        began = time.monotonic()
        evidence = self._evidence
        now = datetime.now(UTC)
        total, platforms = evidence.calls.seen(PLATFORMS, evidence.rule, now)
        limits, tools = evidence.limits.read(), evidence.calls.tool_calls(now - TOOL_CALLS)
        return Read(total, platforms, limits, tools, time.monotonic() - began)


def looked_at(task: "asyncio.Task[Read]") -> None:
    """Take note of how *task* ended, also if everybody gave up waiting for it."""
    if not task.cancelled():
        task.exception()
