"""A reaction that always throws ends its delivery as failed, to be seen, and harms no other."""

import json
import random
import time
from dataclasses import replace

import pytest
from fire import Fire
from history import check, told
from house import ROOT, House
from traffic import Delivery, Sender, comment, history, label, settled
from waiting import until

pytestmark = pytest.mark.timeout(300)

FAILED_WITHIN_S = 60


def opened(dice: random.Random, number: int) -> Delivery:
    """An issue that is opened, to which the broken reaction reacts."""
    put_on = label(dice, number)
    body = json.dumps(json.loads(put_on.body) | {"action": "opened"}).encode()
    return replace(put_on, wants=0, body=body)


async def test_a_reaction_that_always_throws_fails_its_own_delivery_and_no_other(
    house: House, sender: Sender, dice: random.Random
) -> None:
    fire = Fire(house)
    house.environment["PYTHONPATH"] = f"{ROOT}:{ROOT / 'tests'}"
    house.environment["REACTIONS"] = "workflows.acknowledgements,broken_reactions"
    await house.start("deliveries", "github")
    broken = [opened(dice, n) for n in range(1, 11)]
    sound = [comment(dice, n) for n in range(101, 131)]

    sent = time.time()
    await sender.pace([*broken[:5], *sound, *broken[5:]], 40)
    await until(settled(house, sender), FAILED_WITHIN_S, 0.1)
    took = time.time() - sent
    listed = fire.shell("deliveries", "--outcome", "failed", "--most", "100")

    failed = frozenset(one.workflow_id for one in broken)
    assert all(one.workflow_id in listed for one in broken)
    assert not any(one.workflow_id in listed for one in sound)
    found = check(await history(house, sender, dead_letters=failed))
    assert not found, told(found)
    print(f"{len(broken)} failed and {len(sound)} were answered within {took:.1f} s")
