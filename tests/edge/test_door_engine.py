"""A door needs no engine to take deliveries; they are done once there is one."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from doors import github, issue, slack
from house import SECRETS, House
from traffic import runs
from waiting import until

from contexten.delivery import Platform

CHALLENGE = b'{"type": "url_verification", "challenge": "c"}'
COUNT = 5


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
    answers = [await deliver(house, number) for number in range(COUNT)]
    shaken = await shake_hands(house)
    before = await standing(house)

    await house.start_engine()
    await house.start_worker("deliveries")

    async def drained() -> bool:
        return (await standing(house))["backlog_bytes"] == 0

    await until(drained)
    after = await standing(house)
    assert answers == [202] * COUNT
    assert shaken == {"challenge": "c"}
    assert (before["engine"], after["engine"]) == ("away: spooling", "reachable")
    assert before["backlog_bytes"] > COUNT * len(issue())
    await until(lambda: all_done(house, {f"{Platform.GITHUB}/e-{n}" for n in range(COUNT)}))


async def all_done(house: House, wanted: set[str]) -> bool:
    """Whether the deliveries *wanted* have run to their end, and no others."""
    return {one.id for one in await runs(house) if one.closed_at} == wanted
