"""Histories of real runs replay on the code as it is now."""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner
from temporalio.workflow import NondeterminismError

from workflows.agent import AgentRunWorkflow
from workflows.breaker import PlatformWorkflow
from workflows.degradation import DegradationWorkflow
from workflows.delivery import DeliveryWorkflow
from workflows.health import HealthWorkflow
from workflows.retry import RuleBookWorkflow
from workflows.sweep import SweepWorkflow

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))
WORKFLOWS = [
    AgentRunWorkflow,
    DegradationWorkflow,
    DeliveryWorkflow,
    HealthWorkflow,
    PlatformWorkflow,
    RuleBookWorkflow,
    SweepWorkflow,
]


def history(path: Path) -> WorkflowHistory:
    """What was recorded, under the id it had: a workflow may read its own."""
    recorded = WorkflowHistory.from_json(path.stem, path.read_text())
    begun = recorded.events[0].workflow_execution_started_event_attributes
    return WorkflowHistory(begun.workflow_id or path.stem, recorded.events)


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
@pytest.mark.parametrize("runner", [UnsandboxedWorkflowRunner, SandboxedWorkflowRunner])
async def test_a_recorded_history_replays(path: Path, runner: type[WorkflowRunner]) -> None:
    replayer = Replayer(workflows=WORKFLOWS, workflow_runner=runner())

    outcome = await replayer.replay_workflow(history(path), raise_on_replay_failure=False)

    assert outcome.replay_failure is None


def test_every_workflow_has_a_recorded_history() -> None:
    recorded = {
        started.workflow_type.name
        for path in HISTORIES
        for started in [history(path).events[0].workflow_execution_started_event_attributes]
    }

    assert recorded == {workflow.__name__ for workflow in WORKFLOWS}


async def test_a_history_that_does_not_fit_the_code_is_noticed() -> None:
    answered = history(Path(__file__).parent / "histories" / "delivery-answered.json")
    for one in answered.events:
        if one.HasField("activity_task_scheduled_event_attributes"):
            one.activity_task_scheduled_event_attributes.activity_type.name = "github.close_issue"

    replayer = Replayer(workflows=WORKFLOWS, workflow_runner=UnsandboxedWorkflowRunner())

    with pytest.raises(NondeterminismError):
        await replayer.replay_workflow(answered)
