"""The deeds around a working copy, as the engine has them done."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from codebases import HELLO, ask, codebase_at, put, tree_of
from pretend import Sandbox, sandbox
from temporalio.testing import ActivityEnvironment

from activities.tools import CheckoutToolsActivities
from contexten.codebase import BranchAt, CheckoutAsk
from contexten.errors import AuthenticationError, ClientError

__all__ = ["sandbox"]

Deeds = Callable[..., CheckoutToolsActivities]


@pytest.fixture
def deeds(sandbox: Sandbox, tmp_path: Path) -> CheckoutToolsActivities:
    codebase = codebase_at(f"{sandbox.url}/github", tmp_path)
    return CheckoutToolsActivities(codebase, lambda: None, 2)


async def test_a_copy_is_prepared_and_removed(
    sandbox: Sandbox, deeds: CheckoutToolsActivities, tmp_path: Path
) -> None:
    put(sandbox)

    made = await ActivityEnvironment().run(deeds.prepare_checkout, ask())
    there = (tree_of(tmp_path) / "greeting.py").is_file()
    await ActivityEnvironment().run(deeds.remove_checkout, made)

    assert there
    assert not tree_of(tmp_path).exists()


async def test_a_branch_that_is_not_there_has_no_commit(
    sandbox: Sandbox, deeds: CheckoutToolsActivities
) -> None:
    put(sandbox)
    asked = BranchAt(HELLO, "contexten/1", None)

    assert await ActivityEnvironment().run(deeds.read_branch, asked) == asked


async def test_a_repository_that_is_gone_is_told_as_one_of_our_errors(
    sandbox: Sandbox, deeds: CheckoutToolsActivities
) -> None:
    with pytest.raises(ClientError, match="not found"):
        await ActivityEnvironment().run(
            deeds.prepare_checkout, CheckoutAsk("agent/1", "octo/gone", "contexten/1")
        )


async def test_a_refused_token_is_read_anew(sandbox: Sandbox, tmp_path: Path) -> None:
    put(sandbox)
    renewed: list[str] = []
    codebase = codebase_at(f"{sandbox.url}/github", tmp_path, token="old")
    deeds = CheckoutToolsActivities(codebase, lambda: renewed.append("once"), 2)

    with pytest.raises(AuthenticationError):
        await ActivityEnvironment().run(deeds.prepare_checkout, ask())

    assert renewed == ["once"]


async def test_a_deed_that_is_called_off_ends_its_git(
    sandbox: Sandbox, deeds: CheckoutToolsActivities
) -> None:
    put(sandbox)
    sandbox.breaks("github", "hang", match=".git/")
    environment = ActivityEnvironment()

    working = asyncio.create_task(environment.run(deeds.prepare_checkout, ask()))
    while not sandbox.struck():
        await asyncio.sleep(0.02)
    environment.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(working, 5)
