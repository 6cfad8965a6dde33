"""The answer of a run is looked up: one that is not there is posted again, and else no success."""

from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
from fakes import FakeGithub
from platforms import platform_workers
from pretend import Sandbox, sandbox
from runs import Scripted, an_ask, begun, calls, entered
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.worker import WorkflowRunner

from contexten.agent import Ending
from contexten.delivery import Platform
from contexten.effects import keys_in
from contexten.evidence_of_run import LOST
from contexten.place import Place
from workflows import attributes

__all__ = ["sandbox"]

DONE = calls(("finish", '{"summary": "It is mended."}'))
ANSWER = "It is mended."
PLACES = {
    "issue": Place(Platform.GITHUB, "octo/hello", "7"),
    "ticket": Place(Platform.LINEAR, "ENG-7"),
    "session": Place(Platform.LINEAR, "ENG-7", "1b2c3d4e-5f60-4718-8a9b-0c1d2e3f4a5b"),
    "thread": Place(Platform.SLACK, "C01", "1700000001.000100"),
}


async def answering(
    stack: AsyncExitStack, temporal: Client, runner: WorkflowRunner, sandbox: Sandbox, at: Place
) -> WorkflowHandle[Any, Any]:
    """A run that was asked at that place, and answers there."""
    for worker in Scripted(DONE).workers_of_run(temporal, runner):
        await stack.enter_async_context(worker)
    await stack.enter_async_context(platform_workers(temporal, sandbox))
    return await begun(temporal, ask=replace(an_ask("github/1"), place=at))


def answers(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Every answer that was posted, lost or not."""
    details = [one["details"] for one in sandbox.effects()]
    return [one for one in details if ANSWER in str(one.get("body") or one.get("text"))]


@pytest.mark.parametrize("at", PLACES.values(), ids=PLACES)
async def test_an_answer_that_is_lost_once_is_posted_again(
    temporal: Client, runner: WorkflowRunner, sandbox: Sandbox, at: Place
) -> None:
    sandbox.arrange("/_losses", {"platform": at.platform, "words": ANSWER})
    async with AsyncExitStack() as stack:
        run = await answering(stack, temporal, runner, sandbox, at)
        assert (await run.result()).ending is Ending.DONE
        told = (await run.query("progress"))["answers"]

    assert list(told.values()) == ["there"]
    assert len(answers(sandbox)) == 2
    assert len(sandbox.effects("lost")) == 1


@pytest.mark.parametrize("at", PLACES.values(), ids=PLACES)
async def test_a_run_whose_answer_is_lost_again_ends_as_failed(
    temporal: Client, runner: WorkflowRunner, sandbox: Sandbox, at: Place
) -> None:
    sandbox.arrange("/_losses", {"platform": at.platform, "words": ANSWER, "count": 2})
    async with AsyncExitStack() as stack:
        run = await answering(stack, temporal, runner, sandbox, at)
        with pytest.raises(WorkflowFailureError) as failed:
            await run.result()
        told = (await run.query("progress"))["answers"]
        found = await run.describe()

    cause = failed.value.cause
    assert isinstance(cause, ApplicationError)
    assert (cause.type, LOST in cause.message) == ("AnswerLost", True)
    assert ANSWER in cause.message
    assert list(told.values()) == ["posted and not there"]
    assert (await found.memo())["answers"] == told
    assert found.typed_search_attributes[attributes.OUTCOME] == "failed"
    assert len(answers(sandbox)) == 2
    assert len(sandbox.effects("lost")) == 2


async def test_it_is_posted_again_under_the_key_it_had(
    temporal: Client, runner: WorkflowRunner, sandbox: Sandbox
) -> None:
    sandbox.arrange("/_losses", {"platform": "github", "words": ANSWER})
    async with AsyncExitStack() as stack:
        run = await answering(stack, temporal, runner, sandbox, PLACES["issue"])
        await run.result()

    first, second = (keys_in(one["body"]) for one in answers(sandbox))
    assert first == second != set()


async def test_a_platform_that_is_away_is_waited_for_as_by_any_call(
    temporal: Client, runner: WorkflowRunner, sandbox: Sandbox
) -> None:
    sandbox.breaks("github", "status", status=503, match="/issues/comments/", count=2)
    async with AsyncExitStack() as stack:
        run = await answering(stack, temporal, runner, sandbox, PLACES["issue"])
        assert (await run.result()).ending is Ending.DONE
        told = (await run.query("progress"))["answers"]

    assert told == {"github octo/hello 7": "there"}
    assert sandbox.struck() == 2
    assert len(answers(sandbox)) == 1


async def test_an_answer_that_cannot_be_looked_up_fails_no_run(
    temporal: Client, runner: WorkflowRunner
) -> None:
    github = FakeGithub()
    github.away = True
    async with AsyncExitStack() as stack:
        await entered(stack, temporal, runner, Scripted(DONE), github)
        run = await begun(temporal)
        assert (await run.result()).ending is Ending.DONE
        told = (await run.query("progress"))["answers"]

    assert told == {"github octo/hello 7": "posted and not looked up"}
    assert [one.body.count(ANSWER) for one in github.comments] == [0, 1]


async def test_who_lost_an_answer_is_told_of_the_next_end(
    temporal: Client, runner: WorkflowRunner
) -> None:
    house = Scripted(DONE, calls(("finish", '{"summary": "In blue it is."}')))
    github, removed = FakeGithub(), house.hold("remove_checkout")
    github.loses = 2
    async with AsyncExitStack() as stack:
        await entered(stack, temporal, runner, house, github)
        run = await begun(temporal)
        await removed.reached.wait()
        await run.signal("message", an_ask("github/2", "In blue.", "8"))
        removed.let_go.set()
        assert (await run.result()).words == "In blue it is."

    assert [c.number for c in github.comments if "In blue it is." in c.body] == [7, 8]
