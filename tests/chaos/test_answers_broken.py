"""Whatever a platform answers, the attempt has a category, ends in time, and is made again."""

import json
import random
from collections import Counter
from typing import Any

import pytest
from fire import DEED, PLATFORMS, Fire
from history import check, told
from house import House
from traffic import Sender, comment, history, mention, settled, ticket_comment
from waiting import until

pytestmark = pytest.mark.timeout(900)

TIMEOUT_S = 2
SLACK_S = 2.0
"""How much longer than its timeout an attempt may take on a machine that has much to do."""

ASK = {"github": comment, "linear": ticket_comment, "slack": mention}
KINDS: tuple[dict[str, Any], ...] = (
    {"kind": "hang"},
    {"kind": "slow"},
    {"kind": "truncated"},
    {"kind": "reset"},
    {"kind": "html"},
    {"kind": "garbage"},
    {"kind": "status", "status": 503},
    {"kind": "lost_answer"},
)
OF_ONE = {
    "github": ({"kind": "status", "status": 200},),
    "linear": ({"kind": "status", "status": 500},),
    "slack": ({"kind": "status", "status": 200},),
}
"""200 with an error in it, as each platform would word it; Linear's own is its 500."""

PATIENT = {
    f"{name}.breaker.{field}": value
    for name in PLATFORMS
    for field, value in (
        ("failure_threshold", "100"),
        ("count_window", "1000"),
        ("minimum_calls", "1000"),
    )
}
"""Breakers that let everything through, so that every kind of answer is met by a real call."""


async def test_every_broken_answer_is_classified_in_time_and_nothing_is_lost_or_doubled(
    house: House, sender: Sender, dice: random.Random, size: str
) -> None:
    each = 2 if size == "S" else 20
    fire = Fire(house)
    house.environment["HTTP_TIMEOUT_S"] = str(TIMEOUT_S)
    await house.start("control", "deliveries", "github,linear,slack")
    await fire.rules(**PATIENT)
    await fire.pinned()
    for platform, match in DEED.items():
        for fault in (*KINDS, *OF_ONE[platform]):
            await house.fault(platform, count=each, match=match, **fault)
    count = each * (len(KINDS) + 1)
    asking = [make(dice, n) for n in range(1, count + 1) for make in ASK.values()]

    await sender.pace(asking, 30)
    await until(settled(house, sender), 120, 0.2)

    struck = Counter(
        fault["platform"] for fault in await house.faults() for _ in range(fault["struck"])
    )
    assert set(struck.values()) == {count}, struck
    await until(lambda: all_told(fire, struck, each), 10, 0.2)
    failures = json.loads(fire.shell("failures", "--most", "1000", "--json"))
    categories = Counter((one["platform"], one["category"]) for one in failures)
    assert {category for _, category in categories} == {"transient", "server_error"}
    attempts = fire.attempts()
    slowest = max(one.latency_s for one in attempts)
    assert slowest < TIMEOUT_S + SLACK_S, f"a slot was held for {slowest:.1f} s"
    found = check(await history(house, sender))
    assert not found, told(found)
    print(f"{dict(categories)}; the slowest attempt took {slowest:.2f} s")


async def all_told(fire: Fire, struck: Counter[str], each: int) -> bool:
    """Whether the ledger has a failure for every strike; a short answer that drips is in time."""
    failed = Counter(one.platform for one in fire.attempts() if one.outcome == "failed")
    return all(many - each <= failed[name] <= many for name, many in struck.items())
