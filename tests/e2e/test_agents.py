"""From a label, a ticket and a mention to a pull request that makes a failing test pass."""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from agents import Agents
from house import House
from traffic import Sender, label, mention, ticket_comment
from waiting import until

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def agents(tmp_path: Path) -> AsyncIterator[Agents]:
    """A house with agents, at work."""
    async with House(tmp_path / "house") as house:
        one = Agents(house)
        await one.start()
        yield one


@pytest.fixture
async def sender(agents: Agents) -> AsyncIterator[Sender]:
    """Who sends to it."""
    one = Sender(agents.house)
    yield one
    await one.close()


async def test_a_label_a_ticket_and_a_mention_each_lead_to_a_pull_request_that_mends_the_test(
    agents: Agents, sender: Sender, tmp_path: Path
) -> None:
    dice = random.Random(4)
    for delivery in (label(dice, 7), ticket_comment(dice, 8), mention(dice, 9)):
        assert await sender.send(delivery, until_s=10) == 202

    await until(lambda: agents.are_over(3), 200, 0.5)

    assert all(one.well for one in await agents.runs()), await agents.runs()
    pulls = await agents.pulls()
    assert len(pulls) == 3
    for n, pull in enumerate(pulls):
        assert agents.tests_pass(pull["head"]["ref"], tmp_path / f"clone-{n}"), pull
    assert not agents.tests_pass("main", tmp_path / "main")
    said = await agents.comments(7)
    assert said[0].split("\n")[0] == "On it."
    assert any("offline model" in one and "/pull/" in one for one in said[1:])
