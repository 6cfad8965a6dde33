"""Workers may die at any moment: every accepted delivery is still answered, once."""

import asyncio
import random
import time

import pytest
from history import check, told
from house import House
from traffic import Delivery, Sender, comment, history, label, mention, settled, ticket_comment
from waiting import until

pytestmark = pytest.mark.timeout(900)

WORKERS = ("deliveries", "github", "linear,slack")


async def killed_now_and_then(
    house: House, dice: random.Random, every_s: tuple[float, float]
) -> None:
    """Kill one worker after the other, at random, and start each again; until cancelled."""
    while True:
        await asyncio.sleep(dice.uniform(*every_s))
        victim = dice.choice(WORKERS)
        await house.workers[victim].kill()
        await house.start_worker(victim)


def of_all_platforms(dice: random.Random, count: int) -> list[Delivery]:
    kinds = (comment, label, ticket_comment, mention)
    return [dice.choice(kinds)(dice, n) for n in range(1, count + 1)]


async def test_workers_killed_at_random_lose_and_double_nothing(
    house: House, sender: Sender, dice: random.Random, size: str
) -> None:
    count, per_second, every_s = (300, 20, (3, 5)) if size == "S" else (2000, 10, (5, 5))
    await house.start(*WORKERS)
    for platform in ("github", "linear", "slack"):
        await house.fault(platform, "latency", least_seconds=0.05, seconds=0.5)

    killing = asyncio.create_task(killed_now_and_then(house, dice, every_s))
    await sender.pace(of_all_platforms(dice, count), per_second)
    killing.cancel()
    await asyncio.gather(killing, return_exceptions=True)
    ended_at = time.time()
    for name in WORKERS:
        if not house.workers[name].alive:
            await house.start_worker(name)
    await until(settled(house, sender), 120, 0.5)

    assert sender.answers() == {202: count}
    found = check(await history(house, sender, faults_ended_at=ended_at))
    assert not found, told(found)
