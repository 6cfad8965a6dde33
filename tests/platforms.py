"""Workers for all three platforms of one sandbox, and deliveries carried out beside them."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
from pretend import Sandbox
from temporalio.client import Client
from temporalio.worker import Worker, WorkflowRunner
from watching import boundary

from activities.clients.github import GithubClient
from activities.clients.github_session import Credentials
from activities.clients.linear import LinearClient
from activities.clients.slack import SlackClient
from activities.github import GithubActivities
from activities.linear import LinearActivities
from activities.slack import SlackActivities
from contexten import reading
from contexten.delivery import Event, Platform
from contexten.queues import Queue
from contexten.reading import Claim
from sandbox.tokens import GITHUB_TOKEN, LINEAR_TOKEN, SLACK_TOKEN
from starter.start import start
from workflows.delivery import Delivered, DeliveryWorkflow


def arrived(platform: Platform, name: str | None, payload: dict[str, Any]) -> Event:
    """The event of *payload* under a fresh delivery id, as the door would read it."""
    claim = Claim(platform, str(uuid.uuid4()), name, None, datetime.now(UTC))
    event = reading.read(claim, payload)
    assert isinstance(event, Event), event
    return event


@asynccontextmanager
async def platform_workers(temporal: Client, sandbox: Sandbox) -> AsyncIterator[None]:
    """A worker for each platform of *sandbox*."""
    github = GithubClient(f"{sandbox.url}/github", Credentials(token=GITHUB_TOKEN), 5)
    linear = LinearClient(f"{sandbox.url}/linear/graphql", LINEAR_TOKEN, 5, 4, "ENG")
    slack = SlackClient(f"{sandbox.url}/slack/api/", SLACK_TOKEN, timeout_s=5, connections=4)
    deeds: Sequence[tuple[Queue, object]] = (
        (Queue.GITHUB, GithubActivities(github)),
        (Queue.LINEAR, LinearActivities(linear)),
        (Queue.SLACK, SlackActivities(slack)),
    )
    async with AsyncExitStack() as stack:
        stack.callback(github.close)
        stack.push_async_callback(linear.close)
        stack.push_async_callback(slack.close)
        for queue, of in deeds:
            names = [name for name in vars(type(of)) if not name.startswith("_")]
            worker = Worker(
                temporal,
                task_queue=queue,
                interceptors=[boundary(queue)],
                activities=[getattr(of, name) for name in names],
                activity_executor=ThreadPoolExecutor(4),
                max_concurrent_activities=4,
            )
            await stack.enter_async_context(worker)
        yield


async def carried_out(
    temporal: Client, runner: WorkflowRunner, event: Event, payload: dict[str, Any]
) -> Delivered:
    """How the delivery of *event* ended, carried out by a worker of its own."""
    worker = Worker(
        temporal,
        task_queue=Queue.DELIVERIES,
        workflows=[DeliveryWorkflow],
        workflow_runner=runner,
        workflow_failure_exception_types=[Exception],
    )
    async with worker:
        await start(temporal, event, orjson.dumps(payload), eager=False)
        handle = temporal.get_workflow_handle_for(DeliveryWorkflow.run, event.workflow_id)
        async with asyncio.timeout(60):
            return await handle.result()
