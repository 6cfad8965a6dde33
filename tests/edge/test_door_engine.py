"""A door needs no engine to take deliveries; they are done once there is one."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from doors import PLATFORMS, body_of, github, issue, serving, slack
from house import SECRETS, House
from traffic import runs
from waiting import until

from contexten.delivery import Platform

CHALLENGE = b'{"type": "url_verification", "challenge": "c"}'
COUNT = 5
SLACK_WAITS_S = 3.0


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """The system, not yet started."""
    async with House(tmp_path) as one:
        yield one


async def standing(house: House) -> dict[str, Any]:
    """How the door says that it stands."""
    answer = await house.http.get(f"{house.url}/readyz")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def deliver(house: House, number: int) -> int:
    body = issue(number)
    headers = github(body, f"e-{number}", key=SECRETS["github"])
    answer = await house.http.post(f"{house.url}/github/events", content=body, headers=headers)
    return answer.status_code


async def shake_hands(house: House) -> dict[str, str]:
    """What the door answers to Slack's challenge."""
    headers = slack(CHALLENGE, key=SECRETS["slack"])
    answer = await house.http.post(f"{house.url}/slack/events", content=CHALLENGE, headers=headers)
    found: dict[str, str] = answer.json()
    return found


async def test_what_came_before_the_engine_is_done_once_it_is_there(house: House) -> None:
    await house.start_door()
    answers = [await deliver(house, number) for number in range(COUNT) for _ in ("first", "again")]
    shaken = await shake_hands(house)
    before = await standing(house)

    await house.start_engine()
    await house.start_worker("deliveries")

    async def drained() -> bool:
        now = await standing(house)
        return (now["engine"], now["backlog_bytes"]) == ("reachable", 0)

    await until(drained)
    assert answers == [202] * 2 * COUNT
    assert shaken == {"challenge": "c"}
    assert before["engine"] == "away: spooling"
    assert before["backlog_bytes"] > COUNT * len(issue())
    await until(lambda: all_done(house, [f"{Platform.GITHUB}/e-{n}" for n in range(COUNT)]))


async def all_done(house: House, wanted: list[str]) -> bool:
    """Whether the deliveries *wanted* have run to their end, each once, and no others."""
    return sorted(one.id for one in await runs(house) if one.closed_at) == wanted


@pytest.fixture
async def silent() -> AsyncIterator[str]:
    """The address of an engine that takes every connection and never says a word."""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        port: int = server.sockets[0].getsockname()[1]
        yield f"127.0.0.1:{port}"


async def test_an_engine_that_hangs_costs_no_sender_his_patience(
    tmp_path: Path, silent: str
) -> None:
    async with serving(tmp_path, DURABILITY="engine", TEMPORAL_ADDRESS=silent) as door:
        sends = [
            asyncio.to_thread(door.send, platform, body_of(platform)) for platform in PLATFORMS
        ]
        answers = await asyncio.gather(*sends)
        shaken = await asyncio.to_thread(door.send, "slack", CHALLENGE)

    assert [one.status_code for one in answers] == [503, 503, 503]
    assert all(int(one.headers["retry-after"]) > 0 for one in answers)
    assert max(one.elapsed.total_seconds() for one in answers) < SLACK_WAITS_S
    assert shaken.json() == {"challenge": "c"}


async def test_an_engine_that_hangs_is_no_matter_to_a_door_with_a_spool(
    tmp_path: Path, silent: str
) -> None:
    async with serving(tmp_path, TEMPORAL_ADDRESS=silent) as door:
        answer = await asyncio.to_thread(door.deliver, issue())
        seen = await asyncio.to_thread(door.get, "/readyz")

    assert (answer.status_code, answer.elapsed.total_seconds() < SLACK_WAITS_S) == (202, True)
    assert (seen.status_code, seen.json()["engine"]) == (200, "away: spooling")
