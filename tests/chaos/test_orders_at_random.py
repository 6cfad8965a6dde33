"""People pause, degrade, force and release at random: afterwards nothing is lost or doubled."""

import asyncio
import random
import time
from typing import Any

import pytest
from fire import PLATFORMS, Fire
from history import check, told
from house import House
from traffic import Sender, comment, history, mention, settled, ticket_comment
from waiting import until

pytestmark = pytest.mark.timeout(1200)

KINDS = (comment, ticket_comment, mention)
OBEYED_WITHIN_S = 3.0
LONGEST_PARKED_S = 45
OF_PLATFORM = ("pause", "resume", "hold", "release_hold", "force_open", "force_closed")
OF_PLATFORM += ("metrics_only", "release")
LEVELS = ("full", "limited", "essential", "maintenance")

Order = tuple[str, str, list[Any]]


def order(dice: random.Random) -> Order:
    """To which entity, which signal, with what."""
    if dice.random() < 0.6:
        arguments: list[Any] = dice.choice([[], ["a drill"], ["a drill", "ada", "2s"], [7]])
        return f"platform/{dice.choice(PLATFORMS)}", dice.choice(OF_PLATFORM), arguments
    orders: list[tuple[str, list[Any]]] = [
        ("degrade", [dice.choice(LEVELS), "a drill", "ada"]),
        ("degrade", [{"level": dice.choice(LEVELS), "for": "1s"}]),
        ("release", []),
        ("pause", [{"for": "1s"}]),
        ("resume", []),
        ("pause_repository", ["octo/hello", "renamed"]),
        ("resume_repository", ["octo/hello"]),
    ]
    name, arguments = dice.choice(orders)
    return "degradation", name, arguments


class Orders:
    """Gives orders to the entities of a house."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def give(self, entity: str, name: str, arguments: list[Any]) -> None:
        client = await self._house.client()
        await client.get_workflow_handle(entity).signal(name, args=arguments)

    async def at_random(self, dice: random.Random, many: int, a_second: float) -> None:
        """Give *many* orders at a steady pace."""
        for _ in range(many):
            await self.give(*order(dice))
            await asyncio.sleep(1 / a_second)

    async def release_everything(self) -> None:
        for name in ("resume", "release"):
            await self.give("degradation", name, [])
        await self.give("degradation", "resume_repository", ["octo/hello"])
        for platform in PLATFORMS:
            for name in ("resume", "release_hold", "release"):
                await self.give(f"platform/{platform}", name, [])


async def test_whatever_is_ordered_in_whatever_order_all_is_done_once_everything_is_released(
    house: House, sender: Sender, dice: random.Random, size: str
) -> None:
    many = 300 if size == "S" else 10_000
    fire, orders = Fire(house), Orders(house)
    await house.start("control", "deliveries", "github,linear,slack")
    asking = [make(dice, n) for n in range(1, many // 10 + 1) for make in KINDS]

    await asyncio.gather(orders.at_random(dice, many, 30), sender.pace(asking, 9))
    await orders.release_everything()
    released = time.time()
    for platform in PLATFORMS:
        await until(lambda name=platform: fire.is_let_be(name), 60, 0.1)  # type: ignore[misc]
    let_be = time.time()
    await until(settled(house, sender), LONGEST_PARKED_S + 60, 0.2)

    assert sender.answers() == {202: len(asking)}
    found = check(await history(house, sender, faults_ended_at=released))
    assert not found, told(found)
    print(
        f"{many} orders; let be after {let_be - released:.1f} s, done {time.time() - released:.1f}"
    )


async def test_at_maintenance_everything_waits_and_nothing_is_lost(
    house: House, sender: Sender, dice: random.Random
) -> None:
    fire, orders = Fire(house), Orders(house)
    await house.start("control", "deliveries", "github,linear,slack")
    asking = [make(dice, n) for n in range(1, 31) for make in KINDS]

    sending = asyncio.create_task(sender.pace(asking, 15))
    await asyncio.sleep(1)
    await orders.give("degradation", "degrade", ["maintenance", "a new disk", "ada"])
    for platform in PLATFORMS:
        await until(lambda name=platform: fire.is_held(name, "a new disk"), 30, 0.05)  # type: ignore[misc]
    held = time.time()
    await sending
    made = [call.at - held for name in PLATFORMS for call in await fire.calls(name)]
    await orders.give("degradation", "release", [])
    released = time.time()
    await until(settled(house, sender), LONGEST_PARKED_S + 60, 0.2)

    assert max(made) < OBEYED_WITHIN_S
    found = check(await history(house, sender, faults_ended_at=released))
    assert not found, told(found)
    print(
        f"held after {max(made):.2f} s; all done {time.time() - released:.1f} s after the release"
    )
