"""
Record the histories that the replay tests hold new code against, from real runs.

    PYTHONPATH=tests .venv/bin/python tests/replay/record.py NAME...

Record a history once, when a workflow gets a new way to go. Never record one again because
its replay fails: that is a versioning decision, a patch or a new build.
"""

import asyncio
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from control import control_deeds, health_deeds
from fakes import FakeGithub, event
from pretend import Sandbox, running_sandbox
from recording import fresh_engine, keep
from temporalio import activity
from temporalio.client import Client, WorkflowFailureError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker
from watching import boundary

from activities.clients.github import GithubClient
from activities.clients.github_session import Credentials
from activities.github import GithubActivities, GithubApi
from contexten.delivery import Event
from contexten.errors import ClientError, ServerError
from contexten.queues import Queue, probes_of
from sandbox.tokens import GITHUB_TOKEN
from starter import entities
from starter.start import start
from workflows.breaker import PlatformWorkflow
from workflows.degradation import DegradationWorkflow
from workflows.delivery import DeliveryWorkflow
from workflows.health import HealthWorkflow
from workflows.health import Wanted as Looked
from workflows.retry import RuleBookWorkflow
from workflows.sweep import Sweep, SweepWorkflow

LABELLED = {
    "action": "labeled",
    "label": {"name": "contexten"},
    "issue": {"number": 7},
    "repository": {"full_name": "octo/hello"},
}


@dataclass(frozen=True, slots=True)
class Story:
    """What happens: on a GitHub as it is then, a workflow is begun; its id is the answer."""

    github: GithubApi
    begin: Callable[[Client], Awaitable[str]]


def delivered(event: Event, payload: Any) -> Callable[[Client], Awaitable[str]]:
    """Begin with a delivery."""

    async def begin(client: Client) -> str:
        await start(client, event, orjson.dumps(payload), eager=False)
        return event.workflow_id

    return begin


def swept(wanted: Sweep) -> Callable[[Client], Awaitable[str]]:
    """Begin with a sweep."""

    async def begin(client: Client) -> str:
        id_ = f"sweep-{uuid.uuid4()}"
        await client.start_workflow(SweepWorkflow.run, wanted, id=id_, task_queue=Queue.CONTROL)
        return id_

    return begin


def ordered(*orders: tuple[str, Any]) -> Callable[[Client], Awaitable[str]]:
    """Begin the entity of the service level, give it *orders* one by one, and end it."""

    async def begin(client: Client) -> str:
        await entities.ensure(client, entities.DEGRADATION)
        handle = client.get_workflow_handle(entities.DEGRADATION)
        for signal, argument in orders:
            await handle.signal(signal, argument)
            await handle.query("level")  # it has taken the signal
        await handle.terminate()
        return entities.DEGRADATION

    return begin


def edited(*updates: tuple[str, list[Any]]) -> Callable[[Client], Awaitable[str]]:
    """Begin the rule book, change it by *updates* one by one, and end it."""

    async def begin(client: Client) -> str:
        await entities.ensure(client, entities.RULES)
        handle = client.get_workflow_handle(entities.RULES)
        for name, arguments in updates:
            version = await handle.execute_update(name, args=arguments)
            while version > 1 and not (await handle.query("versions"))[-1]["reached"]:
                await asyncio.sleep(0.1)
        await handle.terminate()
        return entities.RULES

    return begin


def books() -> dict[str, Story]:
    """What can happen to the rule book, by name."""

    def edit(**changes: str) -> list[Any]:
        paths = {name.replace("__", "."): value for name, value in changes.items()}
        return [{"by": "ada", "why": "Slack is slow", "changes": paths}]

    told = [
        ("edit", edit(slack__base_delay="10s", slack__attempt_timeout="1m")),
        ("edit", edit(slack__base_delay="2s", github__redeliver__unknown__attempts="3")),
        ("edit", edit(slack__base_delay="2s")),
        ("roll_back", [2, "ada", "it was better"]),
        ("edit", edit(slack__base_delay="default", linear__breaker__probes="5")),
    ]
    return {
        "rules-edited-and-rolled-back": Story(FakeGithub(), edited(*told)),
        "rules-that-tell-the-platforms": Story(FakeGithub(), edited(*told)),
    }


def gated(*told: tuple[str, Any]) -> Callable[[Client], Awaitable[str]]:
    """Begin GitHub's entity, tell it things one by one as soon as it rests, and end it."""

    async def begin(client: Client) -> str:
        id_ = "platform/github"
        await entities.ensure(client, id_)
        handle = client.get_workflow_handle(id_)
        for signal, said in told:
            await handle.signal(signal, said)
            await handle.query("standing")  # it has taken the signal
            await asyncio.sleep(1.5)
        await handle.terminate()
        return id_

    return begin


def gates() -> dict[str, Story]:
    """What can happen to a platform's gate, by name."""
    quick = {"version": 2, "changes": {"github.breaker.recovery_timeout": "1s"}}
    bad = {"failures": 5, "trailing_failures": 5}
    outage = {"outcomes": {"write": bad, "all": bad}, "example": "503"}
    good = {"outcomes": {"all": {"successes": 3}}, "proof": "github.post_comment"}
    ada = {"by": "ada", "because": "a drill"}
    through_an_outage = [
        ("rules_changed", quick),
        ("outcomes_reported", outage),
        ("outcomes_reported", good),
        ("outcomes_reported", {"fatal": "no token"}),
        ("outcomes_reported", good),
        ("outcomes_reported", {"outcomes": {"write": bad}, "example": "503"}),
        ("rules_changed", {}),
    ]
    by_people = [
        ("pause", {**ada, "for": "1s"}),
        ("hold", ada),
        ("pause", ada),
        ("release_hold", ada),
        ("resume", ada),
        ("force_open", ada),
        ("force_closed", ada),
        ("metrics_only", ada),
        ("release", ada),
        ("dance", ada),
        ("pause", {"for": "soon"}),
    ]
    return {
        "platform-through-an-outage": Story(FakeGithub(), gated(*through_an_outage)),
        "platform-ordered-by-people": Story(FakeGithub(), gated(*by_people)),
    }


def levels() -> dict[str, Story]:
    """What can happen to the service level, by name."""
    by_health = [("health_reported", {"unhealthy_critical": n}) for n in (1, 2, 3, 0)]
    by_people = [
        ("degrade", {"level": "essential", "by": "ada", "because": "quiet"}),
        ("pause_repository", {"repository": "octo/hello", "by": "ada", "for": "1ms"}),
        ("release", {"by": "ada"}),
        ("pause", {"by": "ada", "because": "moving house"}),
        ("resume", {"by": "ada"}),
        ("explode", "now"),
        ("pause", {"for": "soon"}),
    ]
    return {
        "degradation-by-health": Story(FakeGithub(), ordered(*by_health)),
        "degradation-by-people": Story(FakeGithub(), ordered(*by_people)),
    }


def swept_at_essential(wanted: Sweep) -> Callable[[Client], Awaitable[str]]:
    """Begin with a sweep when the service is down to what is essential."""

    async def begin(client: Client) -> str:
        await entities.ensure(client, entities.DEGRADATION)
        handle = client.get_workflow_handle(entities.DEGRADATION)
        await handle.signal("degrade", "essential")
        await handle.query("level")
        return await swept(wanted)(client)

    return begin


def paused(event: Event, payload: Any) -> Callable[[Client], Awaitable[str]]:
    """Begin with a delivery that is paused before anything else, and resumed."""

    async def begin(client: Client) -> str:
        id_ = await delivered(event, payload)(client)
        handle = client.get_workflow_handle(id_)
        await handle.signal("pause", {"by": "ada", "because": "look first"})
        await handle.signal("resume", {"by": "ada"})
        return id_

    return begin


def deliveries() -> dict[str, Story]:
    """What can happen to a delivery, by name."""
    down = [ServerError("503", platform="github")]
    locked = [ClientError("issue 7 is locked", platform="github", status=403)]
    after = replace(event(), after="github/gone")
    by_bot = replace(event(), sent_by_bot=True)
    told = {
        "ignored": (FakeGithub(), event("push", None), {"ref": "main"}),
        "answered": (FakeGithub(), event(), LABELLED),
        "answered-after-a-failure": (FakeGithub(*down), event(), LABELLED),
        "failed": (FakeGithub(*locked), event(), LABELLED),
        "failed-and-told-last": (FakeGithub(*locked), event(), LABELLED),
        "after-another": (FakeGithub(), after, LABELLED),
        "from-a-bot": (FakeGithub(), by_bot, LABELLED),
    }
    stories = {
        f"delivery-{name}": Story(github, delivered(one, payload))
        for name, (github, one, payload) in told.items()
    }
    return stories | {"delivery-paused": Story(FakeGithub(), paused(event(), LABELLED))}


def sweeps(url: str) -> dict[str, Story]:
    """What can happen to a sweep of the GitHub at *url*, by name."""
    github = GithubClient(f"{url}/github", Credentials(token=GITHUB_TOKEN), 2)
    return {
        "sweep-of-a-missed-delivery": Story(github, swept(Sweep(repositories=("octo/hello",)))),
        "sweep-of-what-is-not-there": Story(github, swept(Sweep(repositories=("missing/gone",)))),
        "sweep-that-asks-for-the-level": Story(github, swept(Sweep(repositories=("octo/hello",)))),
        "sweep-switched-off": Story(
            github, swept_at_essential(Sweep(repositories=("octo/hello",)))
        ),
    }


def looked(wanted: Looked) -> Callable[[Client], Awaitable[str]]:
    """Begin with a health round."""

    async def begin(client: Client) -> str:
        id_ = f"health-{uuid.uuid4()}"
        await client.start_workflow(HealthWorkflow.run, wanted, id=id_, task_queue=Queue.CONTROL)
        return id_

    return begin


def rounds() -> dict[str, Story]:
    """What can happen in a health round, by name."""
    return {
        "health-of-what-is-there": Story(FakeGithub(), looked(Looked())),
        "health-with-a-platform-to-probe": Story(FakeGithub(), looked(Looked(("slack",)))),
    }


def arranged(sandbox: Sandbox) -> None:
    """One delivery never arrived, one did."""
    at = (datetime.now(UTC) - timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    missed = {"guid": "missed", "status_code": 503, "event": "issues", "payload": LABELLED}
    missed["delivered_at"] = at
    taken = missed | {"guid": "taken", "status_code": 202}
    nobody = "http://127.0.0.1:1/github/events"
    hook = {"of": "octo/hello", "url": nobody, "secret": "", "deliveries": [missed, taken]}
    sandbox.arrange("/_github/hooks", hook)


def looking(client: Client) -> list[Callable[..., Any]]:
    """The deeds of a health round."""
    deeds = health_deeds(client, Path(tempfile.mkdtemp()))
    return [deeds.choose_probed, deeds.check_health, deeds.save_health]


@activity.defn(name="github.probe_group")
async def answers(group: str) -> str:
    """GitHub is well again by the time it is probed."""
    return f"{group} answers"


async def record(client: Client, name: str, story: Story) -> None:
    """Run one story and keep its history."""
    deeds = GithubActivities(story.github)
    control = control_deeds(client)
    async with (
        Worker(
            client,
            task_queue=Queue.DELIVERIES,
            workflows=[DeliveryWorkflow],
            workflow_runner=UnsandboxedWorkflowRunner(),
        ),
        Worker(
            client,
            task_queue=Queue.CONTROL,
            workflows=[
                DegradationWorkflow,
                HealthWorkflow,
                PlatformWorkflow,
                RuleBookWorkflow,
                SweepWorkflow,
            ],
            activities=[
                control.read_level,
                control.hasten_waiting_calls,
                control.set_queue_rate,
                control.count_waiting,
                control.read_rules,
                control.save_incident,
                *looking(client),
            ],
            workflow_runner=UnsandboxedWorkflowRunner(),
        ),
        Worker(
            client,
            task_queue=Queue.GITHUB,
            interceptors=[boundary("github")],
            activities=[deeds.post_comment, deeds.list_failed_deliveries, deeds.redeliver],
            activity_executor=ThreadPoolExecutor(2),
        ),
        Worker(client, task_queue=probes_of(Queue.GITHUB), activities=[answers]),
    ):
        handle = client.get_workflow_handle(await story.begin(client))
        try:
            print(f"{name}: {await handle.result()}")
        except WorkflowFailureError as failure:
            print(f"{name}: {failure.cause}")
        await keep(handle, name)


async def main(names: list[str]) -> None:
    """Record the stories *names*, or all."""
    with running_sandbox() as sandbox:
        arranged(sandbox)
        stories = deliveries() | sweeps(sandbox.url) | levels() | books() | rounds() | gates()
        async with fresh_engine() as client:
            for name in names or stories:
                await record(client, name, stories[name])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
    time.sleep(0.1)
