"""What a level and a person's pause change for deliveries and sweeps."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import orjson
import pytest
from control import control_deeds
from fakes import FakeGithub, event
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker, WorkflowRunner
from waiting import until

from contexten.delivery import Event
from contexten.errors import ServerError
from contexten.orders import Order
from contexten.queues import Queue
from starter import entities
from starter.orders import What, give, target_of
from starter.pending import pending
from starter.start import start
from workflows.degradation import DegradationWorkflow
from workflows.sweep import Sweep, SweepWorkflow, Swept

Workers = Callable[[Client, FakeGithub], Sequence[Worker]]
Reactions = Callable[[str], str]

LABELLED = {"label": {"name": "contexten"}, "issue": {"number": 7}}

TWO_OF_THEM = """
from contexten.app import App, Importance
from workflows import github

app = App()

@app.github.event("issues:labeled", importance=Importance.ESSENTIAL)
async def essential(event):
    await github.post_comment(event.repository, 7, "essential")

@app.github.event("issues:labeled")
async def normal(event):
    await github.post_comment(event.repository, 7, "normal")
"""

ONE_AFTER_THE_OTHER = """
from contexten.app import App
from temporalio import workflow
from workflows import github

app = App()

@app.github.event("issues:labeled")
async def speaks(event):
    await github.post_comment(event.repository, 7, "first")
    await workflow.wait_condition(lambda: workflow.instance().standing()["orders"] != [])
    await github.post_comment(event.repository, 7, "second")
"""


async def deliver(client: Client, labelled: Event, payload: Any = None) -> WorkflowHandle[Any, Any]:
    await start(client, labelled, orjson.dumps(payload or {}), eager=False)
    return client.get_workflow_handle(labelled.workflow_id)


async def test_importance_travels_as_the_priority_of_each_call(
    temporal: Client, workers: Workers, reactions: Reactions
) -> None:
    reactions(TWO_OF_THEM)
    async with AsyncExitStack() as stack:
        for worker in workers(temporal, FakeGithub()):
            await stack.enter_async_context(worker)
        handle = await deliver(temporal, event())
        await asyncio.wait_for(handle.result(), 30)
        history = await handle.fetch_history()

    scheduled = [
        one.activity_task_scheduled_event_attributes
        for one in history.events
        if one.HasField("activity_task_scheduled_event_attributes")
    ]
    said = {orjson.loads(one.input.payloads[0].data)["body"]: one.priority for one in scheduled}
    assert {body: one.priority_key for body, one in said.items()} == {"essential": 1, "normal": 3}


async def test_a_paused_delivery_makes_no_further_call_until_it_is_resumed(
    temporal: Client, workers: Workers, reactions: Reactions
) -> None:
    reactions(ONE_AFTER_THE_OTHER)
    github, labelled = FakeGithub(), event()
    async with AsyncExitStack() as stack:
        for worker in workers(temporal, github):
            await stack.enter_async_context(worker)
        handle = await deliver(temporal, labelled)
        await until(says(github, "first"))
        await handle.signal("pause", args=["look first", "ada"])
        paused = (await handle.query("standing"))["paused"]
        assert (paused["by"], paused["because"]) == ("ada", "look first")
        memo = await (await handle.describe()).memo()
        assert memo["standing"]["paused"]["by"] == "ada"
        assert [c.body for c in github.comments] == ["first"]

        await handle.signal("resume", {"by": "ada", "because": "it is well"})
        await asyncio.wait_for(handle.result(), 30)

    assert [c.body for c in github.comments] == ["first", "second"]


async def test_a_pause_of_a_delivery_ends_by_itself_and_a_malformed_one_changes_nothing(
    temporal: Client, workers: Workers, reactions: Reactions
) -> None:
    reactions(ONE_AFTER_THE_OTHER)
    github, labelled = FakeGithub(), event()
    async with AsyncExitStack() as stack:
        for worker in workers(temporal, github):
            await stack.enter_async_context(worker)
        handle = await deliver(temporal, labelled)
        await handle.signal("pause", {"for": "soon"})
        await handle.signal("resume")
        await handle.signal("pause", {"for": "300ms", "by": "ada"})
        await asyncio.wait_for(handle.result(), 30)
        orders = (await handle.query("standing"))["orders"]

    assert [one["refused"] for one in orders] == [
        "'soon' is no duration; write it as 250ms, 10s, 10m, 1h30m or 7d",
        "it is not paused",
        None,
    ]
    assert len(github.comments) == 2


async def test_a_call_that_waits_is_held_with_its_paused_delivery(
    temporal: Client, workers: Workers
) -> None:
    github = FakeGithub(*[ServerError("503", platform="github") for _ in range(3)])
    labelled = event()
    async with AsyncExitStack() as stack:
        for worker in workers(temporal, github):
            await stack.enter_async_context(worker)
        handle = await deliver(temporal, labelled, LABELLED)
        await until(fails(handle))
        target, order = target_of(handle.id), Order("ada", "look first")

        given = await give(temporal, target, What.PAUSE, order)
        held = await pending(temporal, handle.id)
        resumed = await give(temporal, target, What.RESUME, order)
        await asyncio.wait_for(handle.result(), 30)

    assert given.taken
    assert [one.paused for one in held] == [True]
    assert resumed.taken
    assert [c.body for c in github.comments] == ["On it."]


async def test_a_call_that_waits_is_not_held_beyond_a_pause_that_ends_by_itself(
    temporal: Client, workers: Workers
) -> None:
    github = FakeGithub(*[ServerError("503", platform="github") for _ in range(3)])
    async with AsyncExitStack() as stack:
        for worker in workers(temporal, github):
            await stack.enter_async_context(worker)
        handle = await deliver(temporal, event(), LABELLED)
        await until(fails(handle))
        target = target_of(handle.id)

        await give(temporal, target, What.PAUSE, Order("ada", "until I say so"))
        for_a_time = Order("ada", "look first", timedelta(milliseconds=300))
        given = await give(temporal, target, What.PAUSE, for_a_time)
        await asyncio.wait_for(handle.result(), 30)

    assert given.taken
    assert [c.body for c in github.comments] == ["On it."]


def fails(handle: WorkflowHandle[Any, Any]) -> Any:
    async def found() -> bool:
        told = await handle.describe()
        return any(one.attempt > 1 for one in told.raw_description.pending_activities)

    return found


def says(github: FakeGithub, *bodies: str) -> Any:
    async def found() -> bool:
        return [c.body for c in github.comments] == list(bodies)

    return found


@pytest.fixture
async def control(temporal: Client, runner: WorkflowRunner) -> AsyncIterator[Client]:
    """The engine, with a control worker and the entity of the service level."""
    deeds = control_deeds(temporal)
    async with Worker(
        temporal,
        task_queue=Queue.CONTROL,
        workflows=[DegradationWorkflow, SweepWorkflow],
        activities=[deeds.read_level],
        workflow_runner=runner,
        workflow_failure_exception_types=[Exception],
    ):
        await entities.ensure(temporal, entities.DEGRADATION)
        yield temporal
        await temporal.get_workflow_handle(entities.DEGRADATION).terminate()


@pytest.mark.parametrize("level", ["essential", "maintenance"])
async def test_a_sweep_skips_its_turn_where_background_rounds_are_off(
    control: Client, level: str
) -> None:
    entity = control.get_workflow_handle(entities.DEGRADATION)
    await entity.signal("degrade", level)
    await until(shows(entity, level))

    # Nobody serves GitHub here: a sweep that asked it would not end.
    swept = await asyncio.wait_for(
        control.execute_workflow(
            SweepWorkflow.run,
            Sweep(repositories=("octo/hello",)),
            id="sweep-off",
            task_queue=Queue.CONTROL,
        ),
        30,
    )

    assert swept == Swept(thorough_at_s=0.0, note=swept.note)
    assert level in (swept.note or "")


@pytest.mark.parametrize("level", ["full", "limited"])
async def test_a_sweep_takes_its_turn_where_background_rounds_are_on(
    control: Client, level: str
) -> None:
    entity = control.get_workflow_handle(entities.DEGRADATION)
    await entity.signal("degrade", level)
    await until(shows(entity, level))

    swept = await asyncio.wait_for(
        control.execute_workflow(
            SweepWorkflow.run, Sweep(), id="sweep-on", task_queue=Queue.CONTROL
        ),
        30,
    )

    assert swept.note is None
    assert swept.thorough_at_s > 0


def shows(entity: WorkflowHandle[Any, Any], level: str) -> Any:
    async def found() -> bool:
        memo = await (await entity.describe()).memo()
        return bool(memo.get("standing", {}).get("level") == level)

    return found
