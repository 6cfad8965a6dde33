"""A house whose reactions begin agent runs, over a model that answers at once as it is told."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import httpx
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowExecutionStatus

from bench.connection import Connection
from bench.house import House
from bench.part import Part
from bench.payload import REPOSITORY, Deliveries, issue_of
from bench.runs import rising
from contexten.agent_run import run_of
from sandbox.tokens import MODEL_KEY

TEXT = "A line that says nothing in particular.\n" * 25
FILE = "README.md"
VIEW = {"name": "view_file", "arguments": {"path": FILE}}
ASK = {"name": "ask_human", "arguments": {"question": "Shall I go on?"}}
TURN = "model.next_turn"
ROOMY = 10**9
SAID_BY_THEN = 2
"""Comments of a run that waits: that it began, and what it asks."""


@dataclass(frozen=True, slots=True)
class Kept:
    """
    What the engine keeps of one run, all of its histories together.

    Attributes:
        turns: When each model call was put into its queue, epoch seconds.
        first: When the first was taken from it.
        size: Bytes in all.
        events: How many events each history has.
        well: Whether the run completed.
    """

    turns: list[float]
    first: float
    size: int
    events: list[int]
    well: bool


class AgentHouse:
    """
    Attributes:
        house: Everything in it.
        engine, agents: The two processes that hold what waits.
    """

    def __init__(self, house: House, turns: int) -> None:
        """Args: turns: How many turns a run may take, after which it ends as exhausted."""
        self.house = house
        self._http = httpx.AsyncClient(base_url=house.sandbox_url, timeout=30)
        self._settings = {
            "REACTIONS": "workflows.reactions",
            "GITHUB_URL": f"{house.sandbox_url}/github",
            "AGENT_MODEL": "openai:sandbox",
            "AGENT_MODEL_URL": f"{house.sandbox_url}/model/v1",
            "OPENAI_API_KEY": MODEL_KEY,
            "AGENT_MAX_MODEL_CALLS": str(turns),
            "AGENT_MAX_TOKENS": str(ROOMY),
        }
        self.engine: Part
        self.agents: Part

    async def start(self) -> None:
        """Start everything, and put the repository there."""
        house, settings = self.house, self._settings
        self.engine, _ = await asyncio.gather(house.engine(), house.sandbox())
        files = {"repository": REPOSITORY, "files": {FILE: TEXT}}
        (await self._http.put("/_github/repositories", json=files)).raise_for_status()
        queues = ("agents", "deliveries", "control,github", "model", "tools")
        parts = await asyncio.gather(
            house.door(**settings), *(house.worker(one, **settings) for one in queues)
        )
        self._door, self.agents = parts[:2]

    async def close(self) -> None:
        """Let go of the sandbox."""
        await self._http.aclose()

    async def script(self, *answers: dict[str, Any]) -> None:
        """The model's next answers."""
        (await self._http.put("/_model/script", json=answers)).raise_for_status()

    async def send(self, first: int, count: int) -> list[float]:
        """
        Send *count* deliveries from *first* on, each about an issue of its own; when, each.

        Raises:
            RuntimeError: If one is not taken.
        """
        port, sent = self._door.port, list[float]()
        deliveries = Deliveries(port)
        loop = asyncio.get_running_loop()
        _, line = await loop.create_connection(Connection, "127.0.0.1", port)
        for number in range(first, first + count):
            sent.append(time.time())
            status = await line.ask(deliveries.request(number))
            if status != 202:
                raise RuntimeError(f"the door answered {status}")
        line.close()
        return sent

    async def ended(self, many: int, within_s: float) -> int:
        """Wait until so many runs in all have ended; how many have, *within_s* seconds."""
        client = await self.house.client()

        async def counted() -> int:
            query = "WorkflowType = 'AgentRunWorkflow' AND ExecutionStatus = 'Completed'"
            return (await client.count_workflows(query)).count

        return await rising(counted, many, within_s)

    async def waiting(self, first: int, count: int, within_s: float) -> int:
        """Wait until runs of *count* deliveries from *first* on have asked; how many have."""

        async def asked() -> int:
            said = await self.house.effects(first, count)
            return sum(len(times) >= SAID_BY_THEN for times in said.values())

        return await rising(asked, count, within_s)

    async def kept(self, number: int) -> Kept:
        """What the engine keeps of the run that delivery *number* led to."""
        client = await self.house.client()
        workflow_id = run_of(f"github/{REPOSITORY}#{issue_of(number)}")
        found = [one async for one in client.list_workflows(f"WorkflowId = '{workflow_id}'")]
        events: list[int] = []
        size, turns, first = 0, list[float](), list[float]()
        for one in sorted(found, key=lambda one: one.start_time):
            handle = client.get_workflow_handle(one.id, run_id=one.run_id)
            history = [event async for event in handle.fetch_history_events()]
            events.append(len(history))
            size += sum(event.ByteSize() for event in history)
            scheduled = [event for event in history if is_turn(event)]
            turns += [at(event) for event in scheduled]
            ids = {event.event_id for event in scheduled}
            first += [at(event) for event in history if begins(event, ids)]
        well = any(one.status is WorkflowExecutionStatus.COMPLETED for one in found)
        return Kept(turns, min(first, default=float("nan")), size, events, well)


def is_turn(event: HistoryEvent) -> bool:
    """Whether *event* puts a model call into its queue."""
    of = event.activity_task_scheduled_event_attributes
    return of.activity_type.name == TURN


def begins(event: HistoryEvent, scheduled: set[int]) -> bool:
    """Whether with *event* one of those that were *scheduled* is taken from its queue."""
    if event.event_type != EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED:
        return False
    return event.activity_task_started_event_attributes.scheduled_event_id in scheduled


def at(event: HistoryEvent) -> float:
    """When *event* was, epoch seconds."""
    return event.event_time.ToNanoseconds() / 1e9
