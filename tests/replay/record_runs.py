"""
Record what becomes of agent runs, for the replay tests.

    PYTHONPATH=tests .venv/bin/python tests/replay/record_runs.py NAME...

The first is a real one, by the offline model on the sandbox's sample repository; the others
follow a script. Record a history once, as ``record.py`` says.
"""

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from agents import Agents
from house import House
from recording import fresh_engine, keep
from runs import Scripted, an_ask, begun, calls, entered
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.worker import UnsandboxedWorkflowRunner
from traffic import Sender, label
from waiting import until

from contexten.agent import Budget, Terms

Run = WorkflowHandle[Any, Any]
Speak = Callable[[Run], Awaitable[None]]

LOOK = calls(("view_file", '{"path": "a.py"}'), ("ripgrep", '{"pattern": "a"}'))
ASK = calls(("ask_human", '{"question": "In blue?", "choices": ["yes", "no"]}'))
COMMIT = calls(("commit", '{"message": "Mend"}'))
DONE = calls(("finish", '{"summary": "It is mended."}'))
REAL = "run-to-a-pull-request"


async def says_nothing(_: Run) -> None:
    """Nobody says anything."""


async def says_more(run: Run) -> None:
    """Somebody says something, and asks again, while it works."""
    await run.signal("message", args=["In blue.", "ada"])
    await run.signal("message", an_ask("github/2", "And a test.", "8"))


async def cancels(run: Run) -> None:
    """Somebody cancels it."""
    await run.signal("cancel", args=["not needed", "ada"])


async def pauses_and_approves(run: Run) -> None:
    """Somebody pauses it for a while, and says yes to what it asks."""
    await run.signal("pause", args=["look first"])
    await run.signal("resume", args=["it is well"])

    async def asks() -> bool:
        return bool((await run.query("progress"))["question"])

    await until(asks)
    await run.signal("approve", args=["blue is good", "ada"])


def scripted() -> Mapping[str, tuple[Scripted, Speak]]:
    """What the model and the machine do in each story, and who says what meanwhile."""
    short = Terms(turns_a_history=1)
    poor = Terms(Budget(model_calls=2))
    unpushed = Scripted(COMMIT, DONE, DONE)
    unpushed.pushed = "d" * 40
    return {
        "run-that-hears-more": (Scripted(LOOK, COMMIT, DONE), says_more),
        "run-cancelled": (Scripted(*[LOOK] * 50), cancels),
        "run-used-up": (Scripted(*[LOOK] * 3, terms=poor), says_nothing),
        "run-that-asks": (Scripted(ASK, COMMIT, DONE), pauses_and_approves),
        "run-without-evidence": (unpushed, says_nothing),
        "run-in-another-history": (Scripted(LOOK, COMMIT, DONE, terms=short), says_nothing),
    }


async def record(client: Client, name: str, house: Scripted, speak: Speak) -> None:
    """Have one scripted run come to its end, and keep its last history."""
    async with AsyncExitStack() as stack:
        await entered(stack, client, UnsandboxedWorkflowRunner(), house)
        run = await begun(client)
        await speak(run)
        try:
            print(f"{name}: {await run.result()}")
        except WorkflowFailureError as failure:
            print(f"{name}: {failure.cause}")
        await keep(client.get_workflow_handle(run.id), name)


async def record_real() -> None:
    """Have a label lead to a pull request, and keep the history of the run."""
    with tempfile.TemporaryDirectory() as folder:
        async with House(Path(folder) / "house") as house:
            agents = Agents(house)
            await agents.start()
            sender = Sender(house)
            await sender.send(label(random.Random(4), 7), until_s=10)
            await until(lambda: agents.are_over(1), 100, 0.5)
            await sender.close()
            await keep(await agents.run(7), REAL)


async def main(names: list[str]) -> None:
    """Record the stories *names*, or all."""
    if not names or REAL in names:
        await record_real()
    async with fresh_engine() as client:
        for name, (house, speak) in scripted().items():
            if not names or name in names:
                await record(client, name, house, speak)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
    time.sleep(0.1)
