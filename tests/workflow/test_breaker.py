"""A platform's breaker parks its work in the engine, and lets it go on proof of health."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cluster import Cluster, cluster
from temporalio.client import Client
from temporalio.worker import WorkflowRunner
from waiting import until

from activities.clients.queue_control import QueueControl
from workflows.breaker import PlatformWorkflow


async def test_an_outage_parks_the_work_and_all_of_it_is_done_once_it_is_over(
    temporal: Client, runner: WorkflowRunner, tmp_path: Path
) -> None:
    async with cluster(temporal, runner, tmp_path) as house:
        house.github.down = True
        waiting = await house.deliver(20)
        await until(lambda: house.is_held("breaker open"))  # 5 to 8 fail in a row
        in_vain = house.github.in_vain
        await until(lambda: has_probed(house))

        house.github.down = False
        await asyncio.gather(*(one.result() for one in waiting))
        await until(house.is_open, 30)

        assert in_vain <= 12
        assert house.github.in_vain <= in_vain + 4
        assert len(house.github.comments) == 20
        (incident,) = house.incidents()
        assert incident.proof == "github.post_comment passed"
        assert incident.mttr is not None
        assert incident.mitigated_at is not None
        said = [moment.what for moment in incident.timeline]
        assert any(what.startswith("a probe of write failed") for what in said)
        assert "the probes are good; a trickle of real calls goes out" in said


async def has_probed(house: Cluster) -> bool:
    """Whether a probe has found GitHub down."""
    return house.github.probes > 0


async def test_who_pauses_a_platform_is_obeyed_named_and_forgotten_in_time(
    temporal: Client, runner: WorkflowRunner, tmp_path: Path
) -> None:
    async with cluster(temporal, runner, tmp_path) as house:
        await house.entity.signal("pause", {"by": "ada", "because": "incident 42", "for": "3s"})
        await until(lambda: house.is_held("paused by ada: incident 42"))
        (waiting,) = await house.deliver(1)
        held = (await house.standing())["rate"]

        await waiting.result()
        await until(house.is_open)

        orders = (await house.standing())["orders"]
        assert held == 0
        assert [(one["what"], one["by"], one["refused"]) for one in orders] == [
            ("pause", "ada", None)
        ]


@pytest.mark.parametrize(
    ("signal", "arguments", "refused"),
    [
        ("pause", ["because", "ada", "ten minutes"], "ten minutes"),
        ("pause", [7], "text"),
        ("force_open", ["a", "b", "1m", "d"], "4 arguments"),
        ("dance", ["please"], "there is no such order"),
        ("pause", [{"till": "noon"}], "there is no 'till'"),
    ],
)
async def test_an_order_that_cannot_be_understood_is_written_down_and_changes_nothing(
    temporal: Client,
    runner: WorkflowRunner,
    tmp_path: Path,
    signal: str,
    arguments: list[Any],
    refused: str,
) -> None:
    async with cluster(temporal, runner, tmp_path) as house:
        await house.entity.signal(signal, args=arguments)

        async def written_down() -> bool:
            return bool((await house.standing()).get("orders"))

        await until(written_down)

        (entry,) = (await house.standing())["orders"]
        assert refused in entry["refused"]
        assert await house.is_open()


async def test_a_breaker_that_is_forced_for_a_time_is_free_again_after_it(
    temporal: Client, runner: WorkflowRunner, tmp_path: Path
) -> None:
    async with cluster(temporal, runner, tmp_path) as house:
        await house.entity.signal("force_open", {"because": "a drill", "for": "2s"})
        await until(lambda: house.is_held("forced open until"))

        await until(house.is_open)


@pytest.mark.parametrize(
    ("order", "why"),
    [
        ("resume", "it is not paused"),
        ("release", "no breaker is forced"),
        ("release_hold", "it is not held"),
    ],
)
async def test_an_order_without_effect_says_so(
    temporal: Client, runner: WorkflowRunner, tmp_path: Path, order: str, why: str
) -> None:
    async with cluster(temporal, runner, tmp_path) as house:
        await house.entity.signal(order, "please")

        async def written_down() -> bool:
            return bool((await house.standing()).get("orders"))

        await until(written_down)

        (entry,) = (await house.standing())["orders"]
        assert (entry["what"], entry["refused"]) == (order, why)


async def test_reminders_of_a_hold_push_nobody_out_of_the_log(
    temporal: Client, runner: WorkflowRunner, tmp_path: Path
) -> None:
    async with cluster(temporal, runner, tmp_path) as house:
        await house.entity.signal("force_closed", "by a person")
        for _ in range(60):
            await house.entity.signal("hold", {"because": "maintenance"})
        await house.entity.signal("release_hold", "enough")

        async def all_heard() -> bool:
            return len((await house.standing()).get("orders", [])) == 3

        await until(all_heard)

        said = [one["what"] for one in (await house.standing())["orders"]]
        assert said == ["force_closed", "hold", "release_hold"]


async def test_a_breaker_obeys_a_person_until_it_is_released(
    temporal: Client, runner: WorkflowRunner, tmp_path: Path
) -> None:
    async with cluster(temporal, runner, tmp_path) as house:
        await house.entity.signal("force_open", "a drill")
        await until(lambda: house.is_held("forced open"))
        await house.entity.signal("force_closed", "enough")
        await until(house.is_open)
        house.github.down = True
        waiting = await house.deliver(8)

        async def failed_often() -> bool:
            return house.github.in_vain >= 12

        await until(failed_often)
        never_held = await house.is_open()
        await house.entity.signal(PlatformWorkflow.release)
        await until(lambda: house.is_held("breaker open"))
        house.github.down = False
        await asyncio.gather(*(one.result() for one in waiting))

        assert never_held
        assert len(house.github.comments) == 8


BY_IMPORTANCE = """
from contexten.app import App, Importance
from workflows import github

app = App()

@app.github.event("issues:labeled")
async def normal(event):
    await github.post_comment(event.repository, 7, "normal")

@app.github.event("issues:opened", importance=Importance.ESSENTIAL)
async def essential(event):
    await github.post_comment(event.repository, 7, "essential")
"""


async def test_what_matters_most_returns_first(
    temporal: Client,
    runner: WorkflowRunner,
    tmp_path: Path,
    reactions: Callable[[str], str],
) -> None:
    reactions(BY_IMPORTANCE)
    async with cluster(temporal, runner, tmp_path) as house:
        await house.entity.signal("pause", "a queue builds up")
        await until(lambda: house.is_held("paused"))
        waiting = await house.deliver(12) + await house.deliver(3, action="opened")
        await until(lambda: all_wait(house, len(waiting)))
        await house.entity.signal("resume")
        await asyncio.gather(*(one.result() for one in waiting))

        order = [comment.body for comment in house.github.comments]

        assert len(order) == 15
        assert "essential" not in order[8:]


async def all_wait(house: Cluster, many: int) -> bool:
    """Whether so many calls wait in the engine."""
    return await QueueControl(house.client).waiting("github") >= many
