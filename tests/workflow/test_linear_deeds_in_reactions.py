"""A reaction's deeds on Linear happen once each, whatever breaks on the way, and end in time."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from fakes import LIGHT
from pretend import Sandbox, sandbox
from temporalio.client import Client, WorkflowFailureError
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker, WorkflowRunner
from watching import boundary

from activities.clients.linear import LinearClient
from activities.linear import LinearActivities
from contexten import reading
from contexten.delivery import Event, Platform
from contexten.effects import Effect, as_uuid, effect_key
from contexten.linear import Comment
from contexten.queues import Queue
from contexten.reading import Claim
from sandbox.tokens import LINEAR_TOKEN
from starter.start import start
from workflows import registry
from workflows.delivery import Delivered, DeliveryWorkflow, Outcome

__all__ = ["sandbox"]

PAYLOADS = Path(__file__).parents[2] / "sandbox" / "payloads" / "linear"

EVERY_DEED = """
from contexten.app import App
from contexten.linear import ActivityKind
from workflows import linear

app = App()

@app.linear.event("Comment:create")
async def everything(event):
    ticket = event.payload["data"]["issueId"]
    await linear.post_comment(ticket, "one")
    await linear.post_comment(ticket, "two")
    read = await linear.read_issue(ticket)
    teams = await linear.list_teams()
    assert read.team_id in [team.id for team in teams]
    issue = await linear.create_issue("A part", "of the whole", parent_id=ticket)
    other = await linear.create_issue("Elsewhere", team_id="OPS")
    assert other.identifier.startswith("OPS-")
    [done] = [s for s in await linear.list_workflow_states(read.team_id) if s.type == "completed"]
    await linear.update_issue(issue.identifier, state_id=done.id, priority=2)
    assert (await linear.read_issue(issue.id)).state_type == "completed"
    assert await linear.search_issues("whole part") == (issue,)
    hook = await linear.register_webhook("https://us.example/", ("Issue", "Comment"), "us")
    assert hook.enabled
    said = await linear.read_comments(ticket)
    assert await linear.read_comment(said[-1].id) == said[-1]
    assert not (await linear.read_user("0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9")).guest
    session = "1b2c3d4e-5f60-4718-8a9b-0c1d2e3f4a5b"
    told = await linear.create_agent_activity(session, ActivityKind.THOUGHT, "Hm.")
    assert await linear.read_agent_activity(told) == told
"""

ONCE_EACH = {"agent_activity": 1, "comment": 2, "issue": 2, "issue_update": 1, "webhook": 1}


def arrived(file: str) -> tuple[Event, bytes]:
    """The delivery of a real payload under a fresh id: its event, and its body."""
    body = (PAYLOADS / file).read_bytes()
    name = file.partition(".")[0]
    claim = Claim(Platform.LINEAR, str(uuid.uuid4()), name, None, datetime.now(UTC))
    event = reading.read(claim, orjson.loads(body))
    assert isinstance(event, Event)
    return event, body


@pytest.fixture
async def linear(temporal: Client, sandbox: Sandbox) -> AsyncIterator[LinearActivities]:
    """A worker for Linear with one slot."""
    client = LinearClient(f"{sandbox.url}/linear/graphql", LINEAR_TOKEN, 2, 1, "ENG")
    deeds = LinearActivities(client)
    names = [name for name in vars(LinearActivities) if not name.startswith("_")]
    worker = Worker(
        temporal,
        task_queue=Queue.LINEAR,
        interceptors=[boundary("linear")],
        activities=[getattr(deeds, name) for name in names],
        max_concurrent_activities=1,
    )
    async with worker:
        yield deeds
    await client.close()


async def carried_out(
    temporal: Client, runner: WorkflowRunner, event: Event, body: bytes
) -> Delivered:
    worker = Worker(
        temporal,
        task_queue=Queue.DELIVERIES,
        workflows=[DeliveryWorkflow],
        workflow_runner=runner,
        workflow_failure_exception_types=[Exception],
    )
    async with worker:
        await start(temporal, event, body, eager=False)
        handle = temporal.get_workflow_handle_for(DeliveryWorkflow.run, event.workflow_id)
        async with asyncio.timeout(60):
            return await handle.result()


@pytest.mark.parametrize("broken", ["nothing", "lost_answer", "status"])
async def test_every_deed_is_seen_once(
    temporal: Client,
    sandbox: Sandbox,
    linear: LinearActivities,
    runner: WorkflowRunner,
    reactions: Callable[[str], str],
    broken: str,
) -> None:
    reactions(EVERY_DEED)
    if broken != "nothing":
        sandbox.breaks("linear", broken, rate=0.4, count=5)

    delivered = await carried_out(temporal, runner, *arrived("Comment.create.json"))

    assert delivered.outcome is Outcome.HANDLED
    assert (sandbox.struck() > 0) is (broken != "nothing")
    kinds = [effect["kind"] for effect in sandbox.effects()]
    assert {kind: kinds.count(kind) for kind in kinds} == ONCE_EACH


@pytest.mark.parametrize(
    ("file", "reaction"),
    [
        ("Comment.create.json", "linear_mention"),
        ("Issue.update.json", "linear_label"),
    ],
)
async def test_who_asks_for_us_on_a_ticket_is_answered_there(
    temporal: Client,
    sandbox: Sandbox,
    linear: LinearActivities,
    runner: WorkflowRunner,
    file: str,
    reaction: str,
) -> None:
    registry.load(LIGHT)
    event, body = arrived(file)
    data = json.loads(body)["data"]

    delivered = await carried_out(temporal, runner, event, body)

    name = f"workflows.acknowledgements.{reaction}"
    key = effect_key(event.workflow_id, name, "linear.post_comment", 0)
    [effect] = sandbox.effects("comment")
    assert name in delivered.reactions
    assert effect["target"] == data.get("issueId", data["id"])
    assert effect["details"] == {"id": as_uuid(key), "body": "On it."}


async def test_a_ticket_that_is_gone_fails_the_delivery_at_once(
    temporal: Client, sandbox: Sandbox, linear: LinearActivities, runner: WorkflowRunner
) -> None:
    registry.load(LIGHT)
    event, body = arrived("Comment.create.json")
    told = json.loads(body)
    told["data"]["issueId"] = "ffffffff-5a7b-4c8d-8e0f-4a6b8c0d2e3f"

    with pytest.raises(WorkflowFailureError) as failed:
        await carried_out(temporal, runner, event, json.dumps(told).encode())

    assert isinstance(failed.value.cause, ApplicationError)
    assert "Entity not found: Issue" in str(failed.value.cause)
    assert sandbox.effects() == []


async def test_a_slow_answer_gives_its_slot_back_when_its_time_is_over(
    temporal: Client, sandbox: Sandbox, linear: LinearActivities
) -> None:
    sandbox.breaks("linear", "slow", seconds_per_byte=1, count=1)
    effect = Effect("a" * 32, datetime.now(UTC) - timedelta(minutes=5))

    async with asyncio.timeout(30):
        await temporal.execute_activity_method(
            LinearActivities.post_comment,
            Comment("ENG-7", "slow", effect),
            id="slow-linear",
            task_queue=Queue.LINEAR,
            start_to_close_timeout=timedelta(seconds=20),
            retry_policy=RetryPolicy(maximum_attempts=2),
        )

    assert sandbox.struck() == 1
    assert len(sandbox.effects("comment")) == 1
