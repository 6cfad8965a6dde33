"""A feeder at work on a spool, and an engine of ours that takes what it hands over."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from fakes import event
from temporalio.service import RPCError, RPCStatusCode

from contexten.delivery import Event
from starter.feeder import Feeder
from starter.record import header_of
from starter.spool import Spool
from starter.start import Unstartable

MIB = 1024 * 1024


class Engine:
    """Takes starts; refuses some, is away at times, and remembers what it was asked."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.under_way = 0
        self.most_under_way = 0
        self.away = False
        self.refuses: set[str] = set()

    async def start(self, event: Event, body: bytes) -> bool:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(0)
            if self.away:
                raise RPCError("no connection", RPCStatusCode.UNAVAILABLE, b"")
            if event.delivery_id in self.refuses:
                raise Unstartable("payload exceeds the limit")
            fresh = event.delivery_id not in self.started
            if fresh:
                self.started.append(event.delivery_id)
            return fresh
        finally:
            self.under_way -= 1


def opened(folder: Path) -> Spool:
    return Spool(folder, segment_bytes=MIB, limit_bytes=64 * MIB)


async def append(spool: Spool, count: int, first: int = 0) -> list[str]:
    events = [replace(event(), delivery_id=str(n)) for n in range(first, first + count)]
    for one in events:
        await spool.append(header_of(one, "digest"), b"{}")
    return [one.delivery_id for one in events]


def a_feeder(
    folder: Path, engine: Engine, *, in_flight: int = 8, retention_s: float = 900
) -> Feeder:
    return Feeder(
        folder / "spool",
        engine.start,
        partial(opened, folder / "refused"),
        in_flight=in_flight,
        retention_s=retention_s,
    )


@asynccontextmanager
async def running(one: Feeder) -> AsyncIterator[Feeder]:
    task = asyncio.create_task(one.run())
    try:
        yield one
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def started(engine: Engine, count: int) -> Callable[[], Awaitable[bool]]:
    async def condition() -> bool:
        return len(engine.started) >= count

    return condition
