"""A provider that limits or breaks holds the model's calls alone, and the runs end well."""

import json
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from agents import Agents, with_provider
from fire import KNOWN_AFTER_S, Call, Fire, story
from house import House
from traffic import Sender, label, mention, ticket_comment
from waiting import until

pytestmark = pytest.mark.timeout(240)

SAID_S = 6
OTHERS = ("github", "linear", "slack")
ON_IT = "On it."
WORKERS = ("control,deliveries,agents", "github,linear,slack", "model,tools")
BROKEN = 5
"""So many failures in a row open a breaker."""


@pytest.fixture
async def fire(tmp_path: Path) -> AsyncIterator[Fire]:
    """A house whose agents have a provider of models, as strict as its documents."""
    async with House(tmp_path / "house") as house:
        await with_provider(house).start(*WORKERS)
        yield Fire(house)


@pytest.fixture
async def sender(fire: Fire) -> AsyncIterator[Sender]:
    """Who sends to it."""
    one = Sender(fire.house)
    yield one
    await one.close()


async def have_begun(fire: Fire, many: int) -> bool:
    """Whether it was said of so many runs, where they were asked for, that they have begun."""
    told = [json.dumps(one["details"]) for one in await fire.house.ledger()]
    return len([one for one in told if ON_IT in one]) == many


async def has_copy(agents: Agents, number: int) -> bool:
    """Whether the run about issue *number* has its working copy."""
    return bool((await (await agents.run(number)).query("progress"))["branch"])


def early(calls: list[Call], since: float, over: float) -> list[float]:
    """When any of *calls* was made in that time, in seconds after its begin."""
    return [call.at - since for call in calls if since < call.at < over]


async def test_a_limit_of_the_provider_parks_the_runs_for_as_long_as_it_says(
    fire: Fire, sender: Sender
) -> None:
    agents, dice = Agents(fire.house), random.Random(6)
    await fire.house.fault("model", "rate_limit", count=1, retry_after_s=SAID_S)
    assert await sender.send(label(dice, 7), until_s=10) == 202

    async def is_limited() -> bool:
        return bool((await fire.standing("model")).get("limited"))

    await until(is_limited, 60)
    known = time.time() + KNOWN_AFTER_S
    assert await sender.send(label(dice, 8), until_s=10) == 202
    await until(lambda: have_begun(fire, 2))
    limited = [name for name in OTHERS if (await fire.standing(name)).get("limited")]
    await until(lambda: agents.are_over(2), 60, 0.2)

    calls = await fire.calls("model")
    (struck,) = [call.at for call in calls if call.struck]
    assert limited == []
    assert all(one.well for one in await agents.runs()), await agents.runs()
    assert known < struck + SAID_S, "the machine is too slow to say"
    assert not early(calls, known, struck + SAID_S)
    assert len([call for call in calls if call.at >= struck + SAID_S]) >= 2
    assert not fire.outages("model")


async def test_a_provider_that_breaks_holds_the_model_alone_until_a_probe_proves_it_well(
    fire: Fire, sender: Sender
) -> None:
    agents, dice = Agents(fire.house), random.Random(7)
    await fire.rules(**{f"model.breaker.{n}_timeout": "2s" for n in ("recovery", "longest")})
    await fire.house.fault("model", "status", status=500)
    for number in range(1, BROKEN + 1):
        assert await sender.send(label(dice, number), until_s=10) == 202
    await until(lambda: fire.is_held("model", "breaker open"), 90)

    others = [label(dice, 20), ticket_comment(dice, 21), mention(dice, 22)]
    for one in others:
        assert await sender.send(one, until_s=10) == 202
    await until(lambda: have_begun(fire, BROKEN + len(others)), 60)
    await until(lambda: has_copy(agents, 20), 60)
    assert [name for name in OTHERS if not await fire.is_let_be(name)] == []
    assert not await fire.is_let_be("model")
    assert not any(one.over for one in await agents.runs())

    seen = len(await fire.calls("model"))

    async def is_probed_in_vain() -> bool:
        return len(await fire.calls("model")) > seen

    await until(is_probed_in_vain, 60)
    await fire.house.heal()
    healed = time.time()
    await until(lambda: agents.are_over(BROKEN + len(others)), 120, 0.2)
    await until(lambda: fire.is_let_be("model"), 60)

    assert all(one.well for one in await agents.runs()), await agents.runs()
    outages = fire.outages("model")
    assert len(outages) == 1, story(outages)
    assert outages[0].proof
    assert outages[0].proof.startswith("model.")
    assert outages[0].recovered_at is not None
    assert outages[0].recovered_at.timestamp() > healed
    assert not [one for name in OTHERS for one in fire.outages(name)]
