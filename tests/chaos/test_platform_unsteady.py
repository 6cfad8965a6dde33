"""A platform fails now and then: every delivery is answered, for no more calls than it takes."""

import random
import time
from collections import Counter

import pytest
from fire import QUICK, Fire
from history import check, told
from house import House
from traffic import Sender, comment, history, settled
from waiting import until

pytestmark = pytest.mark.timeout(1200)

FAILS = 0.3
LOAD = 1 / (1 - FAILS)
"""Calls that each delivery takes on average if a call fails that often, however one repeats."""


async def test_random_failures_cost_no_more_calls_than_they_must_and_lose_nothing(
    house: House, sender: Sender, dice: random.Random, size: str
) -> None:
    count = 150 if size == "S" else 2000
    fire = Fire(house)
    await house.start("control", "deliveries", "github")
    await fire.rules(**QUICK)
    await house.fault("github", "status", status=500, rate=FAILS, match="POST /github/repos")

    await sender.pace([comment(dice, n) for n in range(1, count + 1)], 20)
    await until(settled(house, sender), 180, 0.2)
    await house.heal()
    healed = time.time()

    found = check(await history(house, sender, faults_ended_at=healed))
    assert not found, told(found)
    posts = [c for c in await fire.calls("github") if c.name.startswith("POST /github/repos")]
    made = Counter(one.workflow_id for one in fire.attempts() if one.outcome in ("ok", "failed"))
    within_3 = sum(tries <= 3 for tries in made.values()) / count
    opened = len(fire.outages("github"))
    load = len(posts) / count
    print(
        f"load {load:.2f} of {LOAD:.2f}; {within_3:.1%} within 3 attempts, all within "
        f"{max(made.values())}; the breaker opened {opened} times"
    )
    assert load < LOAD + 4 * (FAILS / (1 - FAILS) ** 2 / count) ** 0.5
    assert within_3 > 0.93
    assert max(made.values()) <= 12
    assert opened <= 2 + count // 250
