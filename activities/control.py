"""What entities and rounds have done: at the engine, and in our own records."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from temporalio import activity

from contexten.agent_run import run_of
from contexten.agent_status import Standing
from contexten.degradation import Level, level_in
from contexten.hastening import Hastened, Hastening
from contexten.health import Result
from contexten.health_history import HistoryWanted, Shown
from contexten.health_round import Round
from contexten.incident import Incident, IncidentsWanted
from contexten.ledger import Attempt, FailureGroup, FailuresWanted
from contexten.traffic import Probe, is_left_alone

DEGRADATION = "degradation"
RULES = "rules"


class Queues(Protocol):
    """The engine, as ``activities.clients.queue_control`` has it: its queues and our entities."""

    async def set_rate(self, queue: str, rps: float | None, because: str) -> None: ...
    async def waiting(self, queue: str) -> int: ...
    async def standings(self, workflow_ids: Sequence[str]) -> dict[str, Any]: ...
    async def run_asked(self, workflow_id: str) -> Standing | None: ...


class Failures(Protocol):
    """The rows of the ledger. ``activities.stores.attempts`` has the real ones. It blocks."""

    def failures(self, wanted: FailuresWanted) -> tuple[Attempt, ...]: ...
    def summary(self, wanted: FailuresWanted) -> tuple[FailureGroup, ...]: ...


class Incidents(Protocol):
    """The incidents we keep. ``activities.stores.incidents`` has the real ones. It blocks."""

    def save(self, incident: Incident) -> Incident: ...
    def latest(self, wanted: IncidentsWanted) -> tuple[Incident, ...]: ...


class WaitingCalls(Protocol):
    """Calls that wait for their next try. ``activities.clients.waiting_calls`` is the real one."""

    async def hasten(self, wanted: Hastening, beat: Callable[[], object]) -> Hastened: ...


class Evidence(Protocol):
    """What health checks look at. ``activities.evidence`` is the real one."""

    def look(self, probes: Iterable[Probe] = ()) -> object: ...


class Checkup(Protocol):
    """The health checks there are. ``activities.health`` makes them."""

    async def round(self, seen: object) -> tuple[Result, ...]: ...


class Rounds(Protocol):
    """The health rounds we keep. ``activities.stores.health`` has the real ones. It blocks."""

    def save(self, found: Round) -> None: ...
    def shown(self, wanted: HistoryWanted) -> tuple[Shown, ...]: ...


class ControlActivities:
    """
    The deeds of the ``control`` queue.

    Besides what each says, a deed fails as the engine or the database does, and is repeated.
    """

    def __init__(
        self,
        queues: Queues,
        waiting_calls: WaitingCalls,
        failures: Failures,
        incidents: Incidents,
    ) -> None:
        self._queues = queues
        self._waiting_calls = waiting_calls
        self._failures = failures
        self._incidents = incidents

    @activity.defn(name="control.set_queue_rate")
    async def set_queue_rate(self, queue: str, rps: float | None, because: str) -> None:
        """
        Let the calls on *queue* go out at *rps* a second; 0 holds them, None lets them be.

        Safe to repeat: the same rate is the same rate.

        Raises:
            TransientError: The engine is away.
        """
        await self._queues.set_rate(queue, rps, because)

    @activity.defn(name="control.count_waiting")
    async def count_waiting(self, queue: str) -> int:
        """
        How many calls wait on *queue* for a worker, about.

        Raises:
            TransientError: The engine is away.
        """
        return await self._queues.waiting(queue)

    @activity.defn(name="control.hasten_waiting_calls")
    async def hasten_waiting_calls(self, wanted: Hastening) -> Hastened:
        """
        Have calls that wait for their next try follow a new version of the rule book.

        Safe to repeat: a call that was moved is no longer far from its next try.

        Raises:
            TransientError: The engine is away.
        """
        return await self._waiting_calls.hasten(wanted, activity.heartbeat)

    @activity.defn(name="control.read_level")
    async def read_level(self) -> Level:
        """
        How much of the service is on: all of it, if nobody has said otherwise.

        Safe to repeat: it only reads.

        Raises:
            TransientError: The engine is away.
        """
        return level_in((await self._queues.standings([DEGRADATION])).get(DEGRADATION))

    @activity.defn(name="control.read_rules")
    async def read_rules(self) -> dict[str, Any]:
        """
        The rule book in force, in plain values; nothing at all if nobody has said otherwise.

        Safe to repeat: it only reads.

        Raises:
            TransientError: The engine is away.
        """
        found: dict[str, Any] = (await self._queues.standings([RULES])).get(RULES, {})
        return found

    @activity.defn(name="control.read_run")
    async def read_run(self, context: str) -> Standing | None:
        """
        How the agent run of *context* stands, by its own words; None if none is under way.

        Safe to repeat: the run is asked, and hears nothing.

        Raises:
            TransientError: The engine is away.
        """
        return await self._queues.run_asked(run_of(context))

    @activity.defn(name="control.list_failures")
    async def list_failures(self, wanted: FailuresWanted) -> tuple[Attempt, ...]:
        """
        The failed and lost attempts that are *wanted*, the latest first.

        Safe to repeat: it only reads.

        Raises:
            TransientError: The ledger's database refused, or is away.
        """
        return await asyncio.to_thread(self._failures.failures, wanted)

    @activity.defn(name="control.summarise_failures")
    async def summarise_failures(self, wanted: FailuresWanted) -> tuple[FailureGroup, ...]:
        """
        The failures that are *wanted*, put together; the most frequent first.

        Safe to repeat: it only reads.

        Raises:
            TransientError: The ledger's database refused, or is away.
        """
        return await asyncio.to_thread(self._failures.summary, wanted)

    @activity.defn(name="control.list_incidents")
    async def list_incidents(self, wanted: IncidentsWanted) -> tuple[Incident, ...]:
        """
        The incidents that are *wanted*, the latest first.

        Safe to repeat: it only reads.

        Raises:
            TransientError: The database of incidents refused, or is away.
        """
        return await asyncio.to_thread(self._incidents.latest, wanted)

    @activity.defn(name="control.save_incident")
    async def save_incident(self, incident: Incident) -> Incident:
        """
        Keep *incident*, merged with what is known of it; what is known then.

        Safe to repeat, in any order: what is told twice changes nothing.

        Raises:
            TransientError: The database of incidents refused, or is away.
        """
        return await asyncio.to_thread(self._incidents.save, incident)


class HealthActivities:
    """Those deeds of the ``control`` queue that have to do with health."""

    def __init__(
        self, queues: Queues, checkup: Checkup, evidence: Evidence, rounds: Rounds
    ) -> None:
        self._queues = queues
        self._checkup = checkup
        self._evidence = evidence
        self._rounds = rounds

    @activity.defn(name="control.choose_probed")
    async def choose_probed(self, platforms: list[str]) -> list[str]:
        """
        Those of *platforms* that may be probed: nobody wants them left alone.

        Safe to repeat: it only reads.

        Raises:
            TransientError: The engine is away.
        """
        found = await self._queues.standings([f"platform/{name}" for name in platforms])
        return [name for name in platforms if not is_left_alone(found.get(f"platform/{name}"))]

    @activity.defn(name="control.check_health")
    async def check_health(self, probes: list[Probe]) -> tuple[Result, ...]:
        """
        What every health check finds now, given the *probes* just made.

        Safe to repeat: it only looks. A check that fails is unhealthy, and fails nothing else.

        Raises:
            TransientError: Never by itself.
        """
        return await self._checkup.round(self._evidence.look(probes))

    @activity.defn(name="control.save_health")
    async def save_health(self, found: Round) -> None:
        """
        Keep a health round, and remove those that are too old.

        Safe to repeat: a round that is kept stays as it is.

        Raises:
            TransientError: The database refused, or is away.
        """
        await asyncio.to_thread(self._rounds.save, found)

    @activity.defn(name="control.read_health")
    async def read_health(self, wanted: HistoryWanted) -> tuple[Shown, ...]:
        """
        How each health check stands and stood, by the rounds that are kept.

        Safe to repeat: it only reads.

        Raises:
            TransientError: The database refused, or is away.
        """
        return await asyncio.to_thread(self._rounds.shown, wanted)
