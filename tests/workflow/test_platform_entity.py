"""A platform's entity outlives its own history, hostile signals and a ledger that is gone."""

import json
import sqlite3
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from cluster import Cluster, cluster, impatient
from control import control_deeds
from engines import engine_with
from temporalio import activity
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType, TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkflowRunner
from waiting import until
from watching import watching

from contexten.calls import Call
from contexten.classification import classified
from contexten.errors import ServerError
from contexten.gate import Batch
from contexten.incident import IncidentsWanted
from contexten.outcomes import Outcomes
from contexten.rulebook import DEFAULT_BOOK, RuleBook, as_json
from workflows.breaker import PlatformWorkflow

NOW = datetime.now(UTC)
BROKEN = classified(ServerError("503", platform="github", status=503))
COMMENT = Call("github.post_comment", 1, NOW)
WRITES_FAIL = {"write": Outcomes(0, 5, 0, 5), "read": Outcomes(successes=9)}
BAD = Batch({"write": Outcomes(0, 5, 0, 5), "all": Outcomes(0, 5, 0, 5)}, {}, "503")


def says(house: Cluster, **wanted: Any) -> Callable[[], Any]:
    """Whether the entity's standing has it so."""

    async def found() -> bool:
        standing = await house.standing()
        return all(standing.get(name) == value for name, value in wanted.items())

    return found


async def test_a_new_run_knows_everything_the_old_one_knew(tmp_path: Path) -> None:
    few = {"limit__historyCount__suggestContinueAsNew": "40"}
    async with (
        engine_with(tmp_path, **few) as client,
        cluster(client, UnsandboxedWorkflowRunner(), tmp_path) as house,
    ):
        limits = {"read": NOW + timedelta(hours=1)}
        await house.entity.signal("pause", {"by": "ada", "because": "moving"})
        await house.entity.signal("outcomes_reported", Batch({}, limits, fatal="no token"))
        await until(lambda: house.is_held("paused by ada"))
        before, runs = await house.standing(), {(await house.entity.describe()).run_id}
        entity = client.get_workflow_handle("platform/github")

        async def twice_anew() -> bool:
            await entity.signal("outcomes_reported", Batch({"all": Outcomes(1)}))
            runs.add((await entity.describe()).run_id)
            return len(runs) >= 3

        await until(twice_anew)
        await until(lambda: has_standing(house))
        after = await house.standing()

        assert {k: after[k] for k in before} == before
        memo = await (await entity.describe()).memo()
        assert memo["standing"] == after
        assert [one.kind for one in house.incidents()] == ["fatal"]


async def has_standing(house: Cluster) -> bool:
    """Whether the run under way has said how it stands."""
    with suppress(Exception):
        return bool(await house.client.get_workflow_handle("platform/github").query("standing"))
    return False


HOSTILE: list[Any] = [
    {"limited": {"read": "2026-01-01T12:00:00"}},
    {"limited": {"read": "9999-12-31T23:59:59+00:00"}},
    {"first_failure_at": "2026-01-01T12:00:00", "outcomes": {"all": {"failures": 9}}},
    {"outcomes": {"all": {"failures": -9, "successes": 10**12, "trailing_failures": 10**9}}},
    {"outcomes": {"all": "none"}},
    {"outcomes": {"dance": {"failures": 5}}},
    "x",
    None,
    7,
    [],
    {"version": 1e999},
    {"version": True, "changes": 7},
]


async def test_no_signal_kills_it_whatever_it_says(
    temporal: Client, runner: WorkflowRunner, tmp_path: Path
) -> None:
    dice = Random(7)
    async with cluster(temporal, runner, tmp_path) as house:
        names = ["outcomes_reported", "rules_changed", "pause", "resume", "release", "da|nce\n"]
        for n, said in enumerate(HOSTILE):
            for name in ("outcomes_reported", "rules_changed", dice.choice(names)):
                with suppress(ValueError):
                    await house.entity.signal(name, json.loads(json.dumps(said)))
            await house.entity.signal(dice.choice(names), args=[said] * (n % 5))
            await house.entity.signal(dice.choice(names))
        await house.entity.signal(
            "pause", Payload(metadata={"encoding": b"unheard of"}, data=b"\xff")
        )
        await house.entity.signal("force_closed", {"by": "ada", "because": "the last word"})

        async def heard() -> bool:
            orders = (await house.standing()).get("orders", [])
            return any(one["because"] == "the last word" for one in orders)

        await until(heard)
        history = await house.entity.fetch_history()

    failed = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
    assert [event for event in history.events if event.event_type == failed] == []


async def test_where_only_writes_fail_the_queue_goes_on_and_probes_heal_them(
    temporal: Client, runner: WorkflowRunner, tmp_path: Path
) -> None:
    async with cluster(temporal, runner, tmp_path) as house:
        await house.entity.signal("outcomes_reported", Batch(WRITES_FAIL, {}, "503"))

        async def shut() -> bool:
            return "write" in house.seen.snapshots().gate("github").shut

        await until(shut)
        during = house.seen.snapshots().gate("github")

        async def healed() -> bool:
            return [one.proof for one in house.incidents()] == ["a probe of write passed"]

        await until(healed)

        assert during.held is None
        assert house.github.probes == 3
        assert await house.is_open()


async def test_a_rule_book_that_comes_while_an_older_one_is_read_is_the_one_followed(
    temporal: Client, tmp_path: Path
) -> None:
    async with served_apart(temporal, tmp_path, DEFAULT_BOOK, impatient()) as (entity, _):
        await until(lambda: follows(entity))

        assert await follows(entity, impatient().version)


async def test_a_rule_book_that_was_begun_anew_is_looked_up_and_followed(
    temporal: Client, tmp_path: Path
) -> None:
    async with served_apart(temporal, tmp_path, impatient()) as (entity, books):
        await until(lambda: follows(entity, impatient().version))
        books.append(DEFAULT_BOOK)
        await entity.signal(PlatformWorkflow.rules_changed, as_json(DEFAULT_BOOK))

        await until(lambda: follows(entity, DEFAULT_BOOK.version))


@asynccontextmanager
async def served_apart(
    client: Client, folder: Path, *first: RuleBook
) -> AsyncIterator[tuple[WorkflowHandle[Any, Any], list[RuleBook]]]:
    """
    An entity of its own, and the rule books that it will read, one after the other.

    One that is followed by another is overtaken: the other is told of before the first is read.
    """
    entity = await client.start_workflow(
        PlatformWorkflow.run, id=f"platform/{uuid.uuid4()}", task_queue="apart"
    )
    books = [*first]

    @activity.defn(name="control.read_rules")
    async def read_rules() -> dict[str, Any]:
        read = books.pop(0)
        if books:
            await entity.signal(PlatformWorkflow.rules_changed, as_json(books.pop(0)))
        return as_json(read)

    deeds = control_deeds(client, folder)
    async with Worker(
        client,
        task_queue="apart",
        workflows=[PlatformWorkflow],
        activities=[read_rules, deeds.set_queue_rate, deeds.count_waiting],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        yield entity, books
        await entity.terminate("the test is over")


async def follows(entity: WorkflowHandle[Any, Any], version: int | None = None) -> bool:
    """Whether *entity* has read the rules and follows some, or those of *version*."""
    found = (await entity.query(PlatformWorkflow.standing)).get("rules")
    return found is not None if version is None else bool(found == version)


async def test_one_process_learns_of_an_outage_and_another_follows(
    temporal: Client, tmp_path: Path
) -> None:
    runner = UnsandboxedWorkflowRunner()
    async with (
        cluster(temporal, runner, tmp_path) as house,
        watching(temporal, "github") as other,
    ):
        house.github.down = True
        await house.entity.signal("outcomes_reported", BAD)

        async def follows() -> bool:
            return (other.snapshots().gate("github").held or "").startswith("breaker")

        await until(follows)
        house.github.down = False

        async def followed() -> bool:
            return other.snapshots().gate("github").held is None

        await until(followed)


async def test_what_is_fatal_is_an_incident_until_a_call_is_good(
    temporal: Client, runner: WorkflowRunner, tmp_path: Path
) -> None:
    async with cluster(temporal, runner, tmp_path) as house:
        await house.entity.signal("outcomes_reported", Batch(fatal="no token"))

        async def is_kept() -> bool:
            return [one.open for one in house.incidents()] == [True]

        await until(is_kept)
        good = Batch({"all": Outcomes(1)}, proof="github.read_file")
        await house.entity.signal("outcomes_reported", good)

        async def is_over() -> bool:
            return [one.proof for one in house.incidents()] == ["github.read_file passed"]

        await until(is_over)
        assert IncidentsWanted().most > 1
        assert await house.is_open()


async def test_what_a_person_sees_says_why_and_who(
    temporal: Client, runner: WorkflowRunner, tmp_path: Path
) -> None:
    async with cluster(temporal, runner, tmp_path) as house:
        await house.entity.signal("outcomes_reported", BAD)
        await until(lambda: house.is_held("breaker open"))
        await house.entity.signal("force_open", {"by": "ada", "because": "a <b>drill</b>"})
        await until(lambda: house.is_held("forced open"))
        told = await house.entity.query("__temporal_workflow_metadata")
        details = told.current_details

    assert "**github: held**: breaker forced open" in details
    assert "| write | open | forced to open |" in details
    assert "5 failures in a row; 503" in details
    assert "ada" in details
    assert "<b>" not in details


async def test_an_entity_that_starts_anew_lets_a_queue_be_that_was_held(
    temporal: Client, tmp_path: Path
) -> None:
    async with cluster(temporal, UnsandboxedWorkflowRunner(), tmp_path) as house:
        await house.entity.signal("pause", "for ever")
        await until(lambda: house.is_held("paused"))
        await house.entity.terminate("by mistake")
        await temporal.start_workflow(
            PlatformWorkflow.run,
            id="platform/github",
            task_queue="control",
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,  # a worker may be quicker
        )
        (waiting,) = await house.deliver(1)

        await waiting.result()

        assert len(house.github.comments) == 1


@pytest.mark.parametrize("gone", ["ledger.db"])
async def test_an_incident_that_cannot_be_kept_is_kept_once_it_can(
    temporal: Client, tmp_path: Path, gone: str
) -> None:
    (tmp_path / gone).mkdir()
    async with cluster(temporal, UnsandboxedWorkflowRunner(), tmp_path) as house:
        await house.entity.signal("outcomes_reported", Batch(fatal="no token"))
        await until(says(house, rate=None))
        (tmp_path / gone).rmdir()

        async def is_kept() -> bool:
            with suppress(Exception):
                return bool(house.incidents())
            return False

        await until(is_kept, 60)


async def test_a_ledger_that_hangs_holds_up_no_hold(temporal: Client, tmp_path: Path) -> None:
    async with cluster(temporal, UnsandboxedWorkflowRunner(), tmp_path) as house:
        await house.entity.signal("outcomes_reported", Batch(fatal="no token"))
        await until(lambda: kept(house, 1))
        hanging = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
        hanging.execute("BEGIN EXCLUSIVE")
        try:
            await house.entity.signal("outcomes_reported", BAD)
            await until(lambda: is_applied(house, 0.0), 10)
        finally:
            hanging.execute("ROLLBACK")
            hanging.close()
        await until(lambda: kept(house, 2), 60)


async def kept(house: Cluster, many: int) -> bool:
    """Whether so many incidents are kept."""
    return len(house.incidents()) == many


async def is_applied(house: Cluster, rps: float) -> bool:
    """Whether the engine hands out GitHub's calls at *rps*."""
    wanted = DescribeTaskQueueRequest(
        namespace=house.client.namespace,
        task_queue=TaskQueue(name="github"),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        report_config=True,
    )
    told = await house.client.workflow_service.describe_task_queue(wanted)
    limit = told.config.queue_rate_limit
    return limit.HasField("rate_limit") and limit.rate_limit.requests_per_second == rps


async def test_the_ledger_learns_what_a_call_is_about_and_by_which_rules(
    temporal: Client, tmp_path: Path
) -> None:
    async with cluster(temporal, UnsandboxedWorkflowRunner(), tmp_path) as house:
        (delivery,) = await house.deliver(1)
        await delivery.result()

        row = next(one for one in house.seen.rows if one.operation == "github.post_comment")

    assert (row.context, row.repository) == ("github/octo/hello#7", "octo/hello")
    assert row.workflow_id == delivery.id
    assert row.rule_version >= 1
