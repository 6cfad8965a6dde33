"""Entities that are ended, or say nonsense: workers keep what they knew, and go on."""

import asyncio
import random

import pytest
from fire import KNOWN_AFTER_S, PLATFORMS, Fire
from history import check, told
from house import House
from temporalio.common import WorkflowIDConflictPolicy
from traffic import Sender, comment, history, mention, settled, ticket_comment
from waiting import until

pytestmark = pytest.mark.timeout(300)

NONSENSE = (
    {"version": "x", "rate": 0},
    [7],
    {"version": 1e400, "rate": 0, "because": None, "breakers": {}, "limited": {}, "spans": {}},
)


async def test_an_entity_that_is_ended_while_it_holds_comes_back_and_lets_go(
    house: House, sender: Sender, dice: random.Random
) -> None:
    fire = Fire(house)
    await house.start("control", "deliveries", "github,linear,slack")
    entity = await fire.entity("github")
    await entity.signal("pause", "for a test")
    await until(lambda: fire.is_held("github", "for a test"))
    await asyncio.sleep(KNOWN_AFTER_S)
    await sender.pace([comment(dice, n) for n in range(1, 11)], 50)
    waiting = len(await fire.calls("github"))

    await entity.terminate("by mistake")
    await until(settled(house, sender), 60, 0.2)

    assert waiting <= 1, "a paused platform was called"
    assert await fire.is_let_be("github")
    found = check(await history(house, sender))
    assert not found, told(found)


async def test_workers_go_by_what_they_knew_while_an_entity_says_nonsense(
    house: House, sender: Sender, dice: random.Random
) -> None:
    await house.start("control", "deliveries", "github,linear,slack")
    client = await house.client()
    for platform, said in zip(PLATFORMS, NONSENSE, strict=True):
        await client.start_workflow(
            "Nothing",
            id=f"platform/{platform}",
            task_queue="nowhere",
            memo={"standing": said},
            id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
        )
    kinds = (comment, ticket_comment, mention)
    await until(lambda: all_unreadable(house), 10)
    await sender.pace([make(dice, n) for n in range(1, 8) for make in kinds], 30)
    await until(settled(house, sender), 30, 0.2)

    found = check(await history(house, sender))
    assert not found, told(found)


async def all_unreadable(house: House) -> bool:
    """Whether the worker has met the nonsense of every platform."""
    said = house.workers["github,linear,slack"].said
    return said.count("snapshot.unreadable") >= len(NONSENSE)
