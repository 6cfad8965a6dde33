"""A reaction's deeds on Slack happen once each, whatever breaks on the way, and end in time."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from pretend import Sandbox, sandbox
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import Worker, WorkflowRunner
from watching import boundary

from activities.clients.slack import SlackClient
from activities.slack import SlackActivities
from contexten.delivery import Event, Platform
from contexten.effects import Effect, effect_key
from contexten.queues import Queue
from contexten.slack import Message
from sandbox.tokens import SLACK_TOKEN
from starter.start import start
from workflows.delivery import Delivered, DeliveryWorkflow, Outcome

__all__ = ["sandbox"]

MENTION = "1700000001.000100"
EVERY_DEED = """
from contexten.app import App
from workflows import slack

app = App()

@app.slack.event("app_mention")
async def everything(event):
    channel, thread = "C01", "1700000001.000100"
    ada = await slack.read_user("U07ADA")
    await slack.add_reaction(channel, thread, "eyes")
    posted = await slack.post_message(channel, "one")
    await slack.post_message(channel, "two")
    reply = await slack.post_reply(channel, thread, f"On it, {ada.name}.")
    await slack.update_message(channel, reply.ts, "Done.")
    said = await slack.read_replies(channel, thread)
    assert [one.text for one in said] == ["", "Done."]
    await slack.add_reaction(channel, posted.ts, "rocket")
    await slack.remove_reaction(channel, thread, "eyes")
"""

ONCE_EACH = {
    "reaction": 2,
    "message": 2,
    "reply": 1,
    "message_edited": 1,
    "reaction_removed": 1,
}


@pytest.fixture
async def slack(temporal: Client, sandbox: Sandbox) -> AsyncIterator[SlackActivities]:
    """A worker for Slack with one slot."""
    client = SlackClient(f"{sandbox.url}/slack/api/", SLACK_TOKEN, timeout_s=5, connections=1)
    deeds = SlackActivities(client)
    names = [name for name in vars(SlackActivities) if not name.startswith("_")]
    async with AsyncExitStack() as stack:
        stack.push_async_callback(client.close)
        worker = Worker(
            temporal,
            task_queue=Queue.SLACK,
            interceptors=[boundary("slack")],
            activities=[getattr(deeds, name) for name in names],
            max_concurrent_activities=1,
        )
        await stack.enter_async_context(worker)
        yield deeds


def mention() -> Event:
    """A mention of us under a fresh delivery id."""
    return Event(
        platform=Platform.SLACK,
        delivery_id=f"Ev{uuid.uuid4().hex}",
        name="app_mention",
        action=None,
        received_at=datetime.now(UTC),
        repository="C01",
        context=f"slack/C01/{MENTION}",
        sender="U07ADA",
    )


async def carried_out(
    temporal: Client, runner: WorkflowRunner, arrived: Event, payload: dict[str, Any]
) -> Delivered:
    worker = Worker(
        temporal,
        task_queue=Queue.DELIVERIES,
        workflows=[DeliveryWorkflow],
        workflow_runner=runner,
        workflow_failure_exception_types=[Exception],
    )
    async with worker:
        await start(temporal, arrived, orjson.dumps(payload), eager=False)
        handle = temporal.get_workflow_handle_for(DeliveryWorkflow.run, arrived.workflow_id)
        async with asyncio.timeout(60):
            return await handle.result()


@pytest.mark.parametrize("broken", ["nothing", "lost_answer"])
async def test_every_deed_is_seen_once(
    temporal: Client,
    sandbox: Sandbox,
    slack: SlackActivities,
    runner: WorkflowRunner,
    reactions: Callable[[str], str],
    broken: str,
) -> None:
    reactions(EVERY_DEED)
    if broken != "nothing":
        sandbox.breaks("slack", broken, rate=0.5, count=3)

    delivered = await carried_out(temporal, runner, mention(), {})

    assert delivered.outcome is Outcome.HANDLED
    kinds = [effect["kind"] for effect in sandbox.effects()]
    assert {kind: kinds.count(kind) for kind in kinds} == ONCE_EACH


async def test_a_mention_is_answered_in_its_thread(
    temporal: Client, sandbox: Sandbox, slack: SlackActivities, runner: WorkflowRunner
) -> None:
    arrived = mention()
    said = {"type": "app_mention", "user": "U07ADA", "channel": "C01", "ts": MENTION}

    delivered = await carried_out(temporal, runner, arrived, {"event": said})

    assert delivered.outcome is Outcome.HANDLED
    [effect] = sandbox.effects()
    assert (effect["kind"], effect["target"]) == ("reply", f"C01/{MENTION}")
    reaction = "workflows.acknowledgements.slack_mention"
    key = effect_key(arrived.workflow_id, reaction, "slack.post_reply", 0)
    assert effect["details"]["metadata"]["event_payload"] == {"key": key}


async def test_a_slow_answer_gives_its_slot_back_when_its_time_is_over(
    temporal: Client, sandbox: Sandbox, slack: SlackActivities
) -> None:
    sandbox.breaks("slack", "slow", match="chat.postMessage", seconds_per_byte=1, count=1)
    effect = Effect("a" * 32, datetime.now(UTC) - timedelta(minutes=5))

    async with asyncio.timeout(30):
        await temporal.execute_activity_method(
            SlackActivities.post_message,
            Message("C01", "slow", effect),
            id="slow",
            task_queue=Queue.SLACK,
            start_to_close_timeout=timedelta(seconds=1),
            retry_policy=RetryPolicy(maximum_attempts=2),
        )

    assert sandbox.struck() == 1
    assert len(sandbox.effects("message")) == 1


async def test_a_message_that_is_posted_after_we_gave_up_is_not_posted_again(
    temporal: Client, sandbox: Sandbox
) -> None:
    sandbox.breaks("slack", "latency", match="chat.postMessage", least_seconds=2, count=1)
    impatient = SlackClient(f"{sandbox.url}/slack/api/", SLACK_TOKEN, timeout_s=0.5, connections=2)
    effect = Effect("a" * 32, datetime.now(UTC) - timedelta(minutes=5))
    queue = f"slack-{uuid.uuid4()}"
    async with AsyncExitStack() as stack:
        stack.push_async_callback(impatient.close)
        deed = SlackActivities(impatient).post_message
        await stack.enter_async_context(
            Worker(temporal, task_queue=queue, activities=[deed], interceptors=[boundary("slack")])
        )

        await temporal.execute_activity_method(
            SlackActivities.post_message,
            Message("C01", "late", effect),
            id=queue,
            task_queue=queue,
            start_to_close_timeout=timedelta(seconds=20),
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=100)),
        )

    assert sandbox.struck() == 1
    assert len(sandbox.effects("message")) == 1
