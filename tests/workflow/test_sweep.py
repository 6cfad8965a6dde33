"""What the door did not take comes again, signed, under the same delivery id."""

import asyncio
import hashlib
import hmac
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from control import control_deeds
from pretend import Sandbox, sandbox
from temporalio.client import Client, ScheduleHandle, ScheduleOverlapPolicy
from temporalio.service import RPCError
from temporalio.worker import Worker, WorkflowRunner
from waiting import until
from watching import Clock, boundary

from activities.clients.github import GithubClient
from activities.clients.github_session import Credentials
from activities.github import GithubActivities
from contexten.queues import Queue
from sandbox.tokens import GITHUB_TOKEN
from starter import schedules
from starter.settings import Settings
from workflows.sweep import Sweep, SweepWorkflow, Swept

__all__ = ["sandbox"]

SECRET = "It's a Secret to Everybody"
REPO = "octo/hello"
PAYLOAD = {"action": "opened", "issue": {"number": 12}}


class Door:
    """A real HTTP receiver that answers as it is told, and keeps what it took."""

    def __init__(self) -> None:
        self.status = 202
        self.taken: list[tuple[dict[str, str], bytes]] = []
        door = self

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                door.taken.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(door.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *said: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self.url = f"http://127.0.0.1:{self.server.server_port}/github/events"


@pytest.fixture
def door() -> Iterator[Door]:
    open_door = Door()
    thread = threading.Thread(target=open_door.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield open_door
    open_door.server.shutdown()
    thread.join()
    open_door.server.server_close()


@pytest.fixture
def clock() -> Clock:
    """What the workers take for the time."""
    return Clock()


@pytest.fixture
async def swept_by(
    temporal: Client, sandbox: Sandbox, runner: WorkflowRunner, clock: Clock
) -> AsyncIterator[Client]:
    """The engine, with workers for the sweep and for GitHub."""
    github = GithubClient(f"{sandbox.url}/github", Credentials(token=GITHUB_TOKEN), 2)
    deeds = GithubActivities(github)
    async with AsyncExitStack() as stack:
        stack.callback(github.close)
        pool = stack.enter_context(ThreadPoolExecutor(4))
        await stack.enter_async_context(
            Worker(
                temporal,
                task_queue=Queue.CONTROL,
                workflows=[SweepWorkflow],
                activities=[control_deeds(temporal).read_level],
                workflow_runner=runner,
                workflow_failure_exception_types=[Exception],
            )
        )
        await stack.enter_async_context(
            Worker(
                temporal,
                task_queue=Queue.GITHUB,
                interceptors=[boundary("github", clock=clock)],
                activities=[deeds.list_failed_deliveries, deeds.redeliver],
                activity_executor=pool,
            )
        )
        yield temporal


def failed(guid: str, status: int = 503, minutes_ago: int = 30, **more: Any) -> dict[str, Any]:
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    said = {"guid": guid, "status_code": status, "event": "issues", "payload": PAYLOAD}
    return {**said, "delivered_at": at.strftime("%Y-%m-%dT%H:%M:%SZ"), **more}


def hook(sandbox: Sandbox, of: str, door: Door, *deliveries: dict[str, Any]) -> None:
    said = {"of": of, "url": door.url, "secret": SECRET, "deliveries": list(deliveries)}
    sandbox.arrange("/_github/hooks", said)


async def sweep(client: Client, wanted: Sweep) -> Swept:
    async with asyncio.timeout(60):
        result = await client.execute_workflow(
            SweepWorkflow.run, wanted, id=f"sweep-{id(wanted)}", task_queue=Queue.CONTROL
        )
    assert time.time() - result.thorough_at_s < 60
    return replace(result, thorough_at_s=0.0)


async def test_a_missed_delivery_arrives_signed_under_its_own_id(
    swept_by: Client, sandbox: Sandbox, door: Door
) -> None:
    hook(sandbox, REPO, door, failed("missed"), failed("taken", status=202))

    result = await sweep(swept_by, Sweep(repositories=(REPO,)))

    assert result == Swept(missing=1, redelivered=1)
    await until(taken_by(door, 1))
    [(headers, body)] = door.taken
    assert headers["x-github-delivery"] == "missed"
    assert headers["x-github-event"] == "issues"
    expected = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert headers["x-hub-signature-256"] == f"sha256={expected}"
    assert json.loads(body) == PAYLOAD


async def test_what_arrived_is_not_asked_for_by_the_next_sweep(
    swept_by: Client, sandbox: Sandbox, door: Door
) -> None:
    hook(sandbox, REPO, door, failed("missed"))
    await sweep(swept_by, Sweep(repositories=(REPO,)))
    await until(taken_by(door, 1))

    async def nothing_is_missing() -> bool:
        return await sweep(swept_by, Sweep(repositories=(REPO,))) == Swept()

    await until(nothing_is_missing)
    assert len(door.taken) == 1


async def test_a_door_still_away_is_given_a_pause(
    swept_by: Client, sandbox: Sandbox, door: Door
) -> None:
    door.status = 503
    hook(sandbox, REPO, door, failed("missed"))
    await sweep(swept_by, Sweep(repositories=(REPO,)))
    await until(taken_by(door, 1))

    async def no_longer_due() -> bool:
        result = await sweep(swept_by, Sweep(repositories=(REPO,)))
        return result == Swept(missing=1, redelivered=0)

    await until(no_longer_due)


async def test_hooks_of_organisations_are_swept_and_every_page_is_read(
    swept_by: Client, sandbox: Sandbox, door: Door
) -> None:
    deliveries = [failed(f"guid-{n}", 202, minutes_ago=200 - n) for n in range(150)]
    hook(sandbox, "octo-org", door, failed("oldest", minutes_ago=300), *deliveries)

    result = await sweep(swept_by, Sweep(organizations=("octo-org",)))

    assert result == Swept(missing=1, redelivered=1)
    await until(taken_by(door, 1))
    assert door.taken[0][0]["x-github-delivery"] == "oldest"


async def test_what_cannot_be_looked_at_is_named_and_the_rest_is_swept(
    swept_by: Client, sandbox: Sandbox, door: Door
) -> None:
    hook(sandbox, REPO, door, failed("missed"))

    result = await sweep(swept_by, Sweep(repositories=("missing/gone", REPO)))

    assert (result.missing, result.redelivered) == (1, 1)
    assert result.unreadable == (
        "repository missing/gone: ClientError: GitHub answered 404: Not Found",
    )


async def test_a_github_that_fails_for_a_moment_is_asked_again(
    swept_by: Client, sandbox: Sandbox, door: Door
) -> None:
    hook(sandbox, REPO, door, failed("missed"))
    sandbox.breaks("github", "status", status=502, count=1)

    assert (await sweep(swept_by, Sweep(repositories=(REPO,)))).redelivered == 1


async def test_a_github_that_limits_us_is_left_alone_until_the_next_sweep(
    swept_by: Client, sandbox: Sandbox, door: Door, clock: Clock
) -> None:
    hook(sandbox, REPO, door, *(failed(f"guid-{n}", minutes_ago=60 - n) for n in range(3)))
    limits = {"match": "/attempts", "retry_after_s": 3600}
    sandbox.breaks("github", "rate_limit", **limits)

    limited = await sweep(swept_by, Sweep(repositories=(REPO,)))
    calls = sandbox.struck()
    sandbox.heals()
    clock.ahead = timedelta(hours=2)
    later = await sweep(swept_by, Sweep(repositories=(REPO,)))

    assert (limited, calls) == (Swept(missing=3, postponed=3), 1)
    assert later == Swept(missing=3, redelivered=3)


async def test_what_github_will_not_repeat_does_not_keep_it_from_the_rest(
    swept_by: Client, sandbox: Sandbox, door: Door
) -> None:
    hook(sandbox, REPO, door, *(failed(f"guid-{n}", minutes_ago=60 - n) for n in range(3)))
    sandbox.breaks("github", "status", status=404, match="/attempts", count=1)

    result = await sweep(swept_by, Sweep(repositories=(REPO,)))

    assert result == Swept(missing=3, redelivered=2, refused=1)


def settings(**more: Any) -> Settings:
    return Settings(_env_file=None, **more)  # type: ignore[call-arg]


async def test_the_schedule_follows_the_settings_and_stays_paused(temporal: Client) -> None:
    wanted = settings(SWEEP_REPOSITORIES="octo/a", SWEEP_INTERVAL_S=600)
    await schedules.ensure(temporal, wanted)
    await schedules.ensure(temporal, wanted)
    handle = temporal.get_schedule_handle(schedules.SWEEP)
    await handle.pause(note="for a while")
    await until(is_paused(handle))

    more = settings(SWEEP_REPOSITORIES="octo/a,octo/b", SWEEP_INTERVAL_S=900)
    await schedules.ensure(temporal, more)

    schedule = (await handle.describe()).schedule
    assert schedule.state.paused
    assert schedule.spec.intervals[0].every == timedelta(minutes=15)
    assert schedule.policy.overlap is ScheduleOverlapPolicy.SKIP

    await schedules.ensure(temporal, settings())
    await schedules.ensure(temporal, settings())
    with pytest.raises(RPCError, match="not found"):
        await handle.describe()


async def test_the_schedule_starts_a_sweep_of_what_the_settings_name(
    swept_by: Client, sandbox: Sandbox, door: Door
) -> None:
    hook(sandbox, REPO, door, failed("missed"))
    await schedules.ensure(swept_by, settings(SWEEP_REPOSITORIES=REPO, SWEEP_INTERVAL_S=86_400))

    handle = swept_by.get_schedule_handle(schedules.SWEEP)
    await handle.trigger()

    await until(taken_by(door, 1))
    await schedules.ensure(swept_by, settings())


async def test_the_schedule_leaves_out_webhooks_that_lead_elsewhere(
    swept_by: Client, sandbox: Sandbox, door: Door
) -> None:
    hook(sandbox, REPO, door, failed("missed"))
    elsewhere = settings(
        SWEEP_REPOSITORIES=REPO, SWEEP_INTERVAL_S=86_400, WEBHOOK_URL="https://door.example.org"
    )

    assert await sweep(swept_by, schedules.wanted(elsewhere)) == Swept()


async def test_the_second_sweep_of_a_schedule_only_glances(
    swept_by: Client, sandbox: Sandbox, door: Door
) -> None:
    taken = [failed(f"guid-{n}", 202, minutes_ago=300 - n) for n in range(150)]
    hook(sandbox, REPO, door, *taken)
    wanted = settings(SWEEP_REPOSITORIES=REPO, SWEEP_INTERVAL_S=86_400)
    await schedules.ensure(swept_by, wanted)
    handle = swept_by.get_schedule_handle(schedules.SWEEP)

    calls = []
    for _ in range(2):
        before = sandbox.calls("github")
        await handle.trigger()
        await until(swept_times(swept_by, len(calls) + 1))
        calls.append(sandbox.calls("github") - before)

    assert calls == [1 + 2, 1 + 1]  # the list of hooks, and the pages of deliveries
    await schedules.ensure(swept_by, settings())


def is_paused(handle: ScheduleHandle) -> Any:
    async def paused() -> bool:
        return (await handle.describe()).schedule.state.paused

    return paused


def swept_times(client: Client, count: int) -> Any:
    async def swept() -> bool:
        handle = client.get_schedule_handle(schedules.SWEEP)
        actions = (await handle.describe()).info.recent_actions
        ids = [a.action.workflow_id for a in actions if hasattr(a.action, "workflow_id")]
        done = [await client.get_workflow_handle(i).describe() for i in ids]
        return sum(d.close_time is not None for d in done) >= count

    return swept


def taken_by(door: Door, count: int) -> Any:
    async def taken() -> bool:
        return len(door.taken) >= count

    return taken
