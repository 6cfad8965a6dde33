"""Each level lets out, skips and parks the calls that its table says, and loses none."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cluster import Cluster, cluster
from fakes import event
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import UnsandboxedWorkflowRunner, WorkflowRunner
from waiting import until

from starter import entities
from starter.start import start

Reactions = Callable[[str], str]
Entity = WorkflowHandle[Any, Any]

OF_BOTH_KINDS = """
from contexten.app import App, Importance
from contexten.github import Emoji
from workflows import github

app = App()

@app.github.event("issues:labeled", importance=Importance.ESSENTIAL)
async def essential(event):
    await github.post_comment(event.repository, 7, "essential")

@app.github.event("issues:labeled")
async def normal(event):
    await github.add_reaction(event.repository, 7, Emoji.EYES)
    await github.post_comment(event.repository, 7, "normal")
"""


@asynccontextmanager
async def at_level(house: Cluster, level: str) -> AsyncIterator[Entity]:
    """The service level's entity at *level*, once the workers know it."""
    await entities.ensure(house.client, entities.DEGRADATION)
    entity = house.client.get_workflow_handle(entities.DEGRADATION)
    try:
        await entity.signal("degrade", {"level": level, "by": "ada", "because": "a drill"})
        await until(known(house, level))
        yield entity
    finally:
        await entity.terminate()


def known(house: Cluster, level: str) -> Callable[[], Awaitable[bool]]:
    """Whether the worker of GitHub knows that the service is at *level*."""

    async def is_known() -> bool:
        return str(house.seen.snapshots().level) == level

    return is_known


def parked(house: Cluster) -> Callable[[], Awaitable[bool]]:
    """Whether a comment was parked."""

    async def found() -> bool:
        return "parked" in house.seen.outcomes("github.post_comment")

    return found


async def deliver(house: Cluster) -> Entity:
    labelled = event()
    await start(house.client, labelled, b"{}", eager=False)
    return house.client.get_workflow_handle(labelled.workflow_id)


def said(house: Cluster) -> set[str]:
    return {comment.body for comment in house.github.comments}


@pytest.mark.parametrize(("level", "emoji"), [("full", 1), ("limited", 0)])
async def test_below_full_emoji_are_skipped_and_all_else_goes_on(
    temporal: Client,
    runner: WorkflowRunner,
    tmp_path: Path,
    reactions: Reactions,
    level: str,
    emoji: int,
) -> None:
    reactions(OF_BOTH_KINDS)
    async with cluster(temporal, runner, tmp_path) as house, at_level(house, level):
        delivery = await deliver(house)
        await asyncio.wait_for(delivery.result(), 30)

        assert said(house) == {"essential", "normal"}
        assert house.github.emoji == emoji
        assert ("skipped" in house.seen.outcomes("github.add_reaction")) == (emoji == 0)


async def test_at_essential_only_essential_calls_go_out_and_the_others_wait(
    temporal: Client, runner: WorkflowRunner, tmp_path: Path, reactions: Reactions
) -> None:
    reactions(OF_BOTH_KINDS)
    async with cluster(temporal, runner, tmp_path) as house, at_level(house, "essential"):
        delivery = await deliver(house)
        await until(parked(house))

        async def essential_is_said() -> bool:
            return "essential" in said(house)

        await until(essential_is_said)
        assert said(house) == {"essential"}
        assert house.github.emoji == 0
        [waiting] = (await delivery.describe()).raw_description.pending_activities
        assert waiting.activity_type.name == "github.post_comment"
        await delivery.terminate()


async def test_at_maintenance_everything_waits_in_the_engine_and_nothing_is_lost(
    temporal: Client, runner: WorkflowRunner, tmp_path: Path, reactions: Reactions
) -> None:
    reactions(OF_BOTH_KINDS)
    async with (
        cluster(temporal, runner, tmp_path) as house,
        at_level(house, "maintenance") as entity,
    ):
        await until(lambda: house.is_held("held by degradation: pinned by ada: a drill"))
        deliveries = [await deliver(house) for _ in range(5)]
        for one in deliveries:
            await until(asked(one))
        before = len(house.github.comments)
        await entity.signal("release", {"by": "ada", "because": "done"})
        await until(house.is_open)
        await asyncio.wait_for(asyncio.gather(*(one.result() for one in deliveries)), 60)

        assert before == 0
        assert sorted(c.body for c in house.github.comments) == ["essential"] * 5 + ["normal"] * 5
        assert house.github.emoji == 5


def asked(delivery: Entity) -> Callable[[], Awaitable[bool]]:
    """Whether a delivery has asked for its calls."""

    async def found() -> bool:
        return len((await delivery.describe()).raw_description.pending_activities) == 2

    return found


async def test_a_paused_repository_waits_and_another_does_not(
    temporal: Client, tmp_path: Path, reactions: Reactions
) -> None:
    reactions(OF_BOTH_KINDS)
    runner = UnsandboxedWorkflowRunner()  # whose interceptors say which repository a call is about
    async with cluster(temporal, runner, tmp_path) as house, at_level(house, "full") as entity:
        await entity.signal("pause_repository", args=["Octo/Hello", "renamed", "ada"])

        async def is_known() -> bool:
            return "octo/hello" in house.seen.snapshots().paused

        await until(is_known)
        waiting = await deliver(house)
        await until(parked(house))
        other = replace(event(), repository="octo/other")
        await start(house.client, other, b"{}", eager=False)
        await asyncio.wait_for(house.client.get_workflow_handle(other.workflow_id).result(), 30)

        assert {comment.repository for comment in house.github.comments} == {"octo/other"}
        messages = {row.message for row in house.seen.rows if row.outcome == "parked"}
        assert messages == {"octo/hello: paused by ada: renamed"}
        await waiting.terminate()
