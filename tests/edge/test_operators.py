"""Orders over HTTP: from who may give them, to what is there, with what came of it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from doors import NO_CERTIFICATES, NOWHERE, Running, served, serving
from fakes import event
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import UnsandboxedWorkflowRunner, Worker
from waiting import until

from contexten.queues import Queue
from starter import entities
from starter.start import start
from workflows.degradation import DegradationWorkflow

ADA, GRACE = "a-token-of-adas-own", "another-one-of-graces"
TOKENS = f"ada:{ADA},grace:{GRACE},ada:the-next-one-of-ada"


@pytest.fixture
async def entity(temporal: Client) -> AsyncIterator[WorkflowHandle[Any, Any]]:
    """The entity of the service level, and its worker."""
    async with Worker(
        temporal,
        task_queue=Queue.CONTROL,
        workflows=[DegradationWorkflow],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        await entities.ensure(temporal, entities.DEGRADATION)
        handle = temporal.get_workflow_handle(entities.DEGRADATION)
        yield handle
        await handle.terminate()


@pytest.fixture(scope="module")
def operated(tmp_path_factory: pytest.TempPathFactory, engine_address: str) -> Iterator[Running]:
    """A door with operators, and the engine behind it."""
    folder = tmp_path_factory.mktemp("door")
    with served(folder, OPERATOR_TOKENS=TOKENS, TEMPORAL_ADDRESS=engine_address) as door:
        yield door


async def ordered(
    door: Running, path: str, body: Any = None, token: str | None = ADA, **more: Any
) -> httpx.Response:
    """What the door answers to an order."""
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(verify=NO_CERTIFICATES, timeout=30) as http:
        if "content" not in more:
            more["json"] = body or {}
        return await http.post(f"{door.url}/operate/{path}", headers=headers, **more)


async def shown(door: Running, token: str = ADA) -> dict[str, Any]:
    """How the door says that everything stands."""
    async with httpx.AsyncClient(verify=NO_CERTIFICATES, timeout=30) as http:
        headers = {"authorization": f"Bearer {token}"}
        answer = await http.get(f"{door.url}/operate/standing", headers=headers)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def test_an_order_is_in_force_under_the_name_of_its_token(
    operated: Running, entity: WorkflowHandle[Any, Any]
) -> None:
    level = {"level": "limited", "because": "a big launch", "for": "10m"}
    degraded = await ordered(operated, "all/degrade", level)
    paused = await ordered(operated, "octo/hello/pause", {"because": "renamed"}, token=GRACE)

    assert (degraded.status_code, degraded.json()["status"]) == (200, "in force")
    assert paused.status_code == 200
    now = await shown(operated, "the-next-one-of-ada")
    assert now["service"]["level"] == "limited"
    assert now["service"]["why"] == "pinned by ada: a big launch"
    assert now["service"]["paused_repositories"] == {"octo/hello": "paused by grace: renamed"}
    assert [(one["to"], one["what"], one["by"]) for one in now["orders"]] == [
        ("degradation", "pause repository octo/hello", "grace"),
        ("degradation", "degrade limited", "ada"),
    ]


@pytest.mark.parametrize("token", [None, "-", "wrong", "ada", f"ada:{ADA}", ADA[:-1], "\u00e9" * 9])
async def test_nobody_else_gives_orders(
    operated: Running, entity: WorkflowHandle[Any, Any], token: str | None
) -> None:
    quoted = None if token is None else token.encode().decode("latin-1")
    async with httpx.AsyncClient(verify=NO_CERTIFICATES) as http:
        headers = {} if quoted is None else {"authorization": f"Bearer {quoted}".encode("latin-1")}
        answer = await http.post(f"{operated.url}/operate/all/pause", headers=headers)
        told = await http.get(f"{operated.url}/operate/standing", headers=headers)

    assert (answer.status_code, told.status_code) == (401, 401)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert await entity.query("level") == "full"


@pytest.mark.parametrize(
    ("path", "body", "status", "reason"),
    [
        ("all/pause", {"by": "grace"}, 403, "this token is ada's"),
        ("all/explode", {}, 404, "there is no order"),
        ("github/no-such-delivery/pause", {}, 404, "no workflow github/no-such-delivery"),
        ("github/no-such-delivery/retry", {}, 404, "no workflow github/no-such-delivery"),
        ("slack/pause", {}, 404, "no workflow platform/slack"),
        ("all/resume", {}, 409, "not everything is paused"),
        ("octo/hello/resume", {}, 409, "it is not paused"),
        ("all/pause", {"for": "soon"}, 422, "'soon' is no duration"),
        ("all/pause", {"fro": "10m"}, 422, "there is no 'fro'"),
        ("all/degrade", {}, 422, "say to which level"),
        ("all/degrade", {"level": "half"}, 422, "'half' is no level"),
        ("all/degrade", {"level": 3}, 422, "level is text"),
        ("all/force-open", {}, 422, "all takes no force-open"),
        ("nothing/pause", {}, 422, "nothing to order about"),
        ("all/pause", ["because"], 422, "the body is an object"),
    ],
)
async def test_what_cannot_be_obeyed_is_refused_in_plain_words(
    operated: Running,
    entity: WorkflowHandle[Any, Any],
    path: str,
    body: Any,
    status: int,
    reason: str,
) -> None:
    answer = await ordered(operated, path, body)

    assert (answer.status_code, answer.json()["status"]) == (status, "refused"), answer.text
    assert reason in answer.json()["reason"]
    assert await entity.query("level") == "full"


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"{", 422), (b"[" * 5000, 422), (b"\xff", 422), (b" " * 20_000, 413), (b"7", 422)],
)
async def test_a_body_that_is_no_order_is_refused(
    operated: Running, entity: WorkflowHandle[Any, Any], content: bytes, status: int
) -> None:
    answer = await ordered(operated, "all/pause", content=content)

    assert answer.status_code == status
    assert await entity.query("level") == "full"


async def test_a_delivery_is_paused_and_resumed(
    operated: Running, temporal: Client, entity: WorkflowHandle[Any, Any]
) -> None:
    labelled = event()
    await start(temporal, labelled, b"{}", eager=False)

    paused = await ordered(operated, f"{labelled.workflow_id}/pause", {"because": "look first"})
    memo = await (await temporal.get_workflow_handle(labelled.workflow_id).describe()).memo()

    assert paused.status_code == 202  # nobody serves deliveries here
    assert "no worker has taken it" in paused.json()["status"]
    assert "standing" not in memo
    await temporal.get_workflow_handle(labelled.workflow_id).terminate()
    gone = await ordered(operated, f"{labelled.workflow_id}/resume")
    assert (gone.status_code, "terminated" in gone.text) == (409, True)


async def test_without_tokens_it_is_said_how_to_set_them_up(tmp_path: Path) -> None:
    async with serving(tmp_path, OPERATOR_TOKENS="") as door:
        answer = await ordered(door, "all/pause")

    assert answer.status_code == 404
    assert "OPERATOR_TOKENS=name:token" in answer.json()["reason"]


async def test_deliveries_are_taken_while_orders_wait_for_an_engine_that_is_away(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path, OPERATOR_TOKENS=TOKENS, TEMPORAL_ADDRESS=NOWHERE) as door:
        waiting = asyncio.create_task(ordered(door, "all/pause"))
        taken = await asyncio.to_thread(door.send, "slack", b'{"type": "x"}')
        answer = await waiting

    assert taken.status_code == 202
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert "the engine is away" in answer.json()["reason"]


async def test_a_token_is_in_no_log_and_no_answer(
    operated: Running, entity: WorkflowHandle[Any, Any]
) -> None:
    await ordered(operated, "all/pause", {"because": "slow"})
    await ordered(operated, "all/pause", token="not-" + ADA)

    async def logged() -> bool:
        return "operators.ordered" in operated.log()

    await until(logged)
    assert ADA not in operated.log()
    assert ADA not in str(await shown(operated))
