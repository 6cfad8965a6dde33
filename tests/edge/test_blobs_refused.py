"""A large body whose blob finds no room waits, or its sender does; nothing else waits for it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from doors import github, issue, serving
from house import SECRETS, House
from traffic import runs
from waiting import until

LARGE = issue(2, note="x" * 200_000)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """The system, not yet started."""
    async with House(tmp_path) as one:
        yield one


async def deliver(house: House, body: bytes, delivery: str) -> int:
    headers = github(body, delivery, key=SECRETS["github"])
    answer = await house.http.post(f"{house.url}/github/events", content=body, headers=headers)
    return answer.status_code


async def test_the_worker_outlives_a_disk_that_refuses_a_blob(house: House) -> None:
    house.var.mkdir()
    in_the_way = house.var / "blobs"
    in_the_way.touch()
    await house.start("deliveries")
    worker = house.workers["deliveries"]

    answers = [await deliver(house, LARGE, "large"), await deliver(house, issue(1), "small")]

    async def refused_and_gone_on() -> bool:
        done = [one.id for one in await runs(house) if one.closed_at]
        return "disk.refuses" in worker.said and done == ["github/small"]

    await until(refused_and_gone_on)
    in_the_way.unlink()

    async def both_done() -> bool:
        done = [one.id for one in await runs(house) if one.closed_at]
        return sorted(done) == ["github/large", "github/small"]

    await until(both_done)
    assert answers == [202, 202]
    assert worker.alive


async def test_a_door_that_leans_on_the_engine_says_come_back(
    tmp_path: Path, engine_address: str
) -> None:
    in_the_way = tmp_path / "var" / "blobs"
    in_the_way.parent.mkdir()
    in_the_way.touch()
    async with serving(tmp_path, DURABILITY="engine", TEMPORAL_ADDRESS=engine_address) as door:
        refused = await asyncio.to_thread(door.deliver, LARGE, "large")
        in_the_way.unlink()
        taken = await asyncio.to_thread(door.deliver, LARGE, "large")

    assert (refused.status_code, taken.status_code) == (503, 202)
    assert int(refused.headers["retry-after"]) > 0
