"""Workflow tests run twice: with the runner that is shipped, and in the strict sandbox."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fakes import LIGHT, FakeGithub
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from watching import boundary

from activities.github import GithubActivities
from contexten.queues import Queue
from workflows import registry
from workflows.delivery import DeliveryWorkflow


def strict() -> WorkflowRunner:
    """
    The sandbox that reloads everything but cryptography, whose library loads only once.

    No workflow imports that; a test's module does which has a stand-in workflow in it.
    """
    restrictions = SandboxRestrictions.default.with_passthrough_modules("cryptography")
    return SandboxedWorkflowRunner(restrictions=restrictions)


RUNNERS: dict[str, Callable[[], WorkflowRunner]] = {
    "shipped": UnsandboxedWorkflowRunner,
    "strict": strict,
}


@pytest.fixture(autouse=True)
def light_reactions() -> Iterator[None]:
    """Unless a test says otherwise, deliveries are acknowledged and nothing is begun."""
    registry.load(LIGHT)
    yield
    registry.load(registry.DEFAULT_MODULES)


@pytest.fixture(params=RUNNERS)
def runner(request: pytest.FixtureRequest) -> WorkflowRunner:
    """Both runners, one after the other."""
    return RUNNERS[request.param]()


@pytest.fixture
def workers(runner: WorkflowRunner) -> Callable[[Client, FakeGithub], Sequence[Worker]]:
    """The workers a delivery needs, on the real queues."""

    def made(client: Client, github: FakeGithub) -> Sequence[Worker]:
        return (
            Worker(
                client,
                task_queue=Queue.DELIVERIES,
                workflows=[DeliveryWorkflow],
                workflow_runner=runner,
                workflow_failure_exception_types=[Exception],
            ),
            Worker(
                client,
                task_queue=Queue.GITHUB,
                interceptors=[boundary("github")],
                activities=[GithubActivities(github).post_comment],  # type: ignore[arg-type]
                activity_executor=ThreadPoolExecutor(4),
            ),
        )

    return made


@pytest.fixture
def reactions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """Write a reactions module and put it in force, as a user's setting would."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def written(source: str) -> str:
        name = f"reactions_{uuid.uuid4().hex}"
        (tmp_path / f"{name}.py").write_text(source)
        registry.load([name])
        return name

    yield written
    registry.load(LIGHT)
