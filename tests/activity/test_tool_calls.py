"""Calls of agents' tools are counted: what a tool answers has gone well, what breaks has not."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from attempts import GOOD, ledger_at
from temporalio import activity
from temporalio.client import ActivityFailureError, Client
from temporalio.common import RawValue, RetryPolicy
from temporalio.worker import Worker

from activities.boundary import Watch
from activities.evidence import Evidence
from activities.health import Checkup, load
from activities.stores.database import Database
from activities.stores.limits import LimitsKept
from activities.stores.traffic import Calls
from activities.tool_calls import ToolCalls
from contexten.errors import TransientError
from contexten.health import Result, Status
from contexten.ledger import Attempt, Outcome
from contexten.traffic import TrafficRule
from contexten.turns import ToolResult

NOW = datetime.now(UTC)
WELL = replace(GOOD, at=NOW, platform="tools", operation="tools.view_file")
BROKE = replace(WELL, outcome=Outcome.FAILED, category="transient", error_type="TransientError")
ASKED_WRONGLY = replace(BROKE, category="client_error", error_type="ClientError")
LIMIT = timedelta(seconds=20)


@activity.defn(dynamic=True)
async def tool(arguments: Sequence[RawValue]) -> ToolResult:
    """A tool that tells a model what is wrong, a disk that is full, or another deed."""
    if activity.info().activity_type == "tools.edit_file":
        raise TransientError("the disk: full", platform="tools")
    return ToolResult("call", False, "0" * 64, "there is no such file")


class Nowhere:
    """An engine that no check of these needs."""

    async def answers(self) -> float:
        return 0.01

    async def pollers(self) -> dict[str, int]:
        return {}

    async def runs(self) -> tuple[int, int]:
        return 0, 0


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    kept = Database(f"sqlite:///{tmp_path}/ledger.db")
    return Evidence(str(tmp_path), Calls(kept), Nowhere(), LimitsKept(kept))


@pytest.fixture
def success(tmp_path: Path, evidence: Evidence) -> Callable[..., Result]:
    """What the check finds once these attempts are in the ledger."""

    def found(*attempts: Attempt) -> Result:
        with ledger_at(f"sqlite:///{tmp_path}/ledger.db") as ledger:
            for one in attempts:
                ledger.record(one)
        checkup = Checkup(load(["activities.health_checks"]))
        results = asyncio.run(checkup.round(evidence.look()))
        return next(one for one in results if one.name == "tool_success")

    return found


async def test_each_attempt_at_a_tool_is_written_down(temporal: Client) -> None:
    written: list[Attempt] = []
    queue = f"tools-{uuid.uuid4()}"
    calls = ToolCalls(written.append, Watch({}).clock)
    async with Worker(temporal, task_queue=queue, activities=[tool], interceptors=[calls]):

        async def use(name: str) -> ToolResult:
            return await temporal.execute_activity(
                f"tools.{name}",
                id=str(uuid.uuid4()),
                task_queue=queue,
                start_to_close_timeout=LIMIT,
                retry_policy=RetryPolicy(maximum_attempts=2),
                result_type=ToolResult,
            )

        assert not (await use("view_file")).ok
        await use("keep_text")
        with pytest.raises(ActivityFailureError):
            await use("edit_file")

    said = [(one.operation, one.attempt, one.outcome, one.category) for one in written]
    assert said == [
        ("tools.view_file", 1, Outcome.OK, None),
        ("tools.edit_file", 1, Outcome.FAILED, "transient"),
        ("tools.edit_file", 2, Outcome.FAILED, "transient"),
    ]
    assert all(one.platform == "tools" for one in written)
    assert all(abs(one.at - datetime.now(UTC)) < timedelta(minutes=1) for one in written)


@pytest.mark.parametrize(
    ("attempts", "status", "value"),
    [
        ([WELL] * 9, Status.UNKNOWN, None),
        ([WELL] * 10, Status.HEALTHY, 100),
        ([WELL] * 9 + [ASKED_WRONGLY], Status.HEALTHY, 100),
        ([WELL] * 8 + [BROKE] * 2, Status.DEGRADED, 80),
        ([WELL] * 4 + [BROKE] * 6, Status.UNHEALTHY, 40),
        ([WELL] * 9 + [replace(WELL, at=NOW - timedelta(hours=2))], Status.UNKNOWN, None),
        ([WELL] * 9 + [replace(WELL, platform="github")], Status.UNKNOWN, None),
    ],
)
def test_the_share_that_was_carried_out_is_judged(
    success: Callable[..., Result],
    attempts: list[Attempt],
    status: Status,
    value: float | None,
) -> None:
    result = success(*attempts)

    assert result.status is status
    assert result.value == (value if value is None else pytest.approx(value))


def test_tools_do_not_count_among_the_calls_to_platforms(
    success: Callable[..., Result], evidence: Evidence
) -> None:
    success(*[BROKE] * 20)

    total, _ = evidence.calls.seen((), TrafficRule(), datetime.now(UTC))

    assert total.calls == 0
