"""Slow, idle and too many senders cost the others nothing, and are sent away in the end."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from doors import Running, github, issue, served, serving
from waiting import until
from wire import head, request, wire

LIMIT_S = 0.4
AT_MOST_S = LIMIT_S + 2.0
SLACK_WAITS_S = 3.0
BODY = issue()
REQUEST = request(BODY, github(BODY))
HEAD = REQUEST[: -len(BODY)]


@pytest.fixture(scope="module")
def brisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A door that does not wait long for a request."""
    with served(tmp_path_factory.mktemp("brisk"), SLOW_REQUEST_TIMEOUT_S=LIMIT_S) as door:
        yield door


@pytest.mark.parametrize("sent", [0, 10, len(HEAD) - 2, len(HEAD), len(REQUEST) - 1])
async def test_a_request_that_stops_half_way_is_sent_away(brisk: Running, sent: int) -> None:
    began = time.monotonic()
    async with wire(brisk) as line:
        await line.send(REQUEST[:sent])
        said = await line.rest()

    assert LIMIT_S < time.monotonic() - began < AT_MOST_S
    assert said.startswith(b"HTTP/1.1 408 ") == (sent > 0)
    assert brisk.spooled() == []


@pytest.mark.parametrize("whole", [b"", HEAD])
async def test_bytes_that_trickle_buy_no_time(brisk: Running, whole: bytes) -> None:
    began = time.monotonic()
    async with wire(brisk) as line:
        await line.send(whole)
        await line.trickle(REQUEST[len(whole) :], 0.05)

    assert LIMIT_S < time.monotonic() - began < AT_MOST_S


async def test_a_connection_that_asks_nothing_more_is_closed_without_a_word(
    brisk: Running,
) -> None:
    async with wire(brisk) as line:
        await line.send(REQUEST)
        said = await line.answer()
        rest = await line.rest()

    assert (said.status, rest) == (202, b"")


async def test_a_body_nobody_wants_any_more_is_not_read_for_ever(brisk: Running) -> None:
    began = time.monotonic()
    async with wire(brisk) as line:
        await line.send(head({**github(BODY, key="wrong"), "content-length": "1000"}) + BODY)
        await line.trickle(b"x" * 500, 0.05)

    assert time.monotonic() - began < AT_MOST_S


async def test_slow_connections_do_not_keep_a_good_delivery_waiting(door: Running) -> None:
    async with AsyncExitStack() as held:
        slow = [await held.enter_async_context(wire(door)) for _ in range(200)]
        await asyncio.gather(
            *(line.send(HEAD if n % 2 else HEAD[:50]) for n, line in enumerate(slow))
        )
        began = time.monotonic()
        answers = [door.deliver(issue(n), f"d-{n}").status_code for n in range(10)]
        took = time.monotonic() - began

    assert answers == [202] * 10
    assert took < SLACK_WAITS_S


async def test_slow_connections_are_counted_and_leave_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path, SLOW_REQUEST_TIMEOUT_S=LIMIT_S) as door:
        async with wire(door) as line:
            await line.send(REQUEST[:-1])
            await line.rest()
        counted = door.get("/metrics").text

    assert "contexten_door_slow_connections_closed 1.0" in counted
    assert "contexten_door_body_bytes 0.0" in counted
    assert door.spooled() == []


async def test_more_connections_than_we_have_files_for_are_told_to_come_back(
    tmp_path: Path,
) -> None:
    async with AsyncExitStack() as held:
        door = await held.enter_async_context(
            serving(tmp_path, files=160, SLOW_REQUEST_TIMEOUT_S=LIMIT_S)
        )
        lines = [await held.enter_async_context(wire(door)) for _ in range(60)]
        refused = await lines[-1].answer()

        async def takes() -> bool:
            return door.deliver(BODY).status_code == 202

        await until(takes, 10)

    assert refused.status == 429
    assert int(refused.headers["retry-after"]) > 0
    assert "Traceback" not in door.log()
