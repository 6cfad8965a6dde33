"""A health round looks at everything, remembers how it stood, and tells who has to know."""

import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from control import control_deeds, health_deeds
from temporalio import activity
from temporalio.client import Client, ScheduleHandle
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker, WorkflowRunner
from waiting import until

from activities.health import Registered
from activities.stores.database import Database
from activities.stores.incidents import Incidents
from contexten.gate import Batch
from contexten.health import Check, Family, Reading, Status
from contexten.health_history import HistoryWanted, Shown
from contexten.health_round import Round
from contexten.incident import IncidentsWanted
from contexten.queues import Queue
from starter import entities, schedules
from starter.console.asking import answer_of
from starter.settings import Settings
from workflows.degradation import DegradationWorkflow
from workflows.health import HealthWorkflow, Wanted

BAD, GOOD = Status.UNHEALTHY, Status.HEALTHY


@dataclass
class Probing:
    """Answers probes of slack, well or not."""

    well: bool = True
    refuses_as: str = "ServerError"
    asked: list[str] = field(default_factory=list)

    @activity.defn(name="slack.probe_group")
    async def probe_group(self, group: str) -> str:
        self.asked.append(group)
        if not self.well:
            raise ApplicationError("no", type=self.refuses_as)
        return "auth.test answered"


class House:
    """A control worker with checks of one's own, a schedule, and what they keep."""

    def __init__(self, client: Client, folder: Path, kept: Database | None = None) -> None:
        self.client, self.database = client, Database(f"sqlite:///{folder}/ledger.db")
        self.status = GOOD
        vital = Check("vital", Family.APPLICATION, critical=True)
        own = Registered(vital, lambda: Reading(self.status, str(self.status)))
        self.control = control_deeds(client, folder)
        self.health = health_deeds(client, folder, [own], kept)
        self.schedule: ScheduleHandle | None = None

    def deeds(self) -> Sequence[Callable[..., Any]]:
        """The activities of the round."""
        health = self.health
        return [
            health.choose_probed,
            health.check_health,
            health.save_health,
            health.read_health,
            self.control.save_incident,
        ]

    async def shown(self) -> Sequence[Shown]:
        """What the control worker tells of the rounds."""
        return await answer_of(self.client, "control.read_health", HistoryWanted(), list[Shown])

    async def begins(self, wanted: Wanted) -> None:
        """Make the schedule, which makes rounds only when it is told to."""
        settings = Settings(health_interval_s=3600)
        schedule = schedules.health(settings)
        schedule.action.args = [wanted]  # type: ignore[union-attr]
        name = f"health-{uuid.uuid4().hex}"
        schedule.action.id = name  # type: ignore[union-attr]
        self.schedule = await self.client.create_schedule(name, schedule)

    async def makes(self, *statuses: Status) -> Round:
        """Make a round for each of *statuses* of the vital check; the last one."""
        assert self.schedule is not None
        found = Round(datetime.now(UTC))
        for status in statuses:
            self.status = status
            before = (await self.schedule.describe()).info.num_actions
            await self.schedule.trigger()

            async def acted(before: int = before) -> bool:
                assert self.schedule is not None
                return (await self.schedule.describe()).info.num_actions > before

            await until(acted)
            recent = (await self.schedule.describe()).info.recent_actions[-1]
            started = self.client.get_workflow_handle(recent.action.workflow_id, result_type=Round)  # type: ignore[union-attr]
            found = await started.result()
        return found


@pytest.fixture
async def house(temporal: Client, runner: WorkflowRunner, tmp_path: Path) -> AsyncIterator[House]:
    """The house, with a worker of the control queue."""
    async with lived_in(House(temporal, tmp_path), runner) as one:
        yield one


@asynccontextmanager
async def lived_in(one: House, runner: WorkflowRunner) -> AsyncIterator[House]:
    """*one* with a worker of the control queue."""
    async with Worker(
        one.client,
        task_queue=Queue.CONTROL,
        workflows=[DegradationWorkflow, HealthWorkflow],
        activities=one.deeds(),
        workflow_runner=runner,
        workflow_failure_exception_types=[Exception],
    ):
        yield one
        if one.schedule is not None:
            await one.schedule.delete()


def standing(found: Round, name: str) -> Status:
    """How the check *name* stands."""
    return next(one.status for one in found.standings if one.result.name == name)


async def test_a_round_needs_nobody_who_holds_the_level(house: House) -> None:
    await house.begins(Wanted())

    found = await house.makes(GOOD)

    assert standing(found, "vital") is GOOD
    assert standing(found, "engine") is not Status.UNKNOWN
    assert {one.latest.name for one in await house.shown()} == {
        one.result.name for one in found.standings
    }


async def test_rounds_remember_each_other_lower_the_level_and_leave_an_incident(
    house: House, temporal: Client
) -> None:
    await entities.ensure(temporal, entities.DEGRADATION)
    level = temporal.get_workflow_handle(entities.DEGRADATION)
    await house.begins(Wanted())

    first = await house.makes(BAD)
    assert (standing(first, "vital"), first.unhealthy_critical) == (Status.DEGRADED, ())
    assert await level.query("level") == "full"

    second = await house.makes(BAD)
    assert "vital" in second.unhealthy_critical

    async def lowered() -> bool:
        return "vital" in (await level.query("standing"))["unhealthy"]

    await until(lowered)
    assert await level.query("level") != "full"
    (incident,) = incidents(house)
    assert (incident.platform, incident.open) == ("vital", True)

    await house.makes(GOOD, GOOD)
    (incident,) = incidents(house)
    assert incident.proof == "vital is healthy: healthy"
    await level.terminate()


def incidents(house: House) -> list[Any]:
    """The incidents of the vital check."""
    return list(Incidents(house.database).latest(IncidentsWanted(platform="vital")))


@pytest.mark.parametrize(("well", "taken_for"), [(True, GOOD), (False, Status.DEGRADED)])
async def test_a_quiet_platform_is_asked_something_and_not_again_at_once(
    house: House, temporal: Client, well: bool, taken_for: Status
) -> None:
    probing = Probing(well)
    await house.begins(Wanted(("slack",)))
    async with Worker(temporal, task_queue="slack-probes", activities=[probing.probe_group]):
        first = await house.makes(GOOD)
        await house.makes(GOOD)

    assert standing(first, "slack") is taken_for
    assert probing.asked == ["read"]


@pytest.mark.parametrize(("well", "failures"), [(True, 0), (False, 1)])
async def test_a_probe_counts_for_the_breaker_of_its_platform(
    house: House, temporal: Client, well: bool, failures: int
) -> None:
    probing = Probing(well)
    gate = await temporal.start_workflow(
        "PlatformWorkflow",
        id="platform/slack",
        task_queue="served-by-nobody",
        id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
    )
    await house.begins(Wanted(("slack",)))
    async with Worker(temporal, task_queue="slack-probes", activities=[probing.probe_group]):
        await house.makes(GOOD)

    told = [
        event.workflow_execution_signaled_event_attributes
        async for event in gate.fetch_history_events()
        if event.HasField("workflow_execution_signaled_event_attributes")
    ]
    (batch,) = await temporal.data_converter.decode(told[0].input.payloads, [Batch])
    await gate.terminate()
    assert [one.signal_name for one in told] == ["outcomes_reported"]
    assert batch.outcomes["all"].failures == failures
    assert batch.outcomes["read"].calls == 1


async def test_a_platform_nobody_can_probe_is_not_unhealthy_for_that(house: House) -> None:
    await house.begins(Wanted(("linear",)))

    assert standing(await house.makes(GOOD), "linear") is Status.UNKNOWN


async def test_a_platform_that_was_paused_by_a_person_is_not_probed(
    house: House, temporal: Client
) -> None:
    name = f"paused-{uuid.uuid4().hex}"
    probing = Probing()
    paused = await temporal.start_workflow(
        DegradationWorkflow.run,
        id=f"platform/{name}",
        task_queue=Queue.CONTROL,
        memo={"standing": {"rate": 0.0, "because": "paused by ada"}},
        start_delay=timedelta(hours=1),
    )
    await house.begins(Wanted((name, "slack")))
    async with Worker(temporal, task_queue="slack-probes", activities=[probing.probe_group]):
        await house.makes(GOOD)
    deeds = house.health

    assert probing.asked == ["read"]
    assert await deeds.choose_probed([name, "slack"]) == ["slack"]
    await paused.terminate()


@pytest.mark.parametrize("refused_as", ["RateLimitedError", "FatalError"])
async def test_a_probe_that_could_not_be_made_says_nothing(
    house: House, temporal: Client, refused_as: str
) -> None:
    probing = Probing(well=False, refuses_as=refused_as)
    await house.begins(Wanted(("slack",)))
    async with Worker(temporal, task_queue="slack-probes", activities=[probing.probe_group]):
        found = await house.makes(GOOD)

    assert probing.asked
    assert standing(found, "slack") is Status.UNKNOWN


async def test_a_round_that_cannot_be_kept_is_made_all_the_same(
    temporal: Client, runner: WorkflowRunner, tmp_path: Path
) -> None:
    nowhere = Database(f"sqlite:///{__file__}/x.db")
    async with lived_in(House(temporal, tmp_path, nowhere), runner) as house:
        await house.begins(Wanted())

        assert standing(await house.makes(GOOD), "vital") is GOOD


async def test_incidents_are_kept_though_the_rounds_cannot_be_and_told_again_until_they_are(
    temporal: Client, runner: WorkflowRunner, tmp_path: Path
) -> None:
    nowhere = Database(f"sqlite:///{__file__}/x.db")
    async with lived_in(House(temporal, tmp_path, nowhere), runner) as house:
        await house.begins(Wanted())
        locked = tmp_path / "ledger.db"
        locked.mkdir()
        away = await house.makes(BAD, BAD)
        locked.rmdir()
        again = await house.makes(BAD)

        assert "vital" in [one.platform for one in away.untold]
        assert again.untold == ()
        assert [one.open for one in incidents(house)] == [True]

        await house.makes(GOOD, GOOD)
        assert [one.open for one in incidents(house)] == [False]


async def test_the_schedule_is_made_once_and_follows_the_settings(temporal: Client) -> None:
    for seconds in (15, 60):
        await schedules.ensure(temporal, Settings(health_interval_s=seconds))
    handle = temporal.get_schedule_handle(schedules.HEALTH)

    described = await handle.describe()
    await handle.delete()

    assert described.schedule.spec.intervals[0].every == timedelta(seconds=60)
