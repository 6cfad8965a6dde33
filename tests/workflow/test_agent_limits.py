"""A run keeps to its budget and to short histories, and is believed only what is seen."""

from contextlib import AsyncExitStack
from typing import Any

import pytest
from runs import Scripted, an_ask, begun, calls, entered
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.worker import WorkflowRunner
from waiting import until

from contexten.agent import Budget, Ending, Terms

DONE = calls(("finish", '{"summary": "It is mended."}'))
LOOK = calls(("view_file", '{"path": "a.py"}'))
COMMIT = calls(("commit", '{"message": "Mend"}'))


async def test_a_paused_run_goes_on_once_it_is_resumed(
    temporal: Client, runner: WorkflowRunner
) -> None:
    house = Scripted(LOOK, DONE)
    thinks = house.hold("next_turn")
    async with AsyncExitStack() as stack:
        await entered(stack, temporal, runner, house)
        run = await begun(temporal)
        await thinks.reached.wait()
        await run.signal("pause", {"by": "ada", "because": "look first"})
        await run.signal("message", args=["In blue.", "ada"])
        thinks.let_go.set()

        async def rests() -> bool:
            return "Paused" in (await run.query("progress"))["state"]

        await until(rests)
        assert len(house.asked) == 1
        await run.signal("resume", {"by": "ada"})
        assert (await run.result()).ending is Ending.DONE

    assert any("In blue." in one.text for one in house.asked[1].said)


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (Budget(tool_calls=2), "all 2 tool calls"),
        (Budget(tokens=20), "all 20 tokens"),
    ],
)
async def test_tools_and_tokens_are_counted_and_end_a_run(
    temporal: Client, runner: WorkflowRunner, budget: Budget, words: str
) -> None:
    house = Scripted(*[LOOK] * 5, terms=Terms(budget))
    async with AsyncExitStack() as stack:
        github = await entered(stack, temporal, runner, house)
        run = await begun(temporal)
        ended = await run.result()
        spent = await run.query("budget")

    assert ended.ending is Ending.EXHAUSTED
    assert words in github.comments[-1].body
    assert len(house.asked) == 2
    assert spent["tokens"]["spent"] == 20
    assert spent["tool_calls"]["spent"] == 2


async def test_a_run_goes_on_in_another_history_with_what_was_said(
    temporal: Client, runner: WorkflowRunner
) -> None:
    house = Scripted(LOOK, COMMIT, DONE, terms=Terms(turns_a_history=1))
    thinks = house.hold("next_turn")
    async with AsyncExitStack() as stack:
        github = await entered(stack, temporal, runner, house)
        run = await begun(temporal)
        await thinks.reached.wait()
        for n in range(3):
            await run.signal("message", an_ask(f"github/{n}", f"Word {n}."))
        thinks.let_go.set()
        ended = await run.result()
        assert await histories(temporal, run) == 3

    assert ended.ending is Ending.DONE
    assert [one.number for one in house.asked] == [1, 2, 3]
    assert [one.transcript for one in house.asked] == [None, "t", "t"]
    said = "".join(one.text for one in house.asked[1].said)
    assert [said.count(f"Word {n}.") for n in range(3)] == [1, 0, 1]
    assert [one.body for one in github.comments].count("On it.") == 1
    assert len({one.trace for one in house.asked}) == 1


async def test_what_is_said_while_histories_follow_each_other_is_heard_once_each(
    temporal: Client, runner: WorkflowRunner
) -> None:
    terms = Terms(Budget(model_calls=1000, tool_calls=1000), turns_a_history=1)
    house = Scripted(*[LOOK] * 900, terms=terms)
    async with AsyncExitStack() as stack:
        await entered(stack, temporal, runner, house)
        run = await begun(temporal)
        handle = temporal.get_workflow_handle(run.id)
        many = 0
        while len(house.asked) < 5:
            n, many = many, many + 1
            await handle.signal("message", args=[f"Word {n}.", "ada"])
            await handle.signal("message", an_ask(f"ask/{n}", f"Ask {n}."))
            await handle.signal("message", an_ask(f"ask/{n}", f"Ask {n}."))
        house.script[:] = [DONE]
        assert (await run.result()).ending is Ending.DONE
        assert await histories(temporal, run) >= 5

    said = "".join(part.text for one in house.asked for part in one.said)
    assert [said.count(f"Word {n}.") for n in range(many)] == [1] * many
    assert [said.count(f"Ask {n}.") for n in range(many)] == [1] * many


async def histories(temporal: Client, run: WorkflowHandle[Any, Any]) -> int:
    """In how many histories *run* went on, the first one included."""
    found, id_ = 0, run.first_execution_run_id
    while id_:
        found += 1
        events = await temporal.get_workflow_handle(run.id, run_id=id_).fetch_history()
        last = events.events[-1].workflow_execution_continued_as_new_event_attributes
        id_ = last.new_execution_run_id
    return found


async def test_a_run_whose_commit_is_not_there_is_told_once_and_then_fails(
    temporal: Client, runner: WorkflowRunner
) -> None:
    house = Scripted(COMMIT, DONE, DONE)
    house.pushed = "d" * 40
    async with AsyncExitStack() as stack:
        github = await entered(stack, temporal, runner, house)
        with pytest.raises(WorkflowFailureError) as failed:
            await (await begun(temporal)).result()

    assert "not at your commit" in str(failed.value.cause)
    assert any("it was looked up" in one.text for one in house.asked[2].said)
    assert "I could not do it" in github.comments[-1].body


async def test_a_run_that_mends_what_is_missing_ends_well(
    temporal: Client, runner: WorkflowRunner
) -> None:
    says_so = calls(("finish", '{"summary": "Mended.", "outcome": "branch"}'))
    house = Scripted(says_so, COMMIT, says_so)
    async with AsyncExitStack() as stack:
        await entered(stack, temporal, runner, house)
        assert (await (await begun(temporal)).result()).ending is Ending.DONE

    assert any("nothing was committed" in one.text for one in house.asked[1].said)
