"""Damage to the spool costs no more than the records it struck, and is kept aside and reported."""

import random
from collections.abc import Callable

import pytest
from history import Violation, check, told
from house import House
from traffic import Delivery, Sender, comment, history, settled
from waiting import until

from starter.frames import HEAD, MARK_BYTES, OPENING_BYTES
from starter.spool import records, segments

pytestmark = pytest.mark.timeout(300)

EACH = 12
STRUCK = 5

Damage = Callable[[bytearray, list[int]], int | None]
"""Damages the bytes of a spool file whose records begin there; the record it costs, if any."""


def cut_in_the_last_record(data: bytearray, begins: list[int]) -> int:
    del data[-100:]
    return EACH - 1


def cut_in_the_last_head(data: bytearray, begins: list[int]) -> int:
    del data[begins[-1] + HEAD.size - 1 :]
    return EACH - 1


def flipped_in_a_body(data: bytearray, begins: list[int]) -> int:
    data[begins[STRUCK + 1] - 50] ^= 0x01
    return STRUCK


def flipped_in_a_length(data: bytearray, begins: list[int]) -> int:
    data[begins[STRUCK] + HEAD.size - 5] ^= 0xFF
    return STRUCK


def flipped_in_a_mark(data: bytearray, begins: list[int]) -> int:
    data[begins[STRUCK]] ^= 0x01
    return STRUCK


def flipped_in_the_first_mark(data: bytearray, begins: list[int]) -> int:
    data[OPENING_BYTES] ^= 0x01
    return 0


def flipped_in_the_opening_s_mark(data: bytearray, begins: list[int]) -> None:
    data[OPENING_BYTES - MARK_BYTES] ^= 0x01


def flipped_in_the_very_first_byte(data: bytearray, begins: list[int]) -> None:
    data[0] ^= 0x01


DAMAGES: list[Damage] = [
    cut_in_the_last_record,
    cut_in_the_last_head,
    flipped_in_a_body,
    flipped_in_a_length,
    flipped_in_a_mark,
    flipped_in_the_first_mark,
    flipped_in_the_opening_s_mark,
    flipped_in_the_very_first_byte,
]


async def spooled(house: House, sender: Sender, deliveries: list[Delivery]) -> None:
    """Let a door of its own take *deliveries* into a file of their own, and die."""
    await house.start_door()
    for delivery in deliveries:
        assert await sender.send(delivery) == 202
    await house.door.kill()


def damaged(house: House, damage: Damage) -> int | None:
    """Damage the newest file; the number of the record that this costs."""
    path = segments(house.var / "spool")[-1]
    data = bytearray(path.read_bytes())
    begins = [OPENING_BYTES, *(one.end for one in records(path))][:-1]
    assert len(begins) == EACH
    struck = damage(data, begins)
    path.write_bytes(data)
    return struck


async def test_damage_while_all_was_down_costs_the_record_it_struck_and_no_other(
    house: House, sender: Sender, dice: random.Random
) -> None:
    await house.start()
    await house.door.kill()
    lost: set[str] = set()
    for n, damage in enumerate(DAMAGES):
        batch = [comment(dice, n * EACH + k + 1) for k in range(EACH)]
        await spooled(house, sender, batch)
        struck = damaged(house, damage)
        lost |= set() if struck is None else {batch[struck].workflow_id}

    await house.start_door()
    await house.start_worker("deliveries")
    await house.start_worker("github")
    await until(settled(house, sender, spare=len(lost)), 60, 0.2)

    found = check(await history(house, sender))
    how = "lost: acknowledged, and no workflow ran"
    assert found == sorted(Violation("H1", one, how) for one in lost), told(found)
    assert house.workers["deliveries"].said.count("spool.damaged") == len(DAMAGES)
    assert len(list((house.var / "spool" / "damaged").iterdir())) == len(DAMAGES)
