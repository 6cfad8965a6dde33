"""The door may die at any moment: what it acknowledged is done, what it did not is harmless."""

import asyncio
import random
import time

import pytest
from history import check, told
from house import House
from traffic import Sender, comment, history, settled
from waiting import until

pytestmark = pytest.mark.timeout(900)


async def killed_now_and_then(
    house: House, dice: random.Random, every_s: tuple[float, float]
) -> None:
    """Kill the door and start it again; until cancelled."""
    while True:
        await asyncio.sleep(dice.uniform(*every_s))
        await house.door.kill()
        await house.start_door()


async def test_a_door_killed_again_and_again_loses_and_doubles_nothing(
    house: House, sender: Sender, dice: random.Random, size: str
) -> None:
    count, per_second, every_s = (400, 30, (1.5, 3)) if size == "S" else (2000, 30, (5, 5))
    await house.start("deliveries", "github")
    patient = [comment(dice, n, asks=n % 3 == 0) for n in range(1, count + 1)]
    hasty = [comment(dice, n) for n in range(count + 1, count + count // 5)]

    killing = asyncio.create_task(killed_now_and_then(house, dice, every_s))
    await asyncio.gather(
        sender.pace(patient, per_second, until_s=60), sender.pace(hasty, per_second / 5)
    )
    killing.cancel()
    await asyncio.gather(killing, return_exceptions=True)
    ended_at = time.time()
    if not house.door.alive:
        await house.start_door()
    await until(settled(house, sender), 90, 0.5)

    assert all(sender.attempts[d.workflow_id].acknowledged_at for d in patient)
    assert set(sender.answers()) > {202}, "no request met a dead door: the run proves nothing"
    found = check(await history(house, sender, faults_ended_at=ended_at))
    assert not found, told(found)


async def test_a_door_and_workers_told_to_stop_under_load_lose_nothing(
    house: House, sender: Sender, dice: random.Random, size: str
) -> None:
    count = 300 if size == "S" else 1500
    await house.start("deliveries", "github")
    await house.fault("github", "latency", least_seconds=0.05, seconds=0.3)
    sending = asyncio.create_task(
        sender.pace([comment(dice, n) for n in range(1, count + 1)], 30, until_s=60)
    )

    for process in (house.door, house.workers["deliveries"], house.workers["github"]):
        await asyncio.sleep(2)
        asked_at = time.monotonic()
        assert await process.stop() == 0, process.said[-2000:]
        assert time.monotonic() - asked_at < 10
        if process is house.door:
            await house.start_door()
    await sending
    ended_at = time.time()
    await asyncio.gather(house.start_worker("deliveries"), house.start_worker("github"))
    await until(settled(house, sender), 90, 0.5)

    assert all(one.acknowledged_at for one in sender.attempts.values())
    found = check(await history(house, sender, faults_ended_at=ended_at))
    assert not found, told(found)
