"""The boundary as a worker has it, around stand-ins for the platforms."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from temporalio.client import Client

from activities.boundary import Boundary, Watch
from activities.clients.queue_control import QueueControl
from activities.gate import PlatformGate
from activities.reporter import Reporter
from activities.snapshot import Snapshots
from contexten.ledger import Attempt


class Clock:
    """The engine's time, which a test may be ahead of."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self, began: datetime) -> datetime:
        return began + self.ahead


def boundary(*platforms: str, clock: Clock | None = None) -> Boundary:
    """The boundary of a worker that knows no entities: its own gates, and the rules we ship."""
    gates = {name: PlatformGate(name) for name in platforms}
    return Boundary(Watch(gates, clock=clock or Clock()))


@dataclass
class Watching:
    """A boundary at work: its interceptor, what it knows, and the rows it wrote."""

    boundary: Boundary
    snapshots: Snapshots
    rows: list[Attempt] = field(default_factory=list)

    def outcomes(self, operation: str) -> list[str]:
        """What became of the attempts of *operation*, in order."""
        return [str(row.outcome) for row in self.rows if row.operation == operation]


@asynccontextmanager
async def watching(
    client: Client, *platforms: str, renew: dict[str, Callable[[], None]] | None = None
) -> AsyncIterator[Watching]:
    """A boundary for *platforms* that follows the entities and tells them, while it lasts."""
    control, rows = QueueControl(client), list[Attempt]()
    gates = {name: PlatformGate(name) for name in platforms}
    snapshots = Snapshots(control, platforms)
    reporter = Reporter(control, gates, snapshots)
    watch = Watch(gates, snapshots, rows.append, renew or {})
    tasks = [asyncio.create_task(snapshots.run()), asyncio.create_task(reporter.run())]
    try:
        yield Watching(Boundary(watch), snapshots, rows)
    finally:
        await ended(tasks)


async def ended(tasks: Sequence["asyncio.Task[None]"]) -> None:
    """Cancel *tasks*, and wait until they have ended."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
