"""Who asks in a comment how a run stands is told, once, and the run goes on as it would have."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from control import control_deeds
from platforms import platform_workers
from pretend import Sandbox, sandbox
from recorded_runs import Runs
from runs import Scripted
from scene import Scene, made
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker, WorkflowRunner

from contexten.agent_run import Ended

__all__ = ["sandbox"]

ASKED = "@contexten status"
NO_RUN = "No run is under way here."


@dataclass(slots=True)
class Asked:
    """A scene with real runs in it, whose model and machine follow a script."""

    scene: Scene
    house: Scripted
    client: Client
    agents: Worker

    @property
    def run(self) -> WorkflowHandle[Any, Ended]:
        """The run of the issue."""
        return self.client.get_workflow_handle(f"agent/{self.scene.issue}", result_type=Ended)

    def answers(self) -> list[str]:
        """What was said of how it stands."""
        return [one for one in self.scene.said() if "under way" in one]

    async def signals(self) -> list[str]:
        """What the run was told besides what it began with."""
        history = await self.run.fetch_history()
        signalled = (one.workflow_execution_signaled_event_attributes for one in history.events)
        return [one.signal_name for one in signalled if one.signal_name]


@pytest.fixture
async def asked(temporal: Client, sandbox: Sandbox, runner: WorkflowRunner) -> AsyncIterator[Asked]:
    house = Scripted()
    at_work = house.workers_of_run(temporal, runner, control_deeds(temporal).read_run)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(platform_workers(temporal, sandbox))
        for worker in at_work:
            await stack.enter_async_context(worker)
        scene = made(temporal, sandbox, runner, Runs(temporal))
        yield Asked(scene, house, temporal, at_work[0])


async def test_a_run_at_work_is_told_of_and_goes_on_as_before(asked: Asked) -> None:
    hold = asked.house.hold("next_turn")
    await asked.scene.labelled()
    await hold.reached.wait()

    await asked.scene.comment(ASKED)
    await asked.run.signal("pause", "we deploy")
    await asked.scene.comment(ASKED)
    await asked.run.signal("resume")
    hold.let_go.set()
    ended = await asked.run.result()

    at_work, paused = asked.answers()
    assert at_work.startswith("A run is under way here, for ada.")
    assert "- state: Turn 1" in at_work
    assert "- turns taken: 0" in at_work
    assert "100 of 100 model calls" in at_work
    assert "we deploy" in paused
    assert ended.words == "All done."
    assert len(asked.house.asked) == 1
    assert await asked.signals() == ["pause", "resume"]


async def test_where_no_run_is_under_way_that_is_said(asked: Asked) -> None:
    await asked.scene.comment(ASKED)
    await asked.scene.labelled()
    await asked.run.result()
    await asked.scene.comment(ASKED)
    await asked.scene.slack("app_mention", "<@U0CONTEXTEN> status")

    assert asked.answers() == [NO_RUN] * 3


async def test_who_may_not_write_is_not_told(asked: Asked) -> None:
    await asked.scene.comment(ASKED, "stranger")

    assert asked.answers() == []
    assert "Only people who may write" in asked.scene.said()[-1]


async def test_a_run_for_which_nobody_answers_is_said_to_be_there(asked: Asked) -> None:
    hold = asked.house.hold("next_turn")
    await asked.scene.labelled()
    await hold.reached.wait()
    await asked.agents.shutdown()

    await asked.scene.comment(ASKED)
    hold.let_go.set()

    assert asked.answers() == [
        "A run is under way here, but it does not say how it stands: no worker answers."
    ]
