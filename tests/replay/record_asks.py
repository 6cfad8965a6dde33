"""
Record what deliveries that ask for us lead to, from real ones, for the replay tests.

    PYTHONPATH=tests .venv/bin/python tests/replay/record_asks.py NAME...

Record a history once, as ``record.py`` says.
"""

import asyncio
import sys
import time
import uuid
from collections.abc import Mapping
from typing import Any

from platforms import arrived, carried_out, platform_workers
from pretend import Sandbox, running_sandbox
from recorded_runs import recorded_runs
from recording import fresh_engine, keep
from temporalio.worker import UnsandboxedWorkflowRunner

from contexten.delivery import Platform
from contexten.subject import branch_for

ADA = "0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9"
REPOSITORY = {"id": 1, "full_name": "octo/hello"}
ISSUE = {"number": 7, "title": "It breaks", "body": "Mend it."}
Told = tuple[Platform, str | None, dict[str, Any]]


def github(name: str, action: str, login: str = "ada", **more: Any) -> Told:
    """What GitHub tells of something that *login* did."""
    sender = {"login": login, "type": "Bot" if login.endswith("[bot]") else "User"}
    payload = {"action": action, "repository": REPOSITORY, "sender": sender, "number": 7}
    return Platform.GITHUB, name, payload | more


def labelled(login: str = "ada") -> Told:
    """Our label was put on the issue."""
    return github("issues", "labeled", login, issue=ISSUE, label={"name": "contexten"})


def commented(sandbox: Sandbox, body: str) -> Told:
    """Ada commented on the issue."""
    said = {"repository": "octo/hello", "number": 7, "body": body, "author": "ada"}
    made = sandbox.arrange("/_github/comments", said)
    return github("issue_comment", "created", issue=ISSUE, comment={"id": made["id"], "body": body})


def check_failed() -> Told:
    """A check of our own pull request failed."""
    head = {"ref": branch_for("github/octo/hello#7"), "sha": "c" * 40, "repo": {"id": 1}}
    pull = {"number": 9, "head": head, "base": {"repo": {"id": 1}}}
    check = {"conclusion": "failure", "head_sha": "c" * 40, "pull_requests": [pull]}
    return github("check_run", "completed", "github-actions[bot]", check_run=check)


def ticket_labelled() -> Told:
    """Our label was put on a new ticket."""
    labels = [{"id": "1", "name": "contexten"}]
    data = {"id": str(uuid.uuid4()), "identifier": "ENG-7", "title": "It breaks", "labels": labels}
    body = {"type": "Issue", "action": "create", "webhookTimestamp": 1, "data": data}
    return Platform.LINEAR, "Issue", body | {"actor": {"id": ADA, "type": "user"}}


def mentioned() -> Told:
    """Somebody mentioned us on Slack."""
    said = {"type": "app_mention", "user": "U07ADA", "channel": "C01", "text": "<@U0US> mend it"}
    event = said | {"ts": "1700000001.000100"}
    envelope = {"type": "event_callback", "event_id": f"Ev{uuid.uuid4().hex}"}
    return Platform.SLACK, None, envelope | {"event": event}


def stories(sandbox: Sandbox) -> Mapping[str, Told]:
    """What can happen, by name, in this order."""
    return {
        "delivery-refused-and-told": labelled("stranger"),
        "delivery-begins-a-run": labelled(),
        "delivery-told-to-a-run": commented(sandbox, "@contexten and a test"),
        "delivery-orders-a-run": commented(sandbox, "@contexten pause"),
        "delivery-of-a-failing-check": check_failed(),
        "delivery-of-a-ticket": ticket_labelled(),
        "delivery-of-a-thread": mentioned(),
    }


async def main(names: list[str]) -> None:
    """Have everything happen, and record the stories *names*, or all."""
    with running_sandbox() as sandbox:
        async with (
            fresh_engine() as client,
            platform_workers(client, sandbox),
            recorded_runs(client),
        ):
            for name, told in stories(sandbox).items():
                event = arrived(*told)
                runner = UnsandboxedWorkflowRunner()
                print(name, await carried_out(client, runner, event, told[2]))
                if not names or name in names:
                    await keep(client.get_workflow_handle(event.workflow_id), name)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
    time.sleep(0.1)
