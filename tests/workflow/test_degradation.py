"""The level is held for the cluster, and no signal, however malformed, is the end of it."""

import json
import random
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio import workflow
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.workflowservice.v1 import SignalWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.worker import Worker, WorkflowRunner
from waiting import until

from contexten.degradation import Degradation, Level
from contexten.delivery import Platform
from contexten.orders import Order
from contexten.queues import Queue
from starter import entities
from workflows.degradation import DegradationWorkflow

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
Handle = WorkflowHandle[Any, Any]


@workflow.defn(name="PlatformStandIn")
class Listening:
    """Writes down what it is told, as a platform's entity would be."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)

    @workflow.signal
    def hold(self, order: dict[str, Any]) -> None:
        self.told.append(("hold", order))

    @workflow.signal
    def release_hold(self, order: dict[str, Any]) -> None:
        self.told.append(("release_hold", order))

    @workflow.query
    def heard(self) -> list[tuple[str, dict[str, Any]]]:
        return self.told


@pytest.fixture
async def entity(temporal: Client, runner: WorkflowRunner) -> AsyncIterator[Handle]:
    """The entity, and a worker that also plays the platforms."""
    async with Worker(
        temporal,
        task_queue=Queue.CONTROL,
        workflows=[DegradationWorkflow, Listening],
        workflow_runner=runner,
    ):
        await entities.ensure(temporal, entities.DEGRADATION)
        handle = temporal.get_workflow_handle(entities.DEGRADATION)
        yield handle
        await handle.terminate()


@asynccontextmanager
async def platforms(client: Client, *names: str) -> AsyncIterator[list[Handle]]:
    """Stand-ins for the entities of the platforms *names*."""
    started = [
        await client.start_workflow(Listening.run, id=f"platform/{name}", task_queue=Queue.CONTROL)
        for name in names
    ]
    yield list(started)
    for handle in started:
        await handle.terminate()


async def standing(handle: Handle) -> dict[str, Any]:
    """How it stands, as the engine tells without any worker."""
    said: dict[str, Any] = (await (await handle.describe()).memo()).get("standing", {})
    return said


def stands(handle: Handle, **expected: object) -> Callable[[], Awaitable[bool]]:
    """Whether its memo says what is *expected*."""

    async def found() -> bool:
        said = await standing(handle)
        return all(said.get(name) == value for name, value in expected.items())

    return found


def heard(handle: Handle, *signals: str) -> Callable[[], Awaitable[bool]]:
    """Whether a platform's entity heard exactly *signals*."""

    async def found() -> bool:
        return [name for name, _ in await handle.query("heard")] == list(signals)

    return found


async def test_health_and_people_move_the_level(entity: Handle) -> None:
    await entity.signal("health_reported", {"unhealthy_critical": 1, "unhealthy": ["slack"]})
    await until(stands(entity, level="limited", why="unhealthy: slack"))
    await entity.signal("degrade", args=["essential", "quiet, please", "ada"])
    await until(stands(entity, level="essential", why="pinned by ada: quiet, please"))
    await entity.signal("release", {"by": "ada", "because": "all quiet"})
    await until(stands(entity, level="limited"))

    assert await entity.query("level") == "limited"
    assert (await entity.query("standing"))["paused"] is None
    log = await entity.query("orders")
    assert [(one["what"], one["by"]) for one in log] == [
        ("health: limited", "health"),
        ("degrade essential", "ada"),
        ("release", "ada"),
    ]


async def test_a_pause_ends_by_itself(entity: Handle) -> None:
    await entity.signal("pause", {"because": "a moment", "by": "ada", "for": "300ms"})
    await entity.signal("pause_repository", args=["Octo/Hello", "renamed", "ada", "500ms"])

    await until(stands(entity, level="maintenance", why="paused by ada: a moment"))
    await until(stands(entity, level="full", paused_repositories={}))
    log = [(one["what"], one["by"]) for one in await entity.query("orders")]
    assert log[-2:] == [("resume", "the clock"), ("resume repository octo/hello", "the clock")]


async def test_platforms_hold_at_maintenance_and_let_go_afterwards(
    temporal: Client, entity: Handle
) -> None:
    async with platforms(temporal, *Platform) as told:
        await entity.signal("pause", args=["moving house", "ada"])
        for one in told:
            await until(heard(one, "hold"))
        await entity.signal("degrade", "maintenance")
        await entity.signal("resume")
        await until(stands(entity, paused=None))
        await entity.signal("degrade", "essential")
        for one in told:
            await until(heard(one, "hold", "release_hold"))

        [(_, order), _] = await told[0].query("heard")
        because = "paused by ada: moving house"
        assert order == {"by": "degradation", "because": because, "for": "2h"}


async def test_a_platform_that_comes_later_is_told_to_hold(
    temporal: Client, entity: Handle
) -> None:
    async with platforms(temporal, "github") as [github]:
        await entity.signal("health_reported", 3)
        await until(heard(github, "hold"))
        async with platforms(temporal, "linear", "slack") as [linear, slack]:
            await until(heard(linear, "hold"))
            await until(heard(slack, "hold"))
        assert await heard(github, "hold")()


@pytest.mark.parametrize(
    ("signal", "arguments", "refused"),
    [
        ("explode", ["now"], "there is no such order"),
        ("pause", ["why", "ada", "soon"], "'soon' is no duration"),
        ("pause", [{"fro": "10m"}], "there is no 'fro'"),
        ("degrade", ["half"], "'half' is no level"),
        ("degrade", [], "say which level"),
        ("pause_repository", ["octo"], "'octo' is no owner/name"),
        ("health_reported", ["bad"], "unhealthy_critical"),
        ("health_reported", [{"unhealthy_critical": -1}], "unhealthy_critical"),
        ("resume", ["", "ada"], "not everything is paused"),
    ],
)
async def test_what_cannot_be_obeyed_is_written_down_without_effect(
    entity: Handle, signal: str, arguments: list[Any], refused: str
) -> None:
    await entity.signal(signal, args=arguments)

    async def written() -> bool:
        return bool(await entity.query("orders"))

    await until(written)
    [entry] = await entity.query("orders")
    assert refused in entry["refused"]
    assert await entity.query("level") == "full"


async def test_a_new_run_goes_on_where_the_last_one_was(
    temporal: Client, runner: WorkflowRunner
) -> None:
    order = Order("ada", "moving house")
    memory = {
        "degradation": Degradation().degrade(Level.LIMITED, order, NOON).as_json(),
        "told": {"slack": NOON.isoformat()},
    }
    async with (
        Worker(
            temporal,
            task_queue=Queue.CONTROL,
            workflows=[DegradationWorkflow, Listening],
            workflow_runner=runner,
        ),
        platforms(temporal, "slack") as [slack],
    ):
        handle = await temporal.start_workflow(
            DegradationWorkflow.run, memory, id="degradation", task_queue=Queue.CONTROL
        )
        await until(stands(handle, level="limited", why="pinned by ada: moving house"))
        await until(heard(slack, "release_hold"))
        await handle.terminate()


async def test_random_signals_never_kill_it(temporal: Client, entity: Handle) -> None:
    dice = random.Random(7)
    names = ["pause", "resume", "degrade", "release", "pause_repository", "resume_repository"]
    names += ["health_reported", "standing", "", "\u202e", "x" * 500, "__temporal_x"]
    for _ in range(150):
        await raw_signal(
            temporal, dice.choice(names), [junk(dice) for _ in range(dice.randint(0, 4))]
        )

    await entity.signal("degrade", {"level": "limited", "by": "ada", "because": "the end"})

    await until(stands(entity, pinned_at="limited"))
    assert (await entity.describe()).status is WorkflowExecutionStatus.RUNNING


ORDERS = ("degrade", "release", "pause", "resume", "pause_repository", "resume_repository")


def modelled(before: Degradation, signal: str, about: str) -> Degradation:
    """What *signal* about *about* makes of the value."""
    order = Order("ada", "x")
    match signal:
        case "degrade":
            return before.degrade(Level(about), order, NOON)
        case "pause_repository":
            return before.pause_repository(about, order, NOON)
        case "resume_repository":
            return before.resume_repository(about, order, NOON)
    changed: Degradation = getattr(before, signal)(order, NOON)
    return changed


async def test_hundreds_of_orders_in_random_order_end_where_the_value_does(
    entity: Handle,
) -> None:
    dice, value = random.Random(11), Degradation()
    for _ in range(300):
        signal = dice.choice(ORDERS)
        about = dice.choice(["a/b", "c/d"] if "repository" in signal else list(Level))
        subject = "repository" if "repository" in signal else "level"
        told = {"by": "ada", "because": "x"}
        if signal == "degrade" or subject == "repository":
            told[subject] = about
        value = modelled(value, signal, about)
        await entity.signal(signal, told)

    await until(stands(entity, version=value.version))
    now = await standing(entity)
    expected = value.as_standing()
    assert [now[k] for k in ("level", "why", "paused_repositories", "pinned_at")] == [
        expected[k] for k in ("level", "why", "paused_repositories", "pinned_at")
    ]


def junk(dice: random.Random) -> Payload:
    """Whatever somebody might send."""
    values: list[Any] = [None, True, -1, 1e308, "10m", "ada", "\ud800", "\0", "x" * 9_000]
    values += ["limited", "octo/hello", [], {}, {"for": "1ms"}, {"by": [1]}, {"for": {"for": 1}}]
    values += [{"unhealthy_critical": 2**70}, {"unhealthy_critical": 1, "unhealthy": [None, "x"]}]
    data = json.dumps(dice.choice(values)).encode()
    kinds = [b"json/plain"] * 8 + [b"binary/plain", b"no/such"]
    if dice.random() < 0.1:
        data = dice.randbytes(20)
    return Payload(metadata={"encoding": dice.choice(kinds)}, data=data)


async def raw_signal(client: Client, name: str, payloads: list[Payload]) -> None:
    await client.workflow_service.signal_workflow_execution(
        SignalWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=entities.DEGRADATION),
            signal_name=name or " ",
            input=Payloads(payloads=payloads),
            request_id=str(uuid.uuid4()),
        )
    )
