"""Agent runs as an operator sees them and speaks to them, on a real engine."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from fakes import FakeGithub
from runs import Scripted, an_ask, calls
from shell import Said, Shell
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner
from waiting import until

from workflows.agent import AgentRunWorkflow

PLAN = calls(("reflect", '{"thoughts": "First \\u001b[2Jthis."}'))
ASKS = calls(("ask_human", '{"question": "Which \\u001b[2Jone?"}'))
DONE = calls(("finish", '{"summary": "It is mended."}'))


class Typed:
    """A shell beside an engine on which one run is under way, and asks something."""

    def __init__(self, shell: Shell, client: Client, context: str) -> None:
        self.shell, self.client, self.context = shell, client, context

    async def run(self, *words: str) -> Said:
        """Type a command."""
        return await asyncio.to_thread(self.shell.run, *words)

    async def shown(self) -> dict[str, Any]:
        """The run, as a machine reads it."""
        said = await self.run("agent", self.context, "--json")
        assert said.status == 0, said.text
        found: dict[str, Any] = json.loads(said.text)
        return found

    async def asks(self) -> None:
        """Return once the run asks something."""
        handle = self.client.get_workflow_handle(f"agent/{self.context}")

        async def asking() -> bool:
            return bool((await handle.query("progress"))["question"])

        await until(asking)


@pytest.fixture
async def typed(shell: Shell, temporal: Client, engine_address: str) -> AsyncIterator[Typed]:
    shell.environment["TEMPORAL_ADDRESS"] = engine_address
    context = f"github/octo/hello#{uuid.uuid4().hex}"
    async with AsyncExitStack() as stack:
        house = Scripted(PLAN, ASKS, DONE)
        for worker in house.workers(temporal, UnsandboxedWorkflowRunner(), FakeGithub()):
            await stack.enter_async_context(worker)
        await temporal.start_workflow(
            AgentRunWorkflow.run,
            args=[an_ask("github/1"), None],
            id=f"agent/{context}",
            task_queue="agents",
        )
        one = Typed(shell, temporal, context)
        await one.asks()
        yield one
        await temporal.get_workflow_handle(f"agent/{context}").result()


async def test_a_run_is_listed_and_shown_and_hears_what_is_typed(typed: Typed) -> None:
    async def listed() -> bool:
        return typed.context in (await typed.run("agents", "--running", "--json")).text

    await until(listed)
    found = json.loads((await typed.run("agents", "--running", "--json")).text)
    one = next(one for one in found if one["context"] == typed.context)
    table, whole, shown = await asyncio.gather(
        typed.run("agents"), typed.run("agent", typed.context), typed.shown()
    )
    said = await typed.run("agent-message", typed.context, "The red one", "--by", "ada")

    assert (one["state"], one["asked_by"], one["until"]) == ("Waits for an answer", "ada", None)
    assert "ada" in table.text
    assert "\x1b[2J" not in table.text + whole.text
    assert r"Which \x1b[2Jone?" in whole.text
    assert r"First \x1b[2Jthis." in whole.text
    assert "model calls    2 of 100" in whole.text
    assert shown["progress"]["repository"] == "octo/hello"
    assert shown["budget"]["model_calls"] == {"spent": 2, "of": 100}
    assert said.text.strip() == f"message {typed.context}: heard"

    async def done() -> bool:
        return (await typed.shown())["state"] == "done"

    await until(done)


async def test_a_run_is_paused_resumed_and_cancelled_by_its_context(typed: Typed) -> None:
    paused = await typed.run("agent-pause", typed.context, "look first", "--by", "grace")
    state = (await typed.shown())["state"]
    resumed = await typed.run("agent-resume", typed.context)
    again = await typed.run("agent-resume", typed.context)
    cancelled = await typed.run("agent-cancel", f"agent/{typed.context}", "no need", "--by", "ada")
    await typed.client.get_workflow_handle(f"agent/{typed.context}").result()
    late = await typed.run("agent-message", typed.context, "And this")

    assert paused.text.strip() == f"pause {typed.context}: heard"
    assert state == "Paused by grace: look first"
    assert (resumed.status, again.status) == (0, 1)
    assert "No effect: it is not paused." in again.text
    assert cancelled.status == 0, cancelled.text
    assert late.status == 1
    assert "No effect: the run has ended: cancelled." in late.text
    assert (await typed.shown())["state"] == "cancelled"


async def test_a_run_that_no_worker_serves_is_listed_and_does_not_say_how_it_stands(
    shell: Shell, temporal: Client, engine_address: str
) -> None:
    shell.environment["TEMPORAL_ADDRESS"] = engine_address
    context = f"github/octo/hello#{uuid.uuid4().hex}"
    run = await temporal.start_workflow(
        "AgentRunWorkflow",
        args=[an_ask("github/1"), None],
        id=f"agent/{context}",
        task_queue="served-by-nobody",
    )
    typed = Typed(shell, temporal, context)

    async def listed() -> bool:
        return context in (await typed.run("agents", "--running", "--json")).text

    await until(listed)
    shown = await typed.run("agent", context)
    told = await typed.run("agent-message", context, "Hello")
    await run.terminate()

    assert shown.status == 1
    assert "no worker of the queue agents answers" in shown.text
    assert "sent; no worker has taken it yet" in told.text


@pytest.mark.parametrize("what", ["approve", "reject"])
async def test_what_a_run_asks_is_answered_once(typed: Typed, what: str) -> None:
    said = await typed.run(f"agent-{what}", typed.context, "as I said", "--by", "ada")
    ended = await typed.client.get_workflow_handle(f"agent/{typed.context}").result()

    assert said.text.strip() == f"{what} {typed.context}: heard"
    assert ended["ending"] == "done"


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("agent", "github/no\x1bbody#1"), 1, "There is no such run"),
        (("agent", " "), 1, "say of which context"),
        (("agent-cancel", "github/nobody#1"), 1, "There is no such run"),
        (("agent-message", "github/nobody#1", " "), 2, "Say what"),
        (("agent-message", "github/nobody#1"), 2, "WORDS"),
    ],
)
def test_what_cannot_be_said_to_a_run_is_said_in_plain_words(
    shell: Shell, engine_address: str, words: tuple[str, ...], status: int, said: str
) -> None:
    came = shell.run(*words, TEMPORAL_ADDRESS=engine_address)

    assert (came.status, said in came.text) == (status, True), came.text
    assert "Traceback" not in came.text
    assert "\x1b" not in came.text
