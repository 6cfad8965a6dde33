"""What the engine knows of the deliveries of a bench: which run, which have ended, and when."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from temporalio.client import Client, WorkflowExecution

from bench.payload import delivery_id, number_in

POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Deliveries:
    """
    Deliveries with numbers in a row, as an engine knows them.

    Attributes:
        engine: A client of it.
        first: The number of the first.
        count: How many there are.
        kind: What their workflows' ids begin with.
    """

    engine: Client
    first: int
    count: int
    kind: str = "github"

    def _query(self, status: str = "") -> str:
        ends = (self.workflow_id(self.first), self.workflow_id(self.first + self.count - 1))
        asked = "WorkflowId BETWEEN '{}' AND '{}'".format(*ends)
        return f"{asked} AND ExecutionStatus = '{status}'" if status else asked

    def workflow_id(self, number: int) -> str:
        """The id of the workflow of delivery *number*."""
        return f"{self.kind}/{delivery_id(number)}"

    async def counted(self, status: str) -> int:
        """How many are ``Running``, ``Completed`` and so on; the engine says so a little late."""
        return (await self.engine.count_workflows(self._query(status))).count

    async def completed(self, within_s: float) -> int:
        """
        Wait until all have completed; how many have.

        Args:
            within_s: Seconds after which no more is waited for.
        """
        return await rising(lambda: self.counted("Completed"), self.count, within_s)

    async def running(self, within_s: float) -> int:
        """Wait until all are there and none has ended; how many are, *within_s* seconds."""
        return await rising(lambda: self.counted("Running"), self.count, within_s)

    async def runs(self) -> dict[int, WorkflowExecution]:
        """Each run the engine knows, by the delivery's number."""
        found = self.engine.list_workflows(self._query())
        return {number_in(run.id): run async for run in found}

    async def events(self, number: int) -> int:
        """How many events the history of delivery *number* has."""
        handle = self.engine.get_workflow_handle(self.workflow_id(number))
        return len((await handle.fetch_history()).events)


async def rising(count: Callable[[], Awaitable[int]], wanted: int, within_s: float) -> int:
    """Ask *count* until it is *wanted* or *within_s* seconds are over; what it was at last."""
    end = asyncio.get_running_loop().time() + within_s
    while (seen := await count()) < wanted and asyncio.get_running_loop().time() < end:
        await asyncio.sleep(POLL_S)
    return seen
