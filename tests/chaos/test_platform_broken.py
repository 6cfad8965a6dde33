"""A platform breaks for a while: its work is parked, not failed, and comes back in a ramp."""

import asyncio
import random
import time
from dataclasses import dataclass
from statistics import median

import pytest
from fire import QUICK, Call, Fire, fastest, outcomes, story
from history import check, told
from house import House
from traffic import Sender, comment, history, mention, settled, ticket_comment
from waiting import until

from contexten.breaker import BreakerRule
from contexten.pace import RampRule

pytestmark = pytest.mark.timeout(1200)

KINDS = (comment, mention, ticket_comment)
PROBE = "POST /github/markdown"
NOTICED_WITHIN_S = 1.5
"""How long after the breaker opened a worker may still send: it reads the standing each second."""


@dataclass(frozen=True, slots=True)
class Outage:
    """When it began, was noticed and ended, and when all was done; epoch seconds."""

    began: float
    opened: float
    healed: float
    drained: float

    def struck(self, calls: list[Call]) -> list[Call]:
        """The real calls that it struck: none of them a probe."""
        return [call for call in calls if call.struck and not call.name.startswith(PROBE)]


async def a_probe_was_struck(fire: Fire) -> bool:
    """Whether GitHub was looked at in vain: on a slow machine that takes its time."""
    return any(one.struck and one.name.startswith(PROBE) for one in await fire.calls("github"))


async def through_an_outage(
    fire: Fire, sender: Sender, sending: "asyncio.Task[None]", calm_s: float, outage_s: float
) -> Outage:
    """Let GitHub fail for a while amid what is being sent, and return once all is done."""
    house = fire.house
    await asyncio.sleep(calm_s)
    await house.fault("github", "status", status=500)
    began = time.time()
    await until(lambda: fire.is_held("github", "breaker open"))
    opened = time.time()
    await asyncio.sleep(max(0.0, began + outage_s - time.time()))
    await until(lambda: a_probe_was_struck(fire), 60)
    await house.heal()
    healed = time.time()
    await sending
    await until(settled(house, sender), 240, 0.2)
    drained = time.time()
    await until(lambda: fire.is_let_be("github"), 60)
    return Outage(began, opened, healed, drained)


async def test_an_outage_parks_the_work_and_it_returns_in_a_ramp_while_others_go_on(
    house: House, sender: Sender, dice: random.Random, size: str
) -> None:
    calm_s, outage_s, a_second = (4, 15, 6) if size == "S" else (30, 300, 3)
    fire = Fire(house)
    await house.start("control", "deliveries", "github", "linear,slack")
    if size == "S":
        await fire.rules(**QUICK)
    numbers = range(1, int(a_second * (calm_s + outage_s)) + 1)
    asking = [make(dice, n) for n in numbers for make in KINDS]

    sending = asyncio.create_task(sender.pace(asking, len(KINDS) * a_second))
    out = await through_an_outage(fire, sender, sending, calm_s, outage_s)

    found = check(await history(house, sender, faults_ended_at=out.healed))
    assert not found, told(found)
    calls = await fire.calls("github")
    stays_away(out, calls, a_second, probe_every_s=3 if size == "S" else 60)
    returns_in_a_ramp(out, calls, a_second, parked=int(a_second * outage_s))
    is_recorded(out, fire)
    slowed = slowed_others(out, await fire.latencies(sender), sender)
    assert slowed < 2, f"the others took {slowed:.2f} times as long while GitHub was away"
    print(f"others took {slowed:.2f} times as long; {outcomes(fire.attempts(), 'github')}")


def stays_away(out: Outage, calls: list[Call], a_second: float, probe_every_s: float) -> None:
    """Few real calls are struck, none once the breaker is open, and few probes are made."""
    struck = out.struck(calls)
    offered = a_second * (out.opened + NOTICED_WITHIN_S - out.began)
    probes = [call for call in calls if call.struck and call.name.startswith(PROBE)]
    rounds = 1 + (out.healed - out.opened) / probe_every_s

    assert len(struck) <= 1.1 * offered + 1, (len(struck), offered)
    assert all(call.at < out.opened + NOTICED_WITHIN_S for call in struck)
    assert 0 < len(probes) <= rounds * BreakerRule().probes
    print(f"{len(struck)} calls struck of {offered:.0f} offered, and {len(probes)} probes")


def returns_in_a_ramp(out: Outage, calls: list[Call], a_second: float, parked: int) -> None:
    """All is done about as soon as the ramp allows, and never faster."""
    ramp = RampRule()
    allowed = max(2 * a_second, ramp.least)
    deeds = [c.at for c in calls if c.at > out.healed and c.name.endswith("/comments")]
    burst, took = fastest(deeds, 2.0), out.drained - out.healed

    assert burst <= 1.2 * allowed, f"{burst:.1f} a second, of {allowed} allowed"
    assert took < 60 + 15 + 1.3 * parked / ramp.least
    print(f"{len(deeds)} done {took:.1f} s after it was well, at most {burst:.1f} a second")


def is_recorded(out: Outage, fire: Fire) -> None:
    """One incident, with all its times, closed by a real call."""
    outages = fire.outages("github")
    assert len(outages) == 1, story(outages)
    (incident,) = outages
    assert incident.mitigated_at is not None
    assert incident.mttr is not None
    assert incident.mttd.total_seconds() < 2
    assert out.healed - out.began < incident.mttr.total_seconds() < out.drained - out.began
    assert incident.proof == "github.post_comment passed"
    print(f"seen after {incident.mttd.total_seconds():.2f} s, over after {incident.mttr}")


def slowed_others(out: Outage, latencies: dict[str, float], sender: Sender) -> float:
    """How many times as long the others' deliveries took during the outage as outside it."""
    during, outside = list[float](), list[float]()
    for id_, one in sender.attempts.items():
        if one.delivery.platform != "github":
            meanwhile = out.began < one.sent_at < out.healed
            (during if meanwhile else outside).append(latencies[id_])
    return median(during) / median(outside)
