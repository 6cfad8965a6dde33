"""A platform that limits us is left alone for as long as it says, however it says it."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from statistics import median
from typing import Any

import pytest
from fire import DEED, KNOWN_AFTER_S, Fire
from history import check, told
from house import House
from traffic import Sender, comment, history, mention, settled, ticket_comment
from waiting import until

from contexten.times import moment

pytestmark = pytest.mark.timeout(900)

SAID_S = 8

UNCERTAIN_S = 1.0
"""A date and a reset are told in whole seconds."""

AT_ONCE = 2.0
SLACK = timedelta(seconds=15)
EACH = 12
ASK = {"github": comment, "linear": ticket_comment, "slack": mention}

Fault = Mapping[str, Any]


def in_its_own_words() -> Fault:
    """GitHub's and Linear's resets, in seconds and in milliseconds; Slack's ``Retry-After``."""
    return {"kind": "rate_limit", "retry_after_s": SAID_S}


def secondary() -> Fault:
    """GitHub's other limit: a 403 with ``Retry-After``."""
    return {"kind": "rate_limit", "retry_after_s": SAID_S, "secondary": True}


def by_date() -> Fault:
    """The time at which we may come again, as HTTP writes it."""
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=SAID_S), usegmt=True)
    return refused(at)


def refused(said: str | None) -> Fault:
    """A 429 whose ``Retry-After`` says whatever; None for none at all."""
    headers = {} if said is None else {"Retry-After": said}
    return {"kind": "status", "status": 429, "headers": headers}


PHASES: tuple[Mapping[str, Callable[[], Fault]], ...] = (
    {"github": secondary, "slack": by_date},
    {"linear": in_its_own_words, "github": by_date},
    {"slack": in_its_own_words, "linear": by_date},
    {"github": in_its_own_words},
)


class Phase:
    """A while in which some platforms limit us once, and all get their deliveries."""

    def __init__(self, fire: Fire, sender: Sender, dice: random.Random, first: int) -> None:
        self._fire, self._sender = fire, sender
        self._asking = {p: [make(dice, first + n) for n in range(EACH)] for p, make in ASK.items()}

    async def run(self, limiting: Mapping[str, Callable[[], Fault]]) -> None:
        """Have each of *limiting* say its limit to the first call, and see that it is obeyed."""
        house, began = self._fire.house, time.time()
        for platform, form in limiting.items():
            await house.fault(platform, count=1, match=DEED[platform], **form())
            await self._sender.send(self._asking[platform][-1])
        await asyncio.gather(*(until(lambda p=p: self._heard(p)) for p in limiting))
        heard = time.time() + KNOWN_AFTER_S
        rest = [one for of_one in zip(*map(self._rest, ASK), strict=True) for one in of_one]
        await self._sender.pace(rest, len(rest) / (SAID_S / 2))
        await until(settled(house, self._sender), 3 * SAID_S + 20, 0.1)
        await house.heal()
        for platform in limiting:
            await self._is_obeyed(platform, began, heard)
        slowest = await self._median([p for p in ASK if p not in limiting])
        assert slowest < AT_ONCE, f"those not limited took {slowest:.2f} s"

    def _rest(self, platform: str) -> list[Any]:
        return self._asking[platform][: EACH - 1]

    async def _heard(self, platform: str) -> bool:
        return bool((await self._fire.standing(platform)).get("limited"))

    async def _is_obeyed(self, platform: str, since: float, heard: float) -> None:
        calls = [call for call in await self._fire.calls(platform) if call.at > since]
        (struck,) = (call.at for call in calls if call.struck)
        over = struck + SAID_S - UNCERTAIN_S
        early = [call.at - struck for call in calls if heard < call.at < over]
        assert heard < over, "the machine is too slow to say"
        assert not early, f"{platform} was asked {early} s after it had limited us"
        assert any(call.at >= over for call in calls)

    async def _median(self, platforms: list[str]) -> float:
        took = await self._fire.latencies(self._sender)
        mine = [took[one.workflow_id] for p in platforms for one in self._rest(p)]
        return median(mine)


async def test_no_call_is_made_inside_the_time_that_a_platform_names(
    house: House, sender: Sender, dice: random.Random
) -> None:
    fire = Fire(house)
    await house.start("control", "deliveries", "github", "github,linear,slack")
    for n, limiting in enumerate(PHASES):
        await Phase(fire, sender, dice, n * EACH + 1).run(limiting)
    found = check(await history(house, sender))
    assert not found, told(found)


async def test_an_absurd_time_is_a_second_at_least_and_an_hour_at_most_and_an_unsaid_one_a_minute(
    house: House, sender: Sender, dice: random.Random
) -> None:
    fire = Fire(house)
    await house.start("control", "deliveries", "github,linear,slack")
    for n, said in enumerate(("0", "-1", "Thu, 01 Jan 1970 00:00:00 GMT"), 1):
        await house.fault("github", count=1, match=DEED["github"], **refused(said))
        await sender.send(comment(dice, n))
    await house.fault("linear", count=1, match=DEED["linear"], **refused(None))
    await house.fault("slack", count=1, match=DEED["slack"], **refused("1e9"))
    waiting = [ticket_comment(dice, 1), mention(dice, 1)]
    for one in waiting:
        await sender.send(one)
    asked = datetime.now(UTC)
    await until(lambda: both_limited(fire), 30)
    asked = datetime.now(UTC)
    await until(settled(house, sender, spare=len(waiting)), 30, 0.1)

    for platform, said in (("linear", timedelta(minutes=1)), ("slack", timedelta(hours=1))):
        left = await limited(fire, platform) - asked
        assert said - SLACK < left < said + SLACK, f"{platform}: {left}"
    kept = frozenset(one.workflow_id for one in waiting)
    found = check(await history(house, sender, parked=kept))
    assert not found, told(found)


async def limited(fire: Fire, platform: str) -> datetime:
    """Until when *platform* limits what writes to it."""
    at = moment((await fire.standing(platform))["limited"].get("write"))
    assert at is not None
    return at


async def both_limited(fire: Fire) -> bool:
    """Whether the entities have heard of both limits."""
    return all([(await fire.standing(name)).get("limited") for name in ("linear", "slack")])
