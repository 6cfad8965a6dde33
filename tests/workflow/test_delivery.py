"""A delivery runs once, every reaction on its own, and says how it ended."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from fakes import FakeGithub, event
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.worker import Worker, WorkflowRunner
from waiting import until

from contexten.delivery import Event, Triggers
from contexten.errors import ClientError, ServerError
from starter.order import Order
from starter.start import Starter, start
from workflows import attributes
from workflows.delivery import Delivered, DeliveryWorkflow, Outcome

Workers = Callable[[Client, FakeGithub], Sequence[Worker]]
Reactions = Callable[[str], str]

LABELLED = {
    "action": "labeled",
    "label": {"name": "contexten"},
    "issue": {"number": 7},
    "repository": {"full_name": "octo/hello"},
}

TWO_REACTIONS = """
from contexten.app import App
from workflows import github

app = App()

@app.github.event("issues:labeled")
async def breaks(event):
    raise ValueError("no such thing")

@app.github.event("issues:labeled")
async def comments(event):
    await github.post_comment(event.repository, event.payload["issue"]["number"], "one")
    await github.post_comment(event.repository, event.payload["issue"]["number"], "two")
"""

OURS = "I could not do all of it.\n- failed: a fault of ours in breaks (ValueError)"

SAYS_ITS_ID = """
from contexten.app import App
from workflows import github

app = App()

@app.github.event("issues:labeled")
async def says_its_id(event):
    await github.post_comment(event.repository, 7, event.delivery_id)
"""


async def deliver(client: Client, event: Event, payload: Any = None) -> bool:
    body = orjson.dumps(LABELLED if payload is None else payload)
    return await start(client, event, body, eager=False)


async def ended(client: Client, event: Event) -> Delivered:
    handle = client.get_workflow_handle_for(DeliveryWorkflow.run, event.workflow_id)
    async with asyncio.timeout(60):
        return await handle.result()


async def running(stack: AsyncExitStack, workers: Sequence[Worker]) -> None:
    for worker in workers:
        await stack.enter_async_context(worker)


async def test_a_label_is_acknowledged_where_it_was_put(temporal: Client, workers: Workers) -> None:
    github, labelled = FakeGithub(), event()
    async with AsyncExitStack() as stack:
        await running(stack, workers(temporal, github))
        await deliver(temporal, labelled)
        outcome = await ended(temporal, labelled)

    assert outcome.outcome is Outcome.HANDLED
    assert [(c.repository, c.number, c.body) for c in github.comments] == [
        ("octo/hello", 7, "On it.")
    ]


async def test_what_nobody_reacts_to_ends_at_once(temporal: Client, workers: Workers) -> None:
    push = event("push", None)
    async with AsyncExitStack() as stack:
        await running(stack, workers(temporal, FakeGithub()))
        await deliver(temporal, push, {"ref": "main"})
        outcome = await ended(temporal, push)
        history = await temporal.get_workflow_handle(push.workflow_id).fetch_history()

    assert outcome == Delivered(Outcome.IGNORED)
    assert len(history.events) == 5


async def test_outlasts_a_platform_that_is_down_for_a_while(
    temporal: Client, workers: Workers
) -> None:
    github = FakeGithub(
        ServerError("502", platform="github"), ServerError("503", platform="github")
    )
    labelled = event()
    async with AsyncExitStack() as stack:
        await running(stack, workers(temporal, github))
        await deliver(temporal, labelled)
        outcome = await ended(temporal, labelled)

    assert outcome.outcome is Outcome.HANDLED
    assert github.asked == 3


async def test_a_refusal_is_not_repeated_and_who_asked_is_told_why_it_failed(
    temporal: Client, workers: Workers
) -> None:
    github = FakeGithub(ClientError("issue 7 is locked", platform="github", status=403))
    labelled = event()
    async with AsyncExitStack() as stack:
        await running(stack, workers(temporal, github))
        await deliver(temporal, labelled)
        with pytest.raises(WorkflowFailureError) as failure:
            await ended(temporal, labelled)

    assert github.asked == 2
    assert [c.body for c in github.comments] == [
        "I could not do all of it.\n- failed: github.post_comment: issue 7 is locked"
    ]
    assert "issue 7 is locked" in str(failure.value.cause)


async def test_one_reaction_that_breaks_does_not_stop_another(
    temporal: Client, workers: Workers, reactions: Reactions
) -> None:
    name = reactions(TWO_REACTIONS)
    github, labelled = FakeGithub(), event()
    async with AsyncExitStack() as stack:
        await running(stack, workers(temporal, github))
        await deliver(temporal, labelled)
        with pytest.raises(WorkflowFailureError) as failure:
            await ended(temporal, labelled)

    assert [c.body for c in github.comments] == ["one", "two", OURS]
    assert f"{name}.breaks: ValueError: no such thing" in str(failure.value.cause)


async def test_a_failed_delivery_runs_again_without_doubling_what_it_did(
    temporal: Client, workers: Workers, reactions: Reactions
) -> None:
    reactions(TWO_REACTIONS)
    github, labelled = FakeGithub(), event()
    async with AsyncExitStack() as stack:
        await running(stack, workers(temporal, github))
        for _ in range(2):
            assert await deliver(temporal, labelled)
            with pytest.raises(WorkflowFailureError):
                await ended(temporal, labelled)

    assert github.asked == 6
    assert [c.body for c in github.comments] == ["one", "two", OURS]


async def test_a_delivery_that_ended_well_never_runs_again(
    temporal: Client, workers: Workers
) -> None:
    github, labelled = FakeGithub(), event()
    async with AsyncExitStack() as stack:
        await running(stack, workers(temporal, github))
        await deliver(temporal, labelled)
        await ended(temporal, labelled)
        again = await deliver(temporal, labelled)

    assert not again
    assert github.asked == 1


async def test_a_hundred_copies_at_once_run_once(temporal: Client, workers: Workers) -> None:
    github, labelled = FakeGithub(), event()
    async with AsyncExitStack() as stack:
        await running(stack, workers(temporal, github))
        await asyncio.gather(*(deliver(temporal, labelled) for _ in range(100)))
        await ended(temporal, labelled)

    assert github.asked == 1


async def test_it_can_be_found_by_what_it_is_about(temporal: Client, workers: Workers) -> None:
    labelled = event()
    async with AsyncExitStack() as stack:
        await running(stack, workers(temporal, FakeGithub()))
        await deliver(temporal, labelled)
        await ended(temporal, labelled)
    found = await temporal.get_workflow_handle(labelled.workflow_id).describe()
    values = {pair.key: pair.value for pair in found.typed_search_attributes}

    assert values[attributes.PLATFORM] == "github"
    assert values[attributes.EVENT_TYPE] == "issues:labeled"
    assert values[attributes.REPOSITORY] == "octo/hello"
    assert values[attributes.CONTEXT_KEY] == "github/octo/hello#7"
    assert values[attributes.OUTCOME] == "handled"
    assert await found.static_summary() == "issues:labeled github/octo/hello#7"


async def test_a_large_body_travels_by_reference(temporal: Client, workers: Workers) -> None:
    labelled = event()
    async with AsyncExitStack() as stack:
        await running(stack, workers(temporal, github := FakeGithub()))
        await deliver(temporal, labelled, {**LABELLED, "padding": "x" * 20_000_000})
        await ended(temporal, labelled)
        history = await temporal.get_workflow_handle(labelled.workflow_id).fetch_history()

    assert len(github.comments) == 1
    assert sum(e.ByteSize() for e in history.events) < 20_000


@pytest.mark.parametrize("payload", [[], "x", 7, {"action": ["x"]}, {"issue": "none"}])
async def test_a_body_of_any_shape_is_no_error(
    temporal: Client, workers: Workers, payload: Any
) -> None:
    odd = event()
    async with AsyncExitStack() as stack:
        await running(stack, workers(temporal, FakeGithub()))
        await deliver(temporal, odd, payload)
        outcome = await ended(temporal, odd)

    assert outcome.outcome is Outcome.HANDLED


async def test_words_of_our_own_start_nothing(temporal: Client, workers: Workers) -> None:
    ours = replace(event(), sent_by_bot=True)
    async with AsyncExitStack() as stack:
        await running(stack, workers(temporal, github := FakeGithub()))
        await deliver(temporal, ours)
        await ended(temporal, ours)

    assert github.asked == 0
    status = (await temporal.get_workflow_handle(ours.workflow_id).describe()).status
    assert status is WorkflowExecutionStatus.COMPLETED


async def test_deliveries_about_one_thing_take_effect_in_the_order_they_came(
    temporal: Client, workers: Workers, reactions: Reactions
) -> None:
    reactions(SAYS_ITS_ID)
    context = f"github/octo/hello#{uuid.uuid4()}"
    slow = [ServerError("503", platform="github") for _ in range(2)]
    github = FakeGithub(*slow)
    events = [replace(event(), context=context) for _ in range(5)]
    starter = Starter(temporal, Triggers(), Order(), eager=False)
    async with AsyncExitStack() as stack:
        await running(stack, workers(temporal, github))
        await asyncio.gather(*(starter(one, b"{}") for one in events))
        for one in events:
            assert (await ended(temporal, one)).outcome is Outcome.HANDLED

    assert [c.body for c in github.comments] == [one.delivery_id for one in events]


async def test_one_that_failed_holds_up_nothing_behind_it(
    temporal: Client, workers: Workers, reactions: Reactions
) -> None:
    reactions(SAYS_ITS_ID)
    context = f"github/octo/hello#{uuid.uuid4()}"
    github = FakeGithub(ClientError("gone", platform="github", status=404))
    first, second = replace(event(), context=context), replace(event(), context=context)
    starter = Starter(temporal, Triggers(), Order(), eager=False)
    async with AsyncExitStack() as stack:
        await running(stack, workers(temporal, github))
        await starter(first, b"{}")
        await starter(second, b"{}")
        await ended(temporal, second)

    assert [c.body for c in github.comments] == [second.delivery_id]


async def test_one_that_waits_for_what_has_ended_goes_on_at_once(
    temporal: Client, workers: Workers, reactions: Reactions
) -> None:
    reactions(SAYS_ITS_ID)
    first, absent = event(), replace(event(), after="github/never-was")
    async with AsyncExitStack() as stack:
        await running(stack, workers(temporal, github := FakeGithub()))
        await deliver(temporal, first)
        await ended(temporal, first)
        second = replace(event(), after=first.workflow_id)
        for one in (second, absent):
            await deliver(temporal, one)
            await ended(temporal, one)

    assert [c.body for c in github.comments] == [one.delivery_id for one in (first, second, absent)]


async def test_one_whose_predecessor_was_terminated_goes_on(
    temporal: Client, runner: WorkflowRunner, workers: Workers, reactions: Reactions
) -> None:
    reactions(SAYS_ITS_ID)
    first = event()
    second = replace(event(), after=first.workflow_id)
    github = FakeGithub()
    deliveries, platform = workers(temporal, github)
    async with deliveries:
        await deliver(temporal, first)
        await deliver(temporal, second)

        async def waits() -> bool:
            history = await temporal.get_workflow_handle(first.workflow_id).fetch_history()
            return any(
                e.HasField("workflow_execution_signaled_event_attributes") for e in history.events
            )

        await until(waits)
        await temporal.get_workflow_handle(first.workflow_id).terminate("by hand")
        await temporal.get_workflow_handle(second.workflow_id).signal("predecessor_ended")
        async with platform:
            await ended(temporal, second)

    assert [c.body for c in github.comments] == [second.delivery_id]


async def test_a_second_run_and_one_that_waited_for_the_first_do_not_wait_for_each_other(
    temporal: Client, workers: Workers, reactions: Reactions
) -> None:
    reactions(SAYS_ITS_ID)
    first, second = event(), event()
    second = replace(second, after=first.workflow_id)
    again = replace(first, received_at=datetime.now(UTC), after=second.workflow_id)
    deliveries, platform = workers(temporal, github := FakeGithub())
    await deliver(temporal, first)
    await temporal.get_workflow_handle(first.workflow_id).terminate("by hand")
    await deliver(temporal, again)
    await deliver(temporal, second)
    async with deliveries, platform:
        await ended(temporal, second)
        await ended(temporal, again)

    assert [c.body for c in github.comments] == [second.delivery_id, again.delivery_id]
