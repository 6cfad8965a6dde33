"""A run that only writes down what it hears, for tests of who is let speak to one."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RawValue
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from contexten.agent import Ask, Terms
from contexten.queues import Queue
from workflows.agents import RUN


@workflow.defn(name=RUN)
class RecordedRun:
    """
    Hear, until somebody cancels.

    Workflow ID: ``agent/<context>``.
    """

    @workflow.init
    def __init__(self, ask: Ask, carried: None) -> None:
        self._heard: list[Ask] = [ask]
        self._orders: list[str] = []

    @workflow.run
    async def run(self, ask: Ask, carried: None) -> None:
        await workflow.wait_condition(lambda: "cancel" in self._orders)

    @workflow.signal
    def message(self, ask: Ask) -> None:
        """Somebody says something more."""
        self._heard.append(ask)

    @workflow.signal(dynamic=True)
    def ordered(self, name: str, arguments: Sequence[RawValue]) -> None:
        """Somebody orders something."""
        self._orders.append(name)

    @workflow.query
    def heard(self) -> list[Ask]:
        """What it heard, in order."""
        return self._heard

    @workflow.query
    def orders(self) -> list[str]:
        """What it was ordered, in order."""
        return self._orders


@dataclass(slots=True)
class Runs:
    """The runs of a test, and on what terms they work."""

    client: Client
    terms: Terms = field(default_factory=Terms)

    async def heard(self, context: str) -> list[Ask]:
        """What the run of *context* heard."""
        handle = self.client.get_workflow_handle_for(RecordedRun.run, f"agent/{context}")
        async with asyncio.timeout(10):
            return await handle.query(RecordedRun.heard)

    async def orders(self, context: str) -> list[str]:
        """What the run of *context* was ordered."""
        handle = self.client.get_workflow_handle_for(RecordedRun.run, f"agent/{context}")
        async with asyncio.timeout(10):
            return await handle.query(RecordedRun.orders)

    async def there(self) -> list[str]:
        """The contexts that have had a run."""
        found = self.client.list_workflows(f"WorkflowType = '{RUN}'")
        return [one.id.removeprefix("agent/") async for one in found]

    @activity.defn(name="tools.read_terms")
    async def read_terms(self) -> Terms:
        """On what terms a run works."""
        return self.terms


@asynccontextmanager
async def recorded_runs(client: Client) -> AsyncIterator[Runs]:
    """Workers for runs that only listen."""
    runs = Runs(client)
    agents = Worker(
        client,
        task_queue=Queue.AGENTS,
        workflows=[RecordedRun],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    tools = Worker(client, task_queue=Queue.TOOLS, activities=[runs.read_terms])
    async with agents, tools:
        yield runs
