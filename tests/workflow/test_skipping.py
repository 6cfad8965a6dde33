"""A deed that is refused is left out where nothing leans on it, and who asked is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace

import orjson
import pytest
from fakes import event
from pretend import Sandbox, sandbox
from temporalio.client import Client, WorkflowFailureError
from temporalio.worker import Worker, WorkflowRunner
from waiting import until
from watching import boundary

from activities.clients.slack import SlackClient
from activities.slack import SlackActivities
from contexten.delivery import Event, Platform
from contexten.queues import Queue
from sandbox.tokens import SLACK_TOKEN
from starter.start import start
from workflows import attributes
from workflows.delivery import Delivered, DeliveryWorkflow, Outcome

__all__ = ["sandbox"]

THREAD = "1700000001.000100"
SAID = orjson.dumps({"event": {"channel": "C01", "ts": THREAD, "thread_ts": THREAD}})
LEAVES_OUT = f"""
from contexten.app import App
from workflows import slack

app = App()

@app.slack.event("app_mention")
async def decorates(event):
    await slack.add_reaction("C01", "1.000001", "eyes")
    await slack.post_reply("C01", "{THREAD}", "done")

@app.slack.event("reaction_added")
async def decorates_unasked(event):
    await slack.add_reaction("C01", "1.000001", "eyes")
"""
ONLY_LEAVES_OUT = """
from contexten.app import App, Importance
from workflows import slack

app = App()

@app.slack.event("app_mention", importance=Importance.ESSENTIAL)
@app.slack.event("reaction_added")
async def decorates(event):
    await slack.add_reaction("C01", "1.000001", "eyes")
"""
NEEDS_IT = f"""
from contexten.app import App
from workflows import slack

app = App()

@app.slack.event("app_mention")
async def leans_on_it(event):
    await slack.post_message("not a channel", "never said")
    await slack.post_reply("C01", "{THREAD}", "nor this")
"""


@pytest.fixture
async def slack_workers(
    temporal: Client, sandbox: Sandbox, runner: WorkflowRunner
) -> AsyncIterator[Client]:
    """The engine, with workers for deliveries and for Slack."""
    client = SlackClient(f"{sandbox.url}/slack/api/", SLACK_TOKEN, 2, 4)
    deeds = SlackActivities(client)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(client.close)
        for worker in (
            Worker(
                temporal,
                task_queue=Queue.DELIVERIES,
                workflows=[DeliveryWorkflow],
                workflow_runner=runner,
                workflow_failure_exception_types=[Exception],
            ),
            Worker(
                temporal,
                task_queue=Queue.SLACK,
                activities=[deeds.add_reaction, deeds.post_reply, deeds.post_message],
                interceptors=[boundary("slack")],
            ),
        ):
            await stack.enter_async_context(worker)
        yield temporal


def mention(name: str = "app_mention") -> Event:
    """Somebody speaks to us in a thread."""
    usual = event(name, None)
    return Event(
        Platform.SLACK,
        usual.delivery_id,
        name,
        None,
        usual.received_at,
        repository="C01",
        context=f"slack/C01/{THREAD}",
    )


async def delivered(client: Client, said: Event) -> Delivered:
    """What became of *said*."""
    await start(client, said, SAID, eager=False)
    handle = client.get_workflow_handle_for(DeliveryWorkflow.run, said.workflow_id)
    return await handle.result()


def replies(sandbox: Sandbox) -> list[str]:
    """What stands in the thread."""
    return [str(effect["details"]["text"]) for effect in sandbox.effects("reply")]


async def test_the_work_goes_on_without_a_refused_deed_and_who_asked_hears_of_it(
    slack_workers: Client, sandbox: Sandbox, reactions: Callable[[str], str]
) -> None:
    reactions(LEAVES_OUT)

    outcome = await delivered(slack_workers, mention())

    done, told = replies(sandbox)
    assert outcome.outcome is Outcome.HANDLED
    assert done == "done"
    assert told.startswith("Done, but I had to leave something out.\n- left out: slack.add_react")
    assert "message_not_found" in told


async def test_nobody_is_told_who_did_not_ask(
    slack_workers: Client, sandbox: Sandbox, reactions: Callable[[str], str]
) -> None:
    reactions(LEAVES_OUT)

    outcome = await delivered(slack_workers, mention("reaction_added"))

    assert outcome.outcome is Outcome.HANDLED
    assert replies(sandbox) == []


async def test_nothing_waits_until_who_asked_is_told_and_that_matters_as_the_work_did(
    slack_workers: Client, sandbox: Sandbox, reactions: Callable[[str], str]
) -> None:
    reactions(ONLY_LEAVES_OUT)
    sandbox.breaks("slack", "status", status=503, match="chat.postMessage")
    first = mention()
    await start(slack_workers, first, SAID, eager=False)
    handle = slack_workers.get_workflow_handle(first.workflow_id)

    async def telling() -> bool:
        pending = (await handle.describe()).raw_description.pending_activities
        return [one.activity_type.name for one in pending] == ["slack.post_reply"]

    await until(telling)
    second = replace(mention("reaction_added"), after=first.workflow_id)
    async with asyncio.timeout(30):
        assert (await delivered(slack_workers, second)).outcome is Outcome.HANDLED
    found = await handle.describe()

    assert await telling()
    assert found.typed_search_attributes[attributes.OUTCOME] == "handled"
    assert found.raw_description.pending_activities[0].priority.priority_key == 1
    await handle.terminate()


async def test_what_the_work_leans_on_ends_it_and_who_asked_hears_why(
    slack_workers: Client, sandbox: Sandbox, reactions: Callable[[str], str]
) -> None:
    reactions(NEEDS_IT)

    with pytest.raises(WorkflowFailureError):
        await delivered(slack_workers, mention())

    (told,) = replies(sandbox)
    assert told.startswith("I could not do all of it.\n- failed: slack.post_message: ")
    assert "channel_not_found" in told
