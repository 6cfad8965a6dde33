"""From a label, a ticket and a mention to a pull request that makes a failing test pass."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from agents import Agents, passes_tests
from house import House
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError
from traffic import Sender, comment, label, mention, ticket_comment
from waiting import until

from activities.stores.database import Database
from activities.stores.traffic import Calls

FEWEST_TOOLS = 6
"""Look around, test, read, edit, test again, commit."""

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
    await until(lambda: tools_are_counted(agents.house), 20)


async def tools_are_counted(house: House) -> bool:
    """Whether the ledger has what the tools of the runs came to: none of them broke."""
    kept = Database(f"sqlite:///{house.var}/ledger.db")
    try:
        made, failed = Calls(kept).tool_calls(datetime.now(UTC) - timedelta(hours=1))
    finally:
        kept.close()
    assert failed == 0
    return made >= 3 * FEWEST_TOOLS


async def is_stopped_in_its_course(run: WorkflowHandle[Any, Any]) -> None:
    """Return once *run* has taken a turn, and rests before the next one."""

    async def has_turned() -> bool:
        try:
            return (await run.query("progress"))["turns"] >= 1
        except RPCError:
            return False

    async def rests() -> bool:
        return "Paused" in (await run.query("progress"))["state"]

    await until(has_turned, 60)
    await run.signal("pause", {"by": "ada", "because": "one thing more"})
    await until(rests)


async def test_a_comment_on_a_run_at_work_changes_what_it_does(
    agents: Agents, sender: Sender, tmp_path: Path
) -> None:
    dice = random.Random(5)
    assert await sender.send(label(dice, 7), until_s=10) == 202
    run = await agents.run(7)
    await is_stopped_in_its_course(run)
    assert not await agents.pulls()
    more = comment(dice, 7, words="also write docs/NOTES.md: Greets by name.")
    assert await sender.send(more, until_s=10) == 202

    async def has_it() -> bool:
        return bool((await run.query("progress"))["waiting"])

    await until(has_it)
    await run.signal("resume", {"by": "ada"})
    await until(lambda: agents.are_over(1), 120, 0.5)

    (pull,) = await agents.pulls()
    diff = await agents.diff(pull["number"])
    mended = agents.clone(pull["head"]["ref"], tmp_path / "mended")
    assert "+++ b/docs/NOTES.md" in diff
    assert "+Greets by name." in diff
    assert "+++ b/greeting.py" in diff
    assert (mended / "docs/NOTES.md").read_text() == "Greets by name.\n"
    assert passes_tests(mended)
