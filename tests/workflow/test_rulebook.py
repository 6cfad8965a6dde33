"""The rule book is held for the cluster: nothing gets in that may not, and nothing ends it."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from control import control_deeds
from engines import engine_with
from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.enums.v1 import UpdateWorkflowExecutionLifecycleStage as Stage
from temporalio.api.update.v1 import Input, Meta, Request, WaitPolicy
from temporalio.api.workflowservice.v1 import UpdateWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.client import WorkflowUpdateFailedError as UpdateFailed
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkflowRunner
from waiting import until

from contexten.queues import Queue
from contexten.rulebook import Edit, from_json
from contexten.versions import MOST_VERSIONS, History, history_as_json
from starter import entities
from workflows.retry import RuleBookWorkflow

Handle = WorkflowHandle[Any, Any]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LONG = timedelta(seconds=1000)


@pytest.fixture
async def control(temporal: Client, runner: WorkflowRunner) -> AsyncIterator[Client]:
    """A client, and a worker for its entities."""
    async with Worker(
        temporal,
        task_queue=Queue.CONTROL,
        workflows=[RuleBookWorkflow],
        activities=[control_deeds(temporal).hasten_waiting_calls],
        workflow_runner=runner,
    ):
        yield temporal


@pytest.fixture
async def rules(control: Client) -> AsyncIterator[Handle]:
    """The rule book, as it is first started."""
    await entities.ensure(control, entities.RULES)
    handle = control.get_workflow_handle(entities.RULES)
    yield handle
    await handle.terminate()


def edit(changes: dict[str, str], by: str = "ann", why: str = "Slack is slow") -> Edit:
    return Edit(by, why, changes)


async def updated(handle: Handle, name: str, *arguments: Any) -> Any:
    """What the update *name* answers."""
    return await handle.execute_update(name, args=arguments)


async def refusal(handle: Handle, name: str, *arguments: Any) -> str:
    """Why the update *name* is refused."""
    with pytest.raises(UpdateFailed) as refused:
        await updated(handle, name, *arguments)
    return str(refused.value.cause)


async def standing(handle: Handle) -> dict[str, Any]:
    """The book as the engine tells it without any worker."""
    said: dict[str, Any] = (await (await handle.describe()).memo()).get("standing", {})
    return said


async def events(handle: Handle) -> list[str]:
    """What has happened to it, but for the workflow tasks that every question costs."""
    names = [e.event_type for e in (await handle.fetch_history()).events]
    return [str(name) for name in names if name not in WORKFLOW_TASK]


COMPLETED = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED
WORKFLOW_TASK = {5, 6, 7, 8, 9}


async def test_an_edit_is_in_force_for_everybody_at_once(rules: Handle, control: Client) -> None:
    answered = await updated(rules, "edit", edit({"slack.base_delay": "2s"}))
    said = await standing(rules)

    assert answered == await rules.query("version") == said["version"] == 2
    book = from_json(said)
    assert book.rule_for("slack.post_message").base_delay == timedelta(seconds=2)
    shown = await rules.query("book")
    assert shown["changes"] == {"slack.base_delay": "2s"}
    assert shown["in_force"]["slack.base_delay"] == "2s"
    assert shown["in_force"]["slack.breaker.failure_threshold"] == "5"

    async def found() -> bool:
        query = "WorkflowId='rules' AND RuleVersion=2 AND ExecutionStatus='Running'"
        return (await control.count_workflows(query)).count == 1

    await until(found)


async def test_the_book_can_be_read_before_anybody_edited_it(rules: Handle) -> None:
    async def shown() -> bool:
        return await standing(rules) == {"version": 1, "changes": {}, "since": None}

    await until(shown)


async def test_every_version_says_who_what_why_and_when(rules: Handle) -> None:
    await updated(rules, "edit", edit({"slack.base_delay": "2s"}))
    await updated(rules, "edit", edit({"github.redeliver.deadline": "20m"}, "bob", "it is slow"))

    first, second = await rules.query("versions")

    assert (first["by"], first["why"]) == ("ann", "Slack is slow")
    assert (second["version"], second["by"]) == (3, "bob")
    assert second["changed"] == {"github.redeliver.deadline": ["default", "20m"]}
    age = datetime.now(UTC) - datetime.fromisoformat(second["at"])
    assert abs(age) < timedelta(minutes=1)


async def test_a_rollback_is_a_new_version_that_equals_the_old_one(rules: Handle) -> None:
    await updated(rules, "edit", edit({"slack.base_delay": "2s"}))
    await updated(rules, "edit", edit({"slack.base_delay": "3s", "slack.max_delay": "1m"}))

    answered = await updated(rules, "roll_back", 2, "bob", "it was better")

    assert answered == 4
    assert (await standing(rules))["changes"] == {"slack.base_delay": "2s"}
    assert (await rules.query("versions"))[-1]["restores"] == 2


REFUSED: dict[str, tuple[str, tuple[Any, ...], str]] = {
    "out of bounds": (
        "edit",
        (edit({"slack.base_delay": "2h"}),),
        "slack.base_delay: 2h is out of bounds; it may be from 10ms to 1h",
    ),
    "unknown field": ("edit", (edit({"slack.warmth": "2"}),), "there is no field 'warmth' here"),
    "malformed duration": ("edit", (edit({"slack.base_delay": "soon"}),), "is no duration"),
    "one good and one bad": (
        "edit",
        (edit({"slack.max_delay": "1m", "slack.fatal.attempts": "9"}),),
        "it may be only 1",
    ),
    "nobody": ("edit", (edit({"slack.base_delay": "2s"}, by=""),), "a change says 'by'"),
    "no edit": ("edit", ("slack.base_delay=2s",), "an edit is written as"),
    "nothing": ("edit", (), "edit_is_allowed"),
    "null": ("edit", (None,), "an edit is written as"),
    "too much": ("edit", (edit({"slack.base_delay": "2s"}), 1, 2), ""),
    "a list for changes": ("edit", ({"by": "a", "why": "b", "changes": [1]},), "an edit is"),
    "a number for a duration": (
        "edit",
        ({"by": "a", "why": "b", "changes": {"slack.base_delay": 2}},),
        "'2' is no duration",
    ),
    "no such version": ("roll_back", (7, "bob", "why"), "there is no version 7, only 1 to 1"),
    "no version at all": ("roll_back", ("latest", "bob", "why"), "a version is a whole number"),
    "a rollback by nobody": ("roll_back", (1,), "a change says 'by'"),
    "no such update": ("explode", (1,), "explode"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_may_not_be_is_refused_with_a_reason_and_leaves_no_trace(
    rules: Handle, name: str
) -> None:
    update, arguments, expected = REFUSED[name]
    await rules.query("version")
    before = await events(rules)

    assert expected in await refusal(rules, update, *arguments)

    assert await events(rules) == before
    assert await rules.query("version") == 1
    assert await updated(rules, "edit", edit({"slack.base_delay": "2s"})) == 2


BROKEN = [
    Payload(metadata={"encoding": b"json/plain"}, data=b"{"),
    Payload(metadata={"encoding": b"binary/unknown"}, data=b"\xff\x00"),
    Payload(data=b"no encoding at all"),
    Payload(metadata={"encoding": b"json/protobuf", "messageType": b"no.such.Thing"}, data=b"{}"),
]


@pytest.mark.parametrize("broken", BROKEN, ids=["json", "unknown", "none", "protobuf"])
async def test_what_cannot_even_be_decoded_is_refused_too(
    rules: Handle, control: Client, broken: Payload
) -> None:
    await rules.query("version")
    before = await events(rules)
    request = UpdateWorkflowExecutionRequest(
        namespace=control.namespace,
        workflow_execution=WorkflowExecution(workflow_id=rules.id),
        wait_policy=WaitPolicy(lifecycle_stage=COMPLETED),
        request=Request(
            meta=Meta(update_id=str(uuid.uuid4())),
            input=Input(name="edit", args=Payloads(payloads=[broken])),
        ),
    )

    answer = await control.workflow_service.update_workflow_execution(
        request, timeout=timedelta(seconds=10)
    )

    assert answer.outcome.failure.message
    assert await events(rules) == before
    assert await updated(rules, "edit", edit({"slack.base_delay": "2s"})) == 2


async def test_signals_nobody_knows_change_nothing(rules: Handle) -> None:
    await rules.signal("edit", {"slack.base_delay": "2s"})
    await rules.signal("explode", args=[1, None])

    assert await rules.query("version") == 1
    assert await updated(rules, "edit", edit({"slack.base_delay": "2s"})) == 2


@pytest.mark.parametrize("memory", ["junk", 7, {"history": 5, "reached": "x"}, [None]])
async def test_started_with_nonsense_it_holds_the_book_we_ship(
    control: Client, memory: object
) -> None:
    id_ = f"rules-{uuid.uuid4()}"
    handle = await control.start_workflow(
        RuleBookWorkflow.run, memory, id=id_, task_queue=Queue.CONTROL
    )

    assert await updated(handle, "edit", edit({"slack.base_delay": "2s"})) == 2
    await handle.terminate()


async def test_edits_at_once_each_make_a_version_of_their_own(rules: Handle) -> None:
    wanted = [edit({"slack.max_delay": f"{n}m"}) for n in range(1, 9)]

    answered = await asyncio.gather(*(updated(rules, "edit", one) for one in wanted))

    assert sorted(answered) == list(range(2, 10))
    assert [one["version"] for one in await rules.query("versions")] == sorted(answered)


async def test_an_edit_that_was_sent_twice_is_one_version(rules: Handle) -> None:
    once = await rules.execute_update("edit", edit({"slack.base_delay": "2s"}), id="once")
    again = await rules.execute_update("edit", edit({"slack.base_delay": "2s"}), id="once")
    same = await updated(rules, "edit", edit({"slack.base_delay": "2s"}))

    assert (once, again, same) == (2, 2, 2)
    assert len(await rules.query("versions")) == 1


async def test_a_new_run_goes_on_with_the_book_and_its_last_versions(control: Client) -> None:
    history = History()
    for n in range(10, 140):
        history = history.edited(edit({"slack.base_delay": f"{n}ms"}), NOON)
    memory = {"history": history_as_json(history), "reached": history.book.version}
    handle = await control.start_workflow(
        RuleBookWorkflow.run, memory, id=f"rules-{uuid.uuid4()}", task_queue=Queue.CONTROL
    )

    assert await handle.query("version") == 131
    assert len(await handle.query("versions")) == MOST_VERSIONS
    assert await updated(handle, "roll_back", 60, "bob", "it was better") == 132
    assert (await standing(handle))["changes"] == {"slack.base_delay": "68ms"}
    await handle.terminate()


async def test_however_often_it_is_edited_its_history_stays_short(
    tmp_path: Path, runner: WorkflowRunner
) -> None:
    limit = {"limit__historyCount__suggestContinueAsNew": "60"}
    async with (
        engine_with(tmp_path, **limit) as client,
        Worker(
            client,
            task_queue=Queue.CONTROL,
            workflows=[RuleBookWorkflow],
            activities=[control_deeds(client).hasten_waiting_calls],
            workflow_runner=runner,
        ),
    ):
        await entities.ensure(client, entities.RULES)
        handle = client.get_workflow_handle(entities.RULES)
        first = (await handle.describe()).run_id
        for n in range(10, 40):
            await updated(handle, "edit", edit({"slack.base_delay": f"{n}ms"}))

        async def is_run_anew() -> bool:
            return (await handle.describe()).run_id != first

        await until(is_run_anew)
        assert await handle.query("version") == 31
        assert len(await handle.query("versions")) == 30
        assert (await standing(handle))["changes"] == {"slack.base_delay": "39ms"}
        assert len((await handle.fetch_history()).events) < 150


class Failing:
    """A call that fails at first, and what it was told to wait."""

    def __init__(self) -> None:
        self.attempts: list[float] = []

    @activity.defn(name="slack.post_message")
    async def post_message(self, named: bool) -> str:
        self.attempts.append(asyncio.get_running_loop().time())
        if len(self.attempts) == 1:
            raise ApplicationError("503", next_retry_delay=LONG if named else None)
        return "posted"


@workflow.defn(name="CallingStandIn")
class Calling:
    """Makes the call, as a delivery would."""

    @workflow.run
    async def run(self, named: bool) -> str:
        said: str = await workflow.execute_activity(
            "slack.post_message",
            named,
            start_to_close_timeout=timedelta(seconds=20),
            schedule_to_close_timeout=timedelta(days=1),
            retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1) if named else LONG),
        )
        return said


@pytest.mark.parametrize("named", [False, True], ids=["by its rule", "by its last failure"])
async def test_a_call_that_waits_a_thousand_seconds_runs_soon_after_an_edit(
    control: Client, rules: Handle, named: bool
) -> None:
    call, queue = Failing(), f"calling-{uuid.uuid4()}"
    await updated(rules, "edit", edit({"slack.base_delay": "1000s", "slack.max_delay": "1h"}))
    async with Worker(
        control,
        task_queue=queue,
        workflows=[Calling],
        activities=[call.post_message],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        calling = await control.start_workflow(Calling.run, named, id=queue, task_queue=queue)
        await until(lambda: waits(calling))
        await until(lambda: is_listed(control, queue))
        await updated(rules, "edit", edit({"slack.base_delay": "1s"}))

        assert await asyncio.wait_for(calling.result(), 15) == "posted"

    told = (await rules.query("versions"))[-1]["reached"]
    assert told.startswith("1 waiting call moved, of ")


async def waits(calling: Handle) -> bool:
    """Whether its call has failed and waits."""
    pending = (await calling.describe()).raw_description.pending_activities
    return [one.attempt for one in pending] == [2]


async def is_listed(client: Client, id_: str) -> bool:
    """Whether visibility knows of it."""
    return (await client.count_workflows(f"WorkflowId='{id_}'")).count == 1


async def test_an_edit_that_makes_nothing_faster_moves_nothing(rules: Handle) -> None:
    await updated(rules, "edit", edit({"slack.max_delay": "5m", "slack.breaker.probes": "2"}))

    async def told() -> bool:
        return (await rules.query("versions"))[-1]["reached"] == "nothing that waits is concerned"

    await until(told)
    done = await rules.describe()
    assert done.status is WorkflowExecutionStatus.RUNNING
