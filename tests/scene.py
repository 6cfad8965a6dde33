"""A repository, a ticket and a thread where people ask for us, and runs that only listen."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from platforms import arrived, carried_out, platform_workers
from pretend import Sandbox
from recorded_runs import Runs, recorded_runs
from temporalio.client import Client
from temporalio.worker import WorkflowRunner

from contexten.delivery import Platform
from workflows import registry

ADA = "0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9"


@dataclass(slots=True)
class Scene:
    """A repository, a ticket and a thread of their own, and what happens there."""

    sandbox: Sandbox
    runs: Runs
    deliver: Callable[[Platform, str | None, dict[str, Any]], Awaitable[None]]
    repo: str
    ticket: str
    thread: str

    @property
    def issue(self) -> str:
        """The context of an issue."""
        return f"github/{self.repo}#7"

    async def github(self, name: str, action: str, login: str = "ada", **more: Any) -> None:
        """A GitHub delivery by *login*."""
        kind = "Bot" if login.endswith("[bot]") else "User"
        payload = {
            "action": action,
            "number": 7,
            "repository": {"id": 1, "full_name": self.repo},
            "sender": {"login": login, "type": kind},
        }
        await self.deliver(Platform.GITHUB, name, payload | more)

    async def labelled(self, login: str = "ada") -> None:
        """Our label is put on the issue by *login*."""
        issue = {"number": 7, "title": "It breaks", "body": "Mend it."}
        await self.github("issues", "labeled", login, issue=issue, label={"name": "contexten"})

    async def comment(self, body: str, login: str = "ada", pull: bool = False) -> None:
        """*login* writes a comment on the issue, or on the pull request of the same number."""
        said = {"repository": self.repo, "number": 7, "body": body, "author": login}
        made = self.sandbox.arrange("/_github/comments", said)
        issue = {"number": 7, "title": "It breaks"} | ({"pull_request": {}} if pull else {})
        comment = {"id": made["id"], "body": body}
        await self.github("issue_comment", "created", login, issue=issue, comment=comment)

    async def linear(self, name: str, action: str, **more: Any) -> None:
        """A Linear delivery by Ada."""
        payload = {"type": name, "action": action, "webhookTimestamp": 1}
        actor = {"actor": {"id": ADA, "type": "user"}}
        await self.deliver(Platform.LINEAR, name, payload | actor | more)

    async def slack(self, name: str, said: str, user: str = "U07ADA", **more: Any) -> None:
        """A Slack event by *user* in the thread."""
        event = {
            "type": name,
            "user": user,
            "channel": "C01",
            "text": said,
            "ts": "1700000009.0001",
        }
        envelope = {"type": "event_callback", "event_id": f"Ev{uuid.uuid4().hex}"}
        ours = {"authorizations": [{"user_id": "U0CONTEXTEN", "is_bot": True}]}
        payload = envelope | ours | {"event": event | {"thread_ts": self.thread} | more}
        await self.deliver(Platform.SLACK, None, payload)

    def said(self) -> list[str]:
        """What we said anywhere, without our marks."""
        details = [one["details"] for one in self.sandbox.effects()]
        words = [str(one.get("body") or one.get("text") or "") for one in details]
        return [one.partition("\n\n<!--")[0] for one in words]


def made(temporal: Client, sandbox: Sandbox, runner: WorkflowRunner, runs: Runs) -> Scene:
    """A scene of its own on *sandbox*, whose deliveries are carried out one after the other."""
    registry.load(registry.DEFAULT_MODULES)
    fresh = uuid.uuid4().int

    async def deliver(platform: Platform, name: str | None, payload: dict[str, Any]) -> None:
        await carried_out(temporal, runner, arrived(platform, name, payload), payload)

    thread = f"16{fresh % 10**8:08d}.{fresh % 10**6:06d}"
    ticket = f"ENG-{1 + fresh % 800_000}"
    return Scene(sandbox, runs, deliver, f"octo/r{fresh % 10**9}", ticket, thread)


@pytest.fixture
async def scene(temporal: Client, sandbox: Sandbox, runner: WorkflowRunner) -> AsyncIterator[Scene]:
    async with platform_workers(temporal, sandbox), recorded_runs(temporal) as runs:
        yield made(temporal, sandbox, runner, runs)
