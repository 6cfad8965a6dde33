"""What calls came to reaches the entities, whatever is away, and what is in force comes back."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cluster import impatient
from temporalio.client import Client
from waiting import until
from watching import ended

from activities.clients.queue_control import QueueControl
from activities.gate import PlatformGate
from activities.reporter import Reporter
from activities.snapshot import Snapshots
from contexten.calls import Call
from contexten.classification import classified
from contexten.degradation import Level
from contexten.errors import ServerError, TransientError
from contexten.gate import WHOLE, Batch, Gate, Rules
from contexten.rulebook import as_json
from contexten.snapshot import Snapshot
from contexten.standing import standing

NOW = datetime.now(UTC)
CALL = Call("github.post_comment", 1, NOW)
BROKEN = classified(ServerError("503", platform="github", status=503))
AWAY = TransientError("the engine is away", platform="engine")
TOOK = timedelta(0)


class Entities:
    """The engine with our entities, which refuses the next thing if it is told to."""

    def __init__(self) -> None:
        self.told: list[Batch] = []
        self.refusal: Exception | None = None
        self.slow = asyncio.Event()
        self.slow.set()
        self.memos: dict[str, Any] = {}

    async def tell(self, platform: str, batch: Batch) -> None:
        await self.slow.wait()
        refusal, self.refusal = self.refusal, None
        if refusal:
            raise refusal
        self.told.append(batch)

    async def standings(self, workflow_ids: Sequence[str]) -> dict[str, Any]:
        if self.refusal:
            raise self.refusal
        return {name: self.memos[name] for name in workflow_ids if name in self.memos}

    @property
    def calls(self) -> int:
        """How many calls they were told of."""
        return sum(batch.outcomes[WHOLE].calls for batch in self.told)


class House:
    """A process with GitHub's gate, and the entities."""

    def __init__(self) -> None:
        self.entities, self.gate = Entities(), PlatformGate("github")
        self.snapshot = Snapshot()
        gates = {"github": self.gate}
        self.reporter = Reporter(self.entities, gates, lambda: self.snapshot)

    def fail(self, many: int = 1) -> None:
        for _ in range(many):
            self.gate.failed(CALL, BROKEN, TOOK, self.snapshot, NOW)

    def succeed(self, many: int = 1) -> None:
        for _ in range(many):
            self.gate.succeeded(CALL, TOOK, self.snapshot, NOW)


@pytest.mark.parametrize("refusal", [AWAY, RuntimeError("something else")])
async def test_what_could_not_be_told_is_told_later(refusal: Exception) -> None:
    house = House()
    house.entities.refusal = refusal
    house.fail(3)
    first = await house.reporter.tell_what_is_due()
    house.fail(2)

    assert (first, await house.reporter.tell_what_is_due()) == (False, True)
    (batch,) = house.entities.told
    assert batch.outcomes[WHOLE].trailing_failures == 5


async def test_good_news_wait_for_their_time_and_come_at_once_after_bad_ones() -> None:
    house = House()
    house.succeed(5)
    await house.reporter.tell_what_is_due()
    calm = house.entities.calls
    house.fail()
    await house.reporter.tell_what_is_due()
    house.succeed()
    await house.reporter.tell_what_is_due()
    house.succeed()
    await house.reporter.tell_what_is_due()

    assert calm == 0
    assert house.entities.calls == 7


async def test_a_graceful_stop_loses_nothing_even_in_the_middle_of_telling() -> None:
    house = House()
    task = asyncio.create_task(house.reporter.run())
    house.entities.slow.clear()
    house.fail(3)

    async def taken() -> bool:
        return not house.gate.tally

    await until(taken)
    house.succeed(4)
    task.cancel()
    house.entities.slow.set()
    await ended([task])

    assert house.entities.calls == 7


async def test_what_is_refused_while_stopping_is_told_once_more() -> None:
    house = House()
    task = asyncio.create_task(house.reporter.run())
    house.entities.slow.clear()
    house.fail(3)

    async def taken() -> bool:
        return not house.gate.tally

    await until(taken)
    house.entities.refusal = AWAY
    task.cancel()
    house.entities.slow.set()
    await ended([task])

    assert house.entities.calls == 3


async def test_a_memo_nobody_can_read_leaves_what_was_known() -> None:
    entities = Entities()
    snapshots = Snapshots(entities, ["github"])
    entities.memos = {
        "rules": as_json(impatient()),
        "degradation": {"level": "limited", "paused_repositories": {"Octo/Hello": "moving"}},
        "platform/github": standing(Gate(version=3), Rules(), NOW),
    }
    await snapshots.refresh()
    known = snapshots()
    odd: list[Any] = [{}, {"version": "x"}, {"rate": 0}, "held", [1], {"level": "dance"}]
    for memo in odd:
        entities.memos = dict.fromkeys(entities.memos, memo)
        await snapshots.refresh()
        assert snapshots().level is Level.LIMITED
        assert snapshots().gates == known.gates
    for refusal in (AWAY, RuntimeError("a codec")):
        entities.refusal = refusal
        await snapshots.refresh()

    assert known.book.version == 2
    assert known.gate("github").version == 3
    assert snapshots().paused == {"octo/hello": "moving"}


async def test_an_entity_that_is_gone_stays_as_it_was_known() -> None:
    entities = Entities()
    snapshots = Snapshots(entities, ["github"])
    entities.memos = {"platform/github": standing(Gate(version=3), Rules(), NOW)}
    await snapshots.refresh()
    entities.memos = {}
    await snapshots.refresh()

    assert snapshots().gate("github").version == 3


async def test_an_entity_that_is_not_there_is_started_by_what_it_is_told(temporal: Client) -> None:
    outcomes = Batch(first_failure_at=NOW)
    control, handle = QueueControl(temporal), temporal.get_workflow_handle("platform/nobody")

    await control.tell("nobody", outcomes)
    await control.tell("nobody", outcomes)
    described = await handle.describe()
    history = await handle.fetch_history()
    await handle.terminate()

    signals = [
        e for e in history.events if e.HasField("workflow_execution_signaled_event_attributes")
    ]
    assert described.workflow_type == "PlatformWorkflow"
    assert len(signals) == 2
    assert await control.standings(["platform/nobody"]) == {}
