"""A reaction's deeds on GitHub happen once each, whatever breaks on the way, and end in time."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from fakes import event
from pretend import Sandbox, sandbox
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import Worker, WorkflowRunner
from watching import boundary

from activities.clients.github import GithubClient
from activities.clients.github_session import Credentials
from activities.github import GithubActivities
from contexten.effects import Effect
from contexten.github import Comment
from contexten.queues import Queue
from sandbox.tokens import GITHUB_TOKEN
from starter.start import start
from workflows.delivery import Delivered, DeliveryWorkflow, Outcome

__all__ = ["sandbox"]

EVERY_DEED = """
from contexten.app import App
from contexten.github import Conclusion, Emoji
from workflows import github

app = App()

@app.github.event("issues:labeled")
async def everything(event):
    repo = event.repository
    await github.add_reaction(repo, 7, Emoji.EYES)
    posted = await github.post_comment(repo, 7, "one")
    await github.post_comment(repo, 7, "two")
    await github.add_reaction(repo, 7, Emoji.ROCKET, comment_id=posted.id)
    issue = await github.create_issue(repo, "title", "body", ("bug",))
    pull = await github.create_pull_request(repo, "t", "b", head="mend", base="main")
    read = await github.read_pull_request(repo, pull.number)
    await github.post_review_comment(
        repo, pull.number, "why?", commit=read.head_sha, path="a.py", line=1
    )
    await github.create_check_run(
        repo, read.head_sha, "contexten", Conclusion.SUCCESS, title="Fine", summary="All well."
    )
    assert await github.add_labels(repo, pull.number, "x", "y") == ("x", "y")
    await github.remove_labels(repo, pull.number, "x")
    found = await github.search_issues(f"repo:{repo} is:issue title")
    assert [f.number for f in found] == [issue.number]
    assert (await github.read_file(repo, "README.md")).text == "Hello"
    await github.update_pull_request(repo, pull.number, title="Mend it")
    await github.create_review(repo, pull.number, "Fine.", commit=read.head_sha)
    assert (await github.read_issue(repo, issue.number)).title == "title"
    said = await github.list_comments(repo, 7)
    assert said[-1] == await github.read_comment(repo, said[-1].id)
    assert [one.name for one in await github.list_checks(repo, read.head_sha)] == ["contexten"]
    assert (await github.read_diff(repo, pull.number)).whole
    assert await github.read_permission(repo, "ada") == "write"
"""

ONCE_EACH = {
    "comment": 2,
    "reaction": 2,
    "issue": 1,
    "pull_request": 1,
    "pull_request_edited": 1,
    "review": 1,
    "review_comment": 1,
    "check_run": 1,
    "label": 2,
    "label_removed": 1,
}


@pytest.fixture
async def github(temporal: Client, sandbox: Sandbox) -> AsyncIterator[GithubActivities]:
    """A worker for GitHub with one slot."""
    client = GithubClient(f"{sandbox.url}/github", Credentials(token=GITHUB_TOKEN), 5)
    deeds = GithubActivities(client)
    names = [name for name in vars(GithubActivities) if not name.startswith("_")]
    async with AsyncExitStack() as stack:
        stack.callback(client.close)
        pool = stack.enter_context(ThreadPoolExecutor(1))
        worker = Worker(
            temporal,
            task_queue=Queue.GITHUB,
            interceptors=[boundary("github")],
            activities=[getattr(deeds, name) for name in names],
            activity_executor=pool,
            max_concurrent_activities=1,
        )
        await stack.enter_async_context(worker)
        yield deeds


async def carried_out(temporal: Client, runner: WorkflowRunner) -> Delivered:
    arrived = event()
    worker = Worker(
        temporal,
        task_queue=Queue.DELIVERIES,
        workflows=[DeliveryWorkflow],
        workflow_runner=runner,
        workflow_failure_exception_types=[Exception],
    )
    async with worker:
        payload = orjson.dumps({"action": "labeled"})
        await start(temporal, arrived, payload, eager=False)
        handle = temporal.get_workflow_handle_for(DeliveryWorkflow.run, arrived.workflow_id)
        async with asyncio.timeout(60):
            return await handle.result()


@pytest.mark.parametrize("broken", ["nothing", "lost_answer"])
async def test_every_deed_is_seen_once(
    temporal: Client,
    sandbox: Sandbox,
    github: GithubActivities,
    runner: WorkflowRunner,
    reactions: Callable[[str], str],
    broken: str,
) -> None:
    reactions(EVERY_DEED)
    said = {"repository": "octo/hello", "path": "README.md", "text": "Hello"}
    sandbox.arrange("/_github/files", said, method="PUT")
    if broken != "nothing":
        sandbox.breaks("github", broken, match="POST", rate=0.5, count=3)

    delivered = await carried_out(temporal, runner)

    assert delivered.outcome is Outcome.HANDLED
    kinds = [effect["kind"] for effect in sandbox.effects()]
    assert {kind: kinds.count(kind) for kind in kinds} == ONCE_EACH


async def test_a_slow_answer_gives_its_slot_back_when_its_time_is_over(
    temporal: Client, sandbox: Sandbox, github: GithubActivities
) -> None:
    sandbox.breaks("github", "slow", match="POST", seconds_per_byte=1, count=1)
    effect = Effect("a" * 32, datetime.now(UTC) - timedelta(minutes=5))

    async with asyncio.timeout(30):
        await temporal.execute_activity_method(
            GithubActivities.post_comment,
            Comment("octo/hello", 1, "slow", effect),
            id="slow",
            task_queue=Queue.GITHUB,
            start_to_close_timeout=timedelta(seconds=1),
            retry_policy=RetryPolicy(maximum_attempts=2),
        )

    assert sandbox.struck() == 1
    assert len(sandbox.effects("comment")) == 1


async def test_a_comment_that_is_posted_after_we_gave_up_is_not_posted_again(
    temporal: Client, sandbox: Sandbox
) -> None:
    sandbox.breaks("github", "latency", match="POST", least_seconds=3, count=1)
    impatient = GithubClient(f"{sandbox.url}/github", Credentials(token=GITHUB_TOKEN), 1)
    effect = Effect("a" * 32, datetime.now(UTC) - timedelta(minutes=5))
    queue = f"github-{uuid.uuid4()}"
    async with AsyncExitStack() as stack:
        stack.callback(impatient.close)
        pool = stack.enter_context(ThreadPoolExecutor(1))
        deed = GithubActivities(impatient).post_comment
        worker = Worker(
            temporal,
            task_queue=queue,
            activities=[deed],
            activity_executor=pool,
            interceptors=[boundary("github")],
        )
        await stack.enter_async_context(worker)

        await temporal.execute_activity_method(
            GithubActivities.post_comment,
            Comment("octo/hello", 1, "late", effect),
            id=queue,
            task_queue=queue,
            start_to_close_timeout=timedelta(seconds=20),
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=100)),
        )

    assert sandbox.struck() == 1
    assert len(sandbox.effects("comment")) == 1
