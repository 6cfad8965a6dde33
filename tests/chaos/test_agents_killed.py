"""Workers may die at any moment of agent runs: all finish, and the world sees each step once."""

import asyncio
import random
from collections import Counter

import pytest
from agents import REPOSITORY, WORKERS, Agents
from house import House
from traffic import Sender, label
from waiting import until

pytestmark = pytest.mark.timeout(900)

VICTIMS = tuple(one for one in WORKERS if one != "control")


async def killed_now_and_then(house: House, dice: random.Random) -> None:
    """Kill one worker after the other, at random, and start each again; until cancelled."""
    while True:
        await asyncio.sleep(dice.uniform(3, 5))
        victim = dice.choice(VICTIMS)
        await house.workers[victim].kill()
        await house.start_worker(victim)


async def test_twenty_runs_finish_and_nothing_is_seen_twice_whichever_worker_dies(
    house: House, sender: Sender, dice: random.Random, size: str
) -> None:
    many = 20 if size == "S" else 100
    agents = Agents(house)
    await agents.start()
    asked = [label(dice, n) for n in range(1, many + 1)]

    killing = asyncio.create_task(killed_now_and_then(house, dice))
    await sender.pace(asked, 0.5, until_s=30)
    await until(lambda: half_are_over(agents, many), 300, 0.5)
    killing.cancel()
    await asyncio.gather(killing, return_exceptions=True)
    for name in VICTIMS:
        if not house.workers[name].alive:
            await house.start_worker(name)
    await until(lambda: agents.are_over(many), 400, 0.5)

    runs = await agents.runs()
    assert all(one.well for one in runs), [one for one in runs if not one.well]
    effects = await house.ledger()
    pulls = Counter(one["details"]["head"] for one in effects if one["kind"] == "pull_request")
    assert len(pulls) == many
    assert set(pulls.values()) == {1}
    pushes = [one["details"] for one in effects if one["kind"] == "push"]
    assert Counter(one["branch"] for one in pushes) == Counter(dict.fromkeys(pulls, 1))
    assert not any(one["forced"] for one in pushes)
    comments = Counter(one["target"] for one in effects if one["kind"] == "comment")
    assert comments == {f"{REPOSITORY}#{n}": 2 for n in range(1, many + 1)}


async def half_are_over(agents: Agents, many: int) -> bool:
    """Whether half of so many runs have ended: the others are still in danger."""
    return sum(one.over for one in await agents.runs()) * 2 >= many
