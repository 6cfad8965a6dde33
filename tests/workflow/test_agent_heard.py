"""What is said to a run is heard, whenever it is said: nothing is lost, nothing is heard twice."""

import threading
import uuid
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from fakes import FakeGithub
from runs import Scripted, an_ask, begun, calls, entered
from temporalio import workflow
from temporalio.client import Client, WorkflowFailureError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkflowRunner
from waiting import until

from contexten.agent import Ask, Ending
from contexten.agent_run import Ended
from contexten.github import Comment, Posted
from contexten.turns import Turn, TurnAsk
from workflows import agents
from workflows.effects import enter

DONE = calls(("finish", '{"summary": "It is mended."}'))
LOOK = calls(("view_file", '{"path": "a.py"}'))


class SlowAtTheEnd(FakeGithub):
    """GitHub, which takes the comment that has those words only once it is let."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words
        self.reached, self.let_go = threading.Event(), threading.Event()

    def post_comment(self, comment: Comment) -> Posted:
        if self.words in comment.body and not self.let_go.is_set():
            self.reached.set()
            self.let_go.wait(20)
        return super().post_comment(comment)

    async def is_reached(self) -> bool:
        return self.reached.is_set()


@workflow.defn(sandboxed=False)
class Asking:
    """What a reaction does that asks."""

    @workflow.run
    async def run(self, ask: Ask) -> None:
        enter("ask", ask.event)
        await agents.ask(ask)


def words_of(turn: TurnAsk) -> str:
    """What the model is told in that turn."""
    return "\n".join(one.text for one in turn.said)


async def test_what_is_said_while_a_run_boots_is_in_its_first_turn(
    temporal: Client, runner: WorkflowRunner
) -> None:
    house = Scripted(DONE)
    boots = house.hold("prepare_checkout")
    async with AsyncExitStack() as stack:
        github = await entered(stack, temporal, runner, house)
        run = await begun(temporal)
        await boots.reached.wait()
        await run.signal("message", an_ask("github/2", "In blue.", "8"))
        await run.signal("message", an_ask("github/2", "In blue.", "8"))
        boots.let_go.set()
        assert (await run.result()).ending is Ending.DONE

    assert len(house.asked) == 1
    assert words_of(house.asked[0]).count("In blue.") == 1
    assert "Mend it." in words_of(house.asked[0])
    told = [one.number for one in github.comments if "It is mended." in one.body]
    assert told == [7, 8]


async def test_what_is_said_during_a_turn_is_in_the_next(
    temporal: Client, runner: WorkflowRunner
) -> None:
    house = Scripted(LOOK, DONE)
    thinks = house.hold("next_turn")
    async with AsyncExitStack() as stack:
        await entered(stack, temporal, runner, house)
        run = await begun(temporal)
        await thinks.reached.wait()
        await run.signal("message", args=["In blue.", "ada"])
        thinks.let_go.set()
        assert (await run.result()).ending is Ending.DONE

    assert "In blue." not in words_of(house.asked[0])
    assert words_of(house.asked[1]).count("In blue.") == 1


@pytest.mark.parametrize("late", ["told", "removed"])
async def test_what_is_said_while_a_run_ends_has_it_go_on(
    temporal: Client, runner: WorkflowRunner, late: str
) -> None:
    house = Scripted(DONE, calls(("finish", '{"summary": "In blue it is."}')))
    github = SlowAtTheEnd("It is mended.")
    removed = house.hold("remove_checkout")
    async with AsyncExitStack() as stack:
        await entered(stack, temporal, runner, house, github)
        run = await begun(temporal)
        await until(github.is_reached)
        if late == "told":
            await run.signal("message", an_ask("github/2", "In blue.", "8"))
            removed.let_go.set()
            github.let_go.set()
        else:
            github.let_go.set()
            await removed.reached.wait()
            await run.signal("message", an_ask("github/2", "In blue.", "8"))
            removed.let_go.set()
        assert (await run.result()).words == "In blue it is."

    assert words_of(house.asked[1]).count("In blue.") == 1
    assert house.asked[1].transcript == "t"
    assert [c.number for c in github.comments if "It is mended." in c.body] == [7]
    assert [c.number for c in github.comments if "In blue it is." in c.body] == [8]


async def test_what_is_said_while_a_run_ends_badly_begins_a_fresh_one(
    temporal: Client, runner: WorkflowRunner
) -> None:
    house = Scripted(Turn("t", unusable="garbage"), Turn("t", unusable="garbage"), DONE)
    github = SlowAtTheEnd("garbage")
    async with AsyncExitStack() as stack:
        await entered(stack, temporal, runner, house, github)
        run = await begun(temporal)
        await until(github.is_reached)
        await run.signal("message", an_ask("github/2", "Try again."))
        await run.signal("message", an_ask("github/1", "Try again."))
        github.let_go.set()
        assert (await run.result()).ending is Ending.DONE

    assert house.asked[2].transcript is None
    assert words_of(house.asked[2]).count("Try again.") == 1


async def test_an_ask_of_a_delivery_begins_a_run_that_has_ended_again(temporal: Client) -> None:
    runner = UnsandboxedWorkflowRunner()
    house = Scripted(DONE, DONE)
    queue, context = f"askers-{uuid.uuid4()}", f"github/octo/hello#{uuid.uuid4().int % 10**9}"
    asks = [an_ask("github/1"), an_ask("github/2", "In blue.")]
    asks = [replace(one, event=replace(one.event, context=context)) for one in asks]
    async with AsyncExitStack() as stack:
        await entered(stack, temporal, runner, house)
        await stack.enter_async_context(
            Worker(temporal, task_queue=queue, workflows=[Asking], workflow_runner=runner)
        )
        for ask in asks:
            id_ = f"asker/{uuid.uuid4()}"
            await temporal.execute_workflow(Asking.run, ask, id=id_, task_queue=queue)
            await temporal.get_workflow_handle(f"agent/{context}").result()

    assert [one.number for one in house.asked] == [1, 1]
    assert "In blue." in words_of(house.asked[1])
    assert house.asked[0].trace != house.asked[1].trace


async def test_an_ask_of_a_delivery_comes_to_the_run_that_is_under_way(temporal: Client) -> None:
    runner = UnsandboxedWorkflowRunner()
    house = Scripted(LOOK, DONE)
    thinks = house.hold("next_turn")
    queue, context = f"askers-{uuid.uuid4()}", f"github/octo/hello#{uuid.uuid4().int % 10**9}"
    asks = [an_ask("github/1"), an_ask("github/2", "In blue."), an_ask("github/2", "In blue.")]
    asks = [replace(one, event=replace(one.event, context=context)) for one in asks]
    async with AsyncExitStack() as stack:
        await entered(stack, temporal, runner, house)
        await stack.enter_async_context(
            Worker(temporal, task_queue=queue, workflows=[Asking], workflow_runner=runner)
        )
        for ask in asks:
            id_ = f"asker/{uuid.uuid4()}"
            await temporal.execute_workflow(Asking.run, ask, id=id_, task_queue=queue)
            await thinks.reached.wait()
        thinks.let_go.set()
        await temporal.get_workflow_handle(f"agent/{context}").result()

    assert len(house.asked) == 2
    assert words_of(house.asked[1]).count("In blue.") == 1


async def test_a_cancelled_run_that_is_asked_again_later_is_a_fresh_one(
    temporal: Client, runner: WorkflowRunner
) -> None:
    house = Scripted(LOOK, DONE)
    thinks = house.hold("next_turn")
    github = SlowAtTheEnd("I stopped")
    async with AsyncExitStack() as stack:
        await entered(stack, temporal, runner, house, github)
        run = await begun(temporal)
        await thinks.reached.wait()
        await run.signal("cancel", args=["not needed", "ada"])
        thinks.let_go.set()
        await until(github.is_reached)
        await run.signal("message", an_ask("github/2", "Do it after all."))
        github.let_go.set()
        try:
            ended = await run.result()
        except WorkflowFailureError:
            pytest.fail("it was asked again, and ended as the first time")

    assert ended.ending is Ending.DONE


@pytest.mark.parametrize("ends", [Ending.CANCELLED, Ending.DONE])
async def test_a_cancel_is_heard_while_a_run_ends_that_was_asked_for_more(
    temporal: Client, runner: WorkflowRunner, ends: Ending
) -> None:
    house = Scripted(DONE)
    thinks = house.hold("next_turn")
    github = SlowAtTheEnd("I stopped" if ends is Ending.CANCELLED else "It is mended")
    async with AsyncExitStack() as stack:
        await entered(stack, temporal, runner, house, github)
        run = await begun(temporal)
        await thinks.reached.wait()
        if ends is Ending.CANCELLED:
            await run.signal("cancel", args=["not needed", "ada"])
        thinks.let_go.set()
        await until(github.is_reached)
        await run.signal("message", an_ask("github/2", "Do it after all.", "8"))
        await run.signal("cancel", args=["not that either", "grace"])
        github.let_go.set()
        ended = await run.result()

    assert ended == Ended(Ending.CANCELLED, "by grace, not that either.")
    assert len(house.asked) == 1
    told = [one for one in github.comments if "not that either" in one.body]
    assert [one.number for one in told] == [8]
