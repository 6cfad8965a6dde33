"""A question is posted so that it can be answered where it stands."""

from collections.abc import Callable

import pytest
from platforms import arrived, carried_out, platform_workers
from pretend import Sandbox, sandbox
from temporalio.client import Client
from temporalio.worker import WorkflowRunner

from contexten.delivery import Platform

__all__ = ["sandbox"]

SESSION = "1b2c3d4e-5f60-4718-8a9b-0c1d2e3f4a5b"
ASKS = """
from contexten.app import App
from contexten.delivery import Platform
from contexten.place import Place
from workflows.telling import post_question

app = App()
PLACES = {{
    "slack": Place(Platform.SLACK, "C01", "1700000001.000100"),
    "session": Place(Platform.LINEAR, "ENG-7", "{session}"),
    "ticket": Place(Platform.LINEAR, "ENG-7"),
    "issue": Place(Platform.GITHUB, "octo/hello", "7"),
}}

@app.github.event("push")
async def ask(event):
    await post_question(PLACES["{where}"], "Which?", "linear/ENG-7", ("This", "That"))
"""


@pytest.mark.parametrize(
    ("where", "kind"),
    [
        ("slack", "reply"),
        ("session", "agent_activity"),
        ("ticket", "comment"),
        ("issue", "comment"),
    ],
)
async def test_a_question_offers_its_choices_where_that_can_be(
    temporal: Client,
    sandbox: Sandbox,
    runner: WorkflowRunner,
    reactions: Callable[[str], str],
    where: str,
    kind: str,
) -> None:
    reactions(ASKS.format(where=where, session=SESSION))
    payload = {"ref": "main", "before": "", "after": "", "commits": []}
    async with platform_workers(temporal, sandbox):
        await carried_out(temporal, runner, arrived(Platform.GITHUB, "push", payload), payload)

    [effect] = sandbox.effects()
    assert effect["kind"] == kind
    offered = str(effect["details"].get("blocks") or effect["details"].get("options") or "")
    assert ("That" in offered) == (where in {"slack", "session"})
    if where == "session":
        assert effect["details"]["type"] == "elicitation"
