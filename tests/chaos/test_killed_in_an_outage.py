"""What holds an outage survives the death of whoever holds it: workers, entities, the engine."""

import asyncio
import random
import time
from functools import partial

import pytest
from fire import QUICK, Call, Fire, story
from history import check, told
from house import House
from traffic import Sender, comment, history, settled
from waiting import until

pytestmark = pytest.mark.timeout(900)

PROBE = "POST /github/markdown"


async def trickles(fire: Fire) -> bool:
    """Whether real calls are going out again, the breaker closed or not."""
    return bool((await fire.standing("github"))["rate"])


async def test_workers_entities_and_the_engine_die_in_an_outage_and_it_is_held_and_healed(
    house: House, sender: Sender, dice: random.Random, size: str
) -> None:
    count, away_s = (80, 2) if size == "S" else (1500, 30)
    fire = Fire(house)
    await house.start("control", "deliveries", "github")
    await fire.rules(**QUICK)
    control, github = house.workers["control"], house.workers["github"]

    await house.fault("github", "status", status=503)
    sending = asyncio.create_task(sender.pace([comment(dice, n) for n in range(1, count + 1)], 30))
    await until(lambda: fire.is_held("github", "breaker open"))
    await control.kill()
    alone = time.time()
    await github.kill()
    await house.start_worker("github")
    await sending
    await asyncio.sleep(away_s)
    unled = [call for call in await fire.calls("github") if call.at > alone + 0.5]
    await house.start_worker("control")
    await until(partial(probed_since, fire, time.time()), 30, 0.1)
    await house.engine.stop()
    await asyncio.sleep(away_s)
    await house.start_engine()
    await until(partial(probed_since, fire, time.time()), 60, 0.1)
    struck = [c for c in await fire.calls("github") if c.struck and not c.name.startswith(PROBE)]
    await house.heal()
    healed = time.time()
    await until(lambda: trickles(fire), 60, 0.05)
    await github.kill()
    await house.start_worker("github")
    await control.kill()
    await asyncio.sleep(1)
    await house.start_worker("control")
    await until(settled(house, sender), 120, 0.2)
    await until(lambda: fire.is_let_be("github"), 60)

    assert sender.answers() == {202: count}
    assert at_most_first_look(unled), unled
    assert len(struck) <= 30, len(struck)
    outages = fire.outages("github")
    assert [one.open for one in outages] == [False], story(outages)
    found = check(await history(house, sender, faults_ended_at=healed))
    assert not found, told(found)
    print(f"{len(struck)} calls struck, done {time.time() - healed:.1f} s after it was well")


def at_most_first_look(calls: list[Call]) -> bool:
    """Whether *calls* are no more than a new worker's question who we are."""
    return all(call.name == "GET /github/user" for call in calls)


async def probed_since(fire: Fire, since: float) -> bool:
    """Whether a probe was made after that time."""
    calls = await fire.calls("github")
    return any(call.at > since and call.name.startswith(PROBE) for call in calls)
