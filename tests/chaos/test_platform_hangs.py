"""A platform may hang: its own deliveries wait, those of the others are done meanwhile."""

import random
import time

import pytest
from history import check, told
from house import House
from traffic import Sender, comment, history, mention, settled, ticket_comment
from waiting import until

pytestmark = pytest.mark.timeout(900)

ASK = {"github": comment, "linear": ticket_comment, "slack": mention}


@pytest.mark.parametrize("hung", sorted(ASK))
async def test_the_others_are_answered_while_one_hangs_and_it_is_answered_once_when_healed(
    house: House, sender: Sender, dice: random.Random, size: str, hung: str
) -> None:
    each = 40 if size == "S" else 400
    await house.start("deliveries,github,linear,slack")
    await house.fault(hung, "hang")
    asking = [ask(dice, n) for n in range(1, each + 1) for ask in ASK.values()]

    await sender.pace(asking, 60)
    await until(settled(house, sender, spare=each), 60, 0.2)
    answered = {effect["platform"] for effect in await house.ledger()}
    await house.heal()
    healed_at = time.time()
    await until(settled(house, sender), 120, 0.5)

    assert sender.answers() == {202: len(asking)}
    assert answered == set(ASK) - {hung}
    found = check(await history(house, sender, faults_ended_at=healed_at))
    assert not found, told(found)
