"""A door told to stop answers what is under way and ends; one that is killed keeps its word."""

import asyncio
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from doors import KEYS, Running, github, issue, serving
from waiting import until
from wire import request, wire

from starter.serve import opened
from starter.settings import Settings

URL = "http://door"
BODY = issue()
REQUEST = request(BODY, github(BODY))


async def stops(door: Running) -> bool:
    """Whether *door* takes no new connection any more."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", door.port)
    except OSError:
        return True
    writer.close()
    return False


@pytest.mark.parametrize("order", [signal.SIGTERM, signal.SIGINT])
async def test_an_idle_door_ends_at_once_and_well(door: Running, order: signal.Signals) -> None:
    began = time.monotonic()
    door.process.send_signal(order)
    status = await asyncio.to_thread(door.process.wait, 20)

    assert status == 0
    assert time.monotonic() - began < 3
    assert '"event": "door.closed"' in door.log()


async def test_a_delivery_under_way_is_answered(door: Running) -> None:
    async with wire(door) as line, wire(door) as idle:
        await line.send(REQUEST[:-1])
        await idle.send(REQUEST)
        await idle.answer()
        door.process.send_signal(signal.SIGTERM)
        await until(lambda: stops(door))
        closed = await idle.rest()
        await line.send(REQUEST[-1:])
        said = await line.answer()
        await line.rest()
        status = await asyncio.to_thread(door.process.wait, 20)

    assert (said.status, closed, status) == (202, b"", 0)
    assert len(door.spooled()) == 2


async def test_a_delivery_that_never_comes_whole_does_not_hold_up_the_end(tmp_path: Path) -> None:
    async with serving(tmp_path, SHUTDOWN_TIMEOUT_S=1) as door, wire(door) as line:
        await line.send(REQUEST[:-1])
        door.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        status = await asyncio.to_thread(door.process.wait, 20)

    assert time.monotonic() - began < 3
    assert status == 0
    assert "Traceback" not in door.log()
    assert door.spooled() == []


async def test_told_twice_it_ends_once(door: Running) -> None:
    door.process.send_signal(signal.SIGTERM)
    door.process.send_signal(signal.SIGTERM)

    assert await asyncio.to_thread(door.process.wait, 20) == 0


async def test_a_door_that_is_stopping_takes_nothing_more(tmp_path: Path) -> None:
    secret = {"GITHUB_WEBHOOK_SECRET": KEYS["github"], "CONTEXTEN_VAR": str(tmp_path)}
    async with AsyncExitStack() as held:
        parts = await opened(Settings.model_validate(secret), held)
        door = httpx.ASGITransport(parts.server.config.app)
        client = await held.enter_async_context(httpx.AsyncClient(transport=door, base_url=URL))
        parts.door.draining = True
        answer = await client.post("/github/events", content=BODY, headers=github(BODY))
        standing = await client.get("/readyz")

    assert (answer.status_code, standing.status_code) == (503, 503)
    assert int(answer.headers["retry-after"]) > 0
    assert standing.json()["spool"] == "draining"


async def test_what_was_acknowledged_before_a_kill_is_in_the_spool(door: Running) -> None:
    acknowledged: list[str] = []

    async def send(client: httpx.AsyncClient, number: int) -> None:
        body, delivery = issue(number), f"k-{number}"
        answer = await client.post("/github/events", content=body, headers=github(body, delivery))
        if answer.status_code == 202:
            acknowledged.append(delivery)

    async def enough() -> bool:
        return len(acknowledged) >= 100

    limits = httpx.Limits(max_connections=20)
    async with httpx.AsyncClient(base_url=door.url, limits=limits) as client:
        sending = [asyncio.create_task(send(client, n)) for n in range(400)]
        await until(enough, every_s=0.001)
        door.process.kill()
        ended = await asyncio.gather(*sending, return_exceptions=True)

    kept = {event.delivery_id for event, _ in door.spooled()}
    assert set(acknowledged) <= kept
    assert any(isinstance(one, httpx.HTTPError) for one in ended)


async def test_a_door_killed_and_started_again_goes_on(tmp_path: Path) -> None:
    async with serving(tmp_path) as door:
        door.deliver(issue(1), "g-1")
        door.kill()
    async with serving(tmp_path) as door:
        door.deliver(issue(2), "g-2")
        waits = door.get("/readyz").json()["backlog_bytes"]

    assert [event.delivery_id for event, _ in door.spooled()] == ["g-1", "g-2"]
    assert waits > len(issue(1)) + len(issue(2))
