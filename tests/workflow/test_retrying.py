"""A workflow that failed or is stuck goes on from that step; none before it is done again."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import orjson
import pytest
from fakes import FakeGithub, event
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.worker import Worker
from waiting import until

from contexten.delivery import Event
from contexten.errors import ClientError, ServerError
from contexten.github import Comment, Posted
from contexten.orders import Order
from starter.orders import Conflict, NotThere
from starter.retrying import retry
from starter.start import start

Workers = Callable[[Client, FakeGithub], Sequence[Worker]]
Reactions = Callable[[str], str]
ADA = Order("ada", "the lock is off")

SIX_STEPS = """
from contexten.app import App
from workflows import github

app = App()

@app.github.event("issues:labeled")
async def speaks(event):
    for step in range(6):
        await github.post_comment(event.repository, 7, str(step))
"""

LEAVES_ONE_OUT = """
from temporalio.exceptions import ActivityError
from contexten.app import App
from workflows import github

app = App()

@app.github.event("issues:labeled")
@app.github.event("issues:opened")
async def speaks(event):
    try:
        await github.post_comment(event.repository, 7, "5")
    except ActivityError:
        pass
    await github.post_comment(event.repository, 7, "6")
    if event.action == "labeled":
        raise ValueError("no")
"""


class Locked(FakeGithub):
    """GitHub whose issue is locked from the sixth comment on, until it is unlocked."""

    def __init__(self, failure: Exception) -> None:
        super().__init__()
        self.failure: Exception | None = failure

    def post_comment(self, comment: Comment) -> Posted:
        if comment.body == "5" and self.failure:
            self.asked += 1
            raise self.failure
        return super().post_comment(comment)


async def deliver(client: Client, labelled: Event) -> WorkflowHandle[Any, Any]:
    await start(client, labelled, orjson.dumps({}), eager=False)
    return client.get_workflow_handle(labelled.workflow_id)


async def test_five_finished_steps_are_not_done_again(
    temporal: Client, workers: Workers, reactions: Reactions
) -> None:
    reactions(SIX_STEPS)
    github = Locked(ClientError("issue 7 is locked", platform="github", status=403))
    async with AsyncExitStack() as stack:
        for worker in workers(temporal, github):
            await stack.enter_async_context(worker)
        handle = await deliver(temporal, event())
        with pytest.raises(WorkflowFailureError):
            await asyncio.wait_for(handle.result(), 30)
        github.failure = None

        came = await retry(temporal, handle.id, ADA)
        await asyncio.wait_for(temporal.get_workflow_handle(handle.id).result(), 30)
        history = await temporal.get_workflow_handle(handle.id).fetch_history()

    assert (came.what, came.kept) == ("github.post_comment", 5)
    assert came.run_id == (await handle.describe()).run_id
    assert github.asked == 5 + 1 + 1
    assert [c.body for c in github.comments] == list("012345")
    reset = [e.workflow_task_failed_event_attributes for e in history.events]
    assert "retry by ada: the lock is off" in {
        one.failure.message.partition("reason: ")[2] or one.failure.message for one in reset
    }


async def test_a_delivery_that_is_stuck_is_tried_anew_from_there(
    temporal: Client, workers: Workers, reactions: Reactions
) -> None:
    reactions(SIX_STEPS)
    github = Locked(ServerError("503", platform="github"))
    async with AsyncExitStack() as stack:
        for worker in workers(temporal, github):
            await stack.enter_async_context(worker)
        handle = await deliver(temporal, event())
        await until(tried_again(handle))
        github.failure = None

        came = await retry(temporal, handle.id, ADA)
        await asyncio.wait_for(temporal.get_workflow_handle(handle.id).result(), 30)

    assert (came.what, came.kept) == ("github.post_comment", 5)
    assert [c.body for c in github.comments] == list("012345")


async def test_a_delivery_whose_code_broke_goes_on_from_its_last_task(
    temporal: Client, workers: Workers, reactions: Reactions
) -> None:
    reactions(SIX_STEPS.replace("str(step))", "str(step))\n    raise ValueError('no')"))
    github = FakeGithub()
    async with AsyncExitStack() as stack:
        for worker in workers(temporal, github):
            await stack.enter_async_context(worker)
        handle = await deliver(temporal, event())
        with pytest.raises(WorkflowFailureError):
            await asyncio.wait_for(handle.result(), 30)

        came = await retry(temporal, handle.id, ADA)
        with pytest.raises(WorkflowFailureError):
            await asyncio.wait_for(temporal.get_workflow_handle(handle.id).result(), 30)

    assert (came.what, came.kept) == ("its last task", 6)
    assert github.asked == 6


async def test_what_is_well_or_not_there_is_not_retried(temporal: Client, workers: Workers) -> None:
    async with AsyncExitStack() as stack:
        for worker in workers(temporal, FakeGithub()):
            await stack.enter_async_context(worker)
        handle = await deliver(temporal, event("push", None))
        await asyncio.wait_for(handle.result(), 30)

        with pytest.raises(Conflict, match="ended well"):
            await retry(temporal, handle.id, ADA)
        with pytest.raises(NotThere, match="github/none"):
            await retry(temporal, "github/none", ADA)


async def test_a_step_that_was_left_out_is_neither_what_failed_nor_a_reason_to_retry(
    temporal: Client, workers: Workers, reactions: Reactions
) -> None:
    reactions(LEAVES_ONE_OUT)
    github = Locked(ClientError("issue 7 is locked", platform="github", status=403))
    async with AsyncExitStack() as stack:
        for worker in workers(temporal, github):
            await stack.enter_async_context(worker)
        well = await deliver(temporal, replace(event(), action="opened"))
        await asyncio.wait_for(well.result(), 30)
        with pytest.raises(Conflict, match="ended well"):
            await retry(temporal, well.id, ADA)

        failed = await deliver(temporal, event())
        with pytest.raises(WorkflowFailureError):
            await asyncio.wait_for(failed.result(), 30)
        came = await retry(temporal, failed.id, ADA)
        with pytest.raises(WorkflowFailureError):
            await asyncio.wait_for(temporal.get_workflow_handle(failed.id).result(), 30)

    assert (came.what, came.kept) == ("its last task", 1)
    assert [c.body for c in github.comments] == ["6", "6"]


def tried_again(handle: WorkflowHandle[Any, Any]) -> Any:
    async def found() -> bool:
        told = await handle.describe()
        return any(one.attempt > 1 for one in told.raw_description.pending_activities)

    return found
