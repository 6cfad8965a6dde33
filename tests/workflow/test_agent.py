"""An agent run does what it was asked, hears what is said meanwhile, and says how it ended."""

from contextlib import AsyncExitStack

import pytest
from runs import Scripted, an_ask, begun, calls, entered
from temporalio.client import Client, WorkflowFailureError
from temporalio.worker import WorkflowRunner
from waiting import until

from contexten.agent import Budget, Ending, Terms
from contexten.turns import Turn

ASKS = calls(("ask_human", '{"question": "Which one?"}'))
DONE = calls(("finish", '{"summary": "It is mended."}'))


async def test_a_run_uses_tools_and_ends_with_what_can_be_seen(
    temporal: Client, runner: WorkflowRunner
) -> None:
    house = Scripted(
        calls(("view_file", '{"path": "a.py"}'), ("search", '{"query": "x"}')),
        calls(("reflect", '{"thoughts": "First this."}'), ("commit", '{"message": "Mend"}')),
        DONE,
    )
    async with AsyncExitStack() as stack:
        github = await entered(stack, temporal, runner, house)
        run = await begun(temporal)
        ended = await run.result()
        assert await run.query("plan") == "First this."

    assert ended.ending is Ending.DONE
    assert sorted(house.used[:2]) == ["tools.search", "tools.view_file"]
    assert house.used[2:] == ["tools.commit"]
    assert house.removed == 1
    assert github.comments[0].body == "On it."
    assert "It is mended." in github.comments[1].body
    assert "cccccccccccc" in github.comments[1].body


async def test_a_question_waits_for_its_answer_and_a_known_key_is_not_heard_twice(
    temporal: Client, runner: WorkflowRunner
) -> None:
    house = Scripted(ASKS, DONE)
    async with AsyncExitStack() as stack:
        github = await entered(stack, temporal, runner, house)
        run = await begun(temporal)

        async def waits() -> bool:
            return bool((await run.query("progress"))["question"])

        await until(waits)
        await run.signal("message", an_ask("github/1"))
        for hostile in (7, None, {"key": 1}, {"text": 3}, [], "", {"key": "k", "words": "x"}):
            await run.signal("message", hostile)
        assert (await run.query("progress"))["question"]
        await run.signal("message", args=["The red one", "ada"])
        ended = await run.result()

    assert ended.ending is Ending.DONE
    assert "Which one?" in github.comments[1].body
    assert "The red one" in house.asked[1].said[0].text


async def test_a_budget_that_is_used_up_ends_it_as_exhausted(
    temporal: Client, runner: WorkflowRunner
) -> None:
    looks = [calls(("view_file", '{"path": "a.py"}')) for _ in range(5)]
    house = Scripted(*looks, terms=Terms(Budget(model_calls=2)))
    async with AsyncExitStack() as stack:
        github = await entered(stack, temporal, runner, house)
        ended = await (await begun(temporal)).result()

    assert ended.ending is Ending.EXHAUSTED
    assert "all 2 model calls" in github.comments[1].body


async def test_the_wall_clock_ends_a_run_that_waits_even_if_it_is_paused(
    temporal: Client, runner: WorkflowRunner
) -> None:
    house = Scripted(ASKS, terms=Terms(Budget(wall_clock_s=1.0)))
    async with AsyncExitStack() as stack:
        await entered(stack, temporal, runner, house)
        run = await begun(temporal)
        await run.signal("pause", "look first")
        ended = await run.result()

    assert ended.ending is Ending.EXHAUSTED


async def test_a_cancelled_run_says_so(temporal: Client, runner: WorkflowRunner) -> None:
    house = Scripted(ASKS)
    async with AsyncExitStack() as stack:
        github = await entered(stack, temporal, runner, house)
        run = await begun(temporal)
        await run.signal("cancel", args=["not needed", "ada"])
        ended = await run.result()

    assert ended.ending is Ending.CANCELLED
    assert "I stopped" in github.comments[-1].body


async def test_two_answers_in_a_row_that_cannot_be_used_end_it(
    temporal: Client, runner: WorkflowRunner
) -> None:
    house = Scripted(calls(("no_such_tool", "{}")), Turn("t", unusable="it is garbage"))
    async with AsyncExitStack() as stack:
        await entered(stack, temporal, runner, house)
        with pytest.raises(WorkflowFailureError) as failed:
            await (await begun(temporal)).result()

    assert "garbage" in str(failed.value.cause)
