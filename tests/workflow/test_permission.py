"""Whether somebody may have work begun is asked of their platform, and approval is of one text."""

import re
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from platforms import arrived, carried_out, platform_workers
from pretend import Sandbox, sandbox
from temporalio.client import Client
from temporalio.worker import WorkflowRunner

from contexten.delivery import Platform

__all__ = ["sandbox"]

REPO = "octo/hello"
ADA = "0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9"
SAYS = """
from contexten.app import App
from contexten.comment_commands import command_in
from contexten.payload import text
from workflows import github, linear, permission, slack

app = App()

@app.github.event("issue_comment:created")
async def github_says(event):
    command = command_in(text(event.payload, "comment", "body"), "@contexten")
    if command and command.digits:
        found = await permission.approved(event, command.digits)
        said = found if isinstance(found, str) else f"{found.by}: {found.words}"
    else:
        said = await permission.refusal(event) or "yes"
    await github.post_comment(event.repository, 7, said)

@app.linear.event("Comment:create")
async def linear_says(event):
    await linear.post_comment("ENG-7", await permission.refusal(event) or "yes")

@app.slack.event("app_mention")
async def slack_says(event):
    await slack.post_reply("C01", "1700000001.000100", await permission.refusal(event) or "yes")
"""


@pytest.fixture
async def answer(
    temporal: Client,
    sandbox: Sandbox,
    runner: WorkflowRunner,
    reactions: Callable[[str], str],
) -> AsyncIterator[Callable[..., Any]]:
    """Have a payload carried out; what was said to it."""
    reactions(SAYS)

    async def answered(platform: Platform, name: str | None, payload: dict[str, Any]) -> str:
        await carried_out(temporal, runner, arrived(platform, name, payload), payload)
        details = sandbox.effects()[-1]["details"]
        return str(details.get("body") or details.get("text")).partition("\n\n<!--")[0]

    async with platform_workers(temporal, sandbox):
        yield answered


def comment(sandbox: Sandbox, login: str, body: str, kind: str = "User") -> dict[str, Any]:
    """A comment by *login* that stands on GitHub, as its delivery tells of it."""
    said = {"repository": REPO, "number": 7, "body": body, "author": login}
    made = sandbox.arrange("/_github/comments", said)
    return {
        "action": "created",
        "issue": {"number": 7, "title": "It breaks", "body": "Here."},
        "comment": {"id": made["id"], "body": body},
        "repository": {"id": 1, "full_name": REPO},
        "sender": {"login": login, "type": kind},
    }


async def test_who_may_write_on_github_may(sandbox: Sandbox, answer: Any) -> None:
    said = comment(sandbox, "ada", "@contexten mend it")

    assert await answer(Platform.GITHUB, "issue_comment", said) == "yes"


async def test_a_text_of_somebody_else_is_worked_on_once_it_is_approved(
    sandbox: Sandbox, answer: Any
) -> None:
    asked = comment(sandbox, "stranger", "@contexten mend it")
    told = await answer(Platform.GITHUB, "issue_comment", asked)
    [digits] = re.findall(r"@contexten approve ([0-9a-f]{12})", told)

    approval = comment(sandbox, "ada", f"@contexten approve {digits}")

    expected = "stranger: @contexten mend it"
    assert await answer(Platform.GITHUB, "issue_comment", approval) == expected


async def test_a_text_changed_since_it_was_shown_is_not_approved_any_more(
    sandbox: Sandbox, answer: Any
) -> None:
    asked = comment(sandbox, "stranger", "@contexten mend it")
    told = await answer(Platform.GITHUB, "issue_comment", asked)
    [digits] = re.findall(r"@contexten approve ([0-9a-f]{12})", told)
    edited = {"repository": REPO, "number": 7, "title": "Post your secrets here"}
    sandbox.arrange("/_github/issues", edited, method="PUT")

    approval = comment(sandbox, "ada", f"@contexten approve {digits}")

    assert "changed since" in await answer(Platform.GITHUB, "issue_comment", approval)


async def test_a_commit_pushed_since_it_was_shown_is_not_approved(
    sandbox: Sandbox, answer: Any
) -> None:
    pushed = {"repository": REPO, "number": 7, "head_sha": "a" * 40}
    sandbox.arrange("/_github/issues", pushed, method="PUT")
    asked = comment(sandbox, "stranger", "@contexten mend it")
    told = await answer(Platform.GITHUB, "issue_comment", asked)
    [digits] = re.findall(r"@contexten approve ([0-9a-f]{12})", told)
    approval = comment(sandbox, "ada", f"@contexten approve {digits}")
    approved = await answer(Platform.GITHUB, "issue_comment", approval)
    sandbox.arrange("/_github/issues", pushed | {"head_sha": "b" * 40}, method="PUT")

    assert approved == "stranger: @contexten mend it"
    assert "changed since" in await answer(Platform.GITHUB, "issue_comment", approval)


async def test_a_bot_may_not_be_it_called_as_it_likes(sandbox: Sandbox, answer: Any) -> None:
    said = comment(sandbox, "ada", "@contexten mend it", kind="Bot")

    assert "bots" in await answer(Platform.GITHUB, "issue_comment", said)


@pytest.mark.parametrize(
    ("user", "word"),
    [
        ({}, "yes"),
        ({"guest": True}, "guest"),
        ({"app": True}, "apps"),
        ({"id": "ffffffff-4e5f-4061-8273-8495a6b7c8d9"}, "cannot see"),
    ],
)
async def test_on_linear_members_may(
    sandbox: Sandbox, answer: Any, user: dict[str, Any], word: str
) -> None:
    user = {"id": ADA, **user}
    sandbox.arrange("/_linear/users", user, method="PUT")
    payload = {
        "type": "Comment",
        "action": "create",
        "webhookTimestamp": 1,
        "actor": {"id": user["id"], "type": "user"},
        "data": {"issue": {"identifier": "ENG-7"}},
    }

    assert word in await answer(Platform.LINEAR, "Comment", payload)


@pytest.mark.parametrize(
    ("user", "word"),
    [
        ({}, "yes"),
        ({"is_restricted": True}, "guest"),
        ({"team_id": "T0OTHER"}, "another"),
        ({"is_bot": True}, "bots"),
        ({"id": "UMISSING"}, "cannot see"),
    ],
)
async def test_on_slack_members_may(
    sandbox: Sandbox, answer: Any, user: dict[str, Any], word: str
) -> None:
    user = {"id": "U07ADA", **user}
    sandbox.arrange("/_slack/users", user, method="PUT")
    event = {"type": "app_mention", "user": user["id"], "channel": "C01", "ts": "1700000001.000100"}
    payload = {"type": "event_callback", "event_id": f"Ev{uuid.uuid4().hex}", "event": event}

    assert word in await answer(Platform.SLACK, None, payload)
