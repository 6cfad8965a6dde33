"""What entities have kept, and what people ask of it, over a real engine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attempts import BAD, GOOD, NOON, ledger_at, row
from control import control_deeds
from temporalio.client import ActivityFailureError, Client
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from activities.control import ControlActivities
from contexten.incident import Incident, IncidentsWanted, Kind, opened
from contexten.ledger import Attempt, By, FailureGroup, FailuresWanted
from starter.console.asking import answer_of

NEW = opened("slack", Kind.BREAKER, "5 failures in a row", NOON, NOON + timedelta(seconds=4))
WELL = NEW.recovered(NOON + timedelta(seconds=70), "3 probes went well")


@asynccontextmanager
async def served(client: Client, deeds: ControlActivities) -> AsyncIterator[None]:
    """A worker of the control queue with what is kept."""
    kept = [deeds.list_failures, deeds.summarise_failures, deeds.list_incidents]
    async with Worker(client, task_queue="control", activities=[*kept, deeds.save_incident]):
        yield


@pytest.fixture
async def client(temporal: Client, tmp_path: Path) -> AsyncIterator[Client]:
    async with served(temporal, control_deeds(temporal, tmp_path)):
        yield temporal


async def asked(client: Client, deed: str, question: object, answer: Any) -> Any:
    return await answer_of(client, f"control.{deed}", question, answer)


async def test_an_attempt_comes_back_as_it_was_recorded(client: Client, tmp_path: Path) -> None:
    with ledger_at(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        ledger.record(GOOD)
        ledger.record(BAD)

    wanted = FailuresWanted(since=NOON, platform="github", category="server_error", most=1)

    assert await asked(client, "list_failures", wanted, list[Attempt]) == [BAD]


async def test_failures_are_put_together(client: Client, tmp_path: Path) -> None:
    with ledger_at(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        for number in range(4):
            ledger.record(row(number))

    wanted = FailuresWanted(by=By.TYPE)
    found = await asked(client, "summarise_failures", wanted, list[FailureGroup])

    last = NOON + timedelta(seconds=3)
    assert found == [FailureGroup("ServerError", 4, 4, 4, NOON, last)]


async def test_an_answer_too_large_for_a_payload_arrives(client: Client, tmp_path: Path) -> None:
    with ledger_at(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        for number in range(1000):
            ledger.record(row(number, message="m" * 300, context="c" * 2000))

    found = await asked(client, "list_failures", FailuresWanted(most=1000), list[Attempt])

    assert len(found) == 1000


async def test_an_incident_is_saved_as_often_as_it_is_told(client: Client) -> None:
    first = await asked(client, "save_incident", WELL, Incident)
    again = await asked(client, "save_incident", NEW, Incident)
    listed = await asked(client, "list_incidents", IncidentsWanted(), list[Incident])

    assert first == again == WELL
    assert listed == [WELL]
    assert WELL.mttr == timedelta(seconds=70)


async def test_another_incident_is_another(client: Client) -> None:
    other = replace(NEW, id="github-health-1", platform="github", kind=Kind.HEALTH)
    for one in (NEW, WELL, other):
        await asked(client, "save_incident", one, Incident)

    lasting = await asked(client, "list_incidents", IncidentsWanted(open_only=True), list[Incident])

    assert lasting == [other]


async def test_a_ledger_that_is_away_is_said_in_plain_words(
    temporal: Client, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "a-file"
    in_the_way.touch()
    async with served(temporal, control_deeds(temporal, in_the_way)):
        with pytest.raises(ActivityFailureError) as raised:
            await asked(temporal, "list_failures", FailuresWanted(), list[Attempt])

    cause = raised.value.cause
    assert isinstance(cause, ApplicationError)
    assert cause.type == "TransientError"
    assert "the ledger's database" in cause.message
