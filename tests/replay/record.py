"""
Record the histories that the replay tests hold new code against, from real runs.

    PYTHONPATH=tests .venv/bin/python tests/replay/record.py NAME...

Record a history once, when a workflow gets a new way to go. Never record one again because
its replay fails: that is a versioning decision, a patch or a new build.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
from fakes import FakeGithub, event
from temporalio.client import Client, WorkflowFailureError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker
from waiting import free_port

from activities.github import GithubActivities
from contexten.delivery import Event
from contexten.errors import ClientError, ServerError
from contexten.queues import Queue
from starter import attributes, engine
from starter.start import start
from workflows.delivery import DeliveryWorkflow

HISTORIES = Path(__file__).parent / "histories"
LABELLED = {
    "action": "labeled",
    "label": {"name": "contexten"},
    "issue": {"number": 7},
    "repository": {"full_name": "octo/hello"},
}

Story = tuple[FakeGithub, Event, Any]


def stories() -> dict[str, Story]:
    """What can happen to a delivery, by name."""
    down = [ServerError("503", platform="github")]
    locked = [ClientError("issue 7 is locked", platform="github", status=403)]
    return {
        "delivery-ignored": (FakeGithub(), event("push", None), {"ref": "main"}),
        "delivery-answered": (FakeGithub(), event(), LABELLED),
        "delivery-answered-after-a-failure": (FakeGithub(*down), event(), LABELLED),
        "delivery-failed": (FakeGithub(*locked), event(), LABELLED),
        "delivery-after-another": (FakeGithub(), replace(event(), after="github/gone"), LABELLED),
        "delivery-from-a-bot": (FakeGithub(), replace(event(), sent_by_bot=True), LABELLED),
    }


async def record(client: Client, name: str, story: Story) -> None:
    """Run one story and keep its history."""
    github, delivery, payload = story
    async with (
        Worker(
            client,
            task_queue=Queue.DELIVERIES,
            workflows=[DeliveryWorkflow],
            workflow_runner=UnsandboxedWorkflowRunner(),
        ),
        Worker(
            client,
            task_queue=Queue.GITHUB,
            activities=[GithubActivities(github).post_comment],  # type: ignore[arg-type]
            activity_executor=ThreadPoolExecutor(2),
        ),
    ):
        await start(client, delivery, orjson.dumps(payload), eager=False)
        handle = client.get_workflow_handle(delivery.workflow_id)
        try:
            await handle.result()
        except WorkflowFailureError as failure:
            print(f"{name}: {failure.cause}")
        history = await handle.fetch_history()
    (HISTORIES / f"{name}.json").write_text(json.dumps(impersonal(json.loads(history.to_json()))))
    print(f"{name}: {len(history.events)} events")


def impersonal(recorded: Any) -> Any:
    """*recorded* without what tells of the machine it ran on, and no replay reads."""
    if isinstance(recorded, list):
        return [impersonal(one) for one in recorded]
    if not isinstance(recorded, dict):
        return recorded
    return {k: impersonal(v) for k, v in recorded.items() if k not in {"stackTrace", "identity"}}


async def main(names: list[str]) -> None:
    """Record the stories *names*."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        line = engine.command(Path(folder) / "temporal.db", port=port, ui_port=free_port())
        server = subprocess.Popen(line)
        try:
            await engine.wait_until_ready(f"127.0.0.1:{port}")
            client = await Client.connect(f"127.0.0.1:{port}")
            await attributes.ensure(client)
            for name in names:
                await record(client, name, stories()[name])
        finally:
            server.terminate()
            server.wait(10)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or list(stories())))
    time.sleep(0.1)
