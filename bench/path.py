"""
What stands around one platform call, in processor time, beside what else stands around calls.

A call here does nothing but end, well or badly, and Temporal is not there: what is left is
the way. Ours admits the call, classifies its failure, counts it for breakers, budget and
metrics, keeps a row of it in a ledger on the disk and decides what follows. tenacity with
pybreaker counts and decides as well, in memory. Ways take turns; a round is over when its rows
are written.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from pybreaker import CircuitBreaker
from temporalio import activity
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.testing import ActivityEnvironment
from temporalio.worker import (
    ActivityInboundInterceptor,
    ActivityOutboundInterceptor,
    ExecuteActivityInput,
)
from tenacity import retry, stop_after_attempt, wait_random_exponential

from activities.boundary import Boundary, Watch
from activities.gate import PlatformGate
from activities.metrics import AttemptMetrics
from activities.stores.database import Database
from activities.stores.ledger import Ledger
from bench.figures import Figure, in_digits, ratio_of_medians
from bench.scale import Scale
from contexten.breaker import BreakerRule
from contexten.calls import ABOUT
from contexten.errors import ServerError
from contexten.gate import Gate, Rules
from contexten.ledger import Attempt
from contexten.rulebook import DEFAULT_BOOK
from contexten.snapshot import Snapshot
from contexten.standing import standing, understood
from starter.console.surroundings import free_port

CALLS_A_DELIVERY = 10
ROUNDS = 5
ATTEMPTS = 5
NEVER = 1_000_000
OPERATION = "slack.post_message"
TOLD = {"context": "C024BE91L/1700000000.000100", "repository": "octo/hello"}

Call = Callable[[], Awaitable[Any]]


@dataclass(slots=True)
class Way:
    """
    One way to make a call.

    Attributes:
        name: What it is called in a figure.
        call: Makes it.
        ends: The error it must end with; None if it must be good.
        attempts: How many attempts one ``call`` leads to.
        settled: Returns once nothing is left to be done about those that were made.
        took: Microseconds of processor time an attempt, a number a round.
    """

    name: str
    call: Call
    ends: type[Exception] | None = None
    attempts: int = 1
    settled: Callable[[], None] = lambda: None
    took: list[float] = field(default_factory=list)

    async def round(self, calls: int) -> None:
        """
        Make *calls* attempts, one after another.

        Raises:
            RuntimeError: If the last ended otherwise than it must.
        """
        before, seen = time.process_time(), None
        for _ in range(calls // self.attempts):
            try:
                await self.call()
            except Exception as error:  # noqa: BLE001 - it may be meant to fail
                seen = error
        self.settled()
        if type(seen) is not (self.ends or type(None)):
            raise RuntimeError(f"{self.name} ended with {seen!r}, which is another path")
        self.took.append((time.process_time() - before) / calls * 1e6)

    def __str__(self) -> str:
        spread = f"{in_digits(min(self.took))} to {in_digits(max(self.took))}"
        return f"{self.name} {in_digits(median(self.took))} ({spread})"


async def run(folder: Path, scale: Scale) -> list[Figure]:
    """Take the figures."""
    ledger = Ledger(Database(f"sqlite:///{folder / 'ledger.db'}"))
    scraped = PrometheusConfig(bind_address=f"127.0.0.1:{free_port()}")
    meter = Runtime(telemetry=TelemetryConfig(metrics=scraped)).metric_meter
    books = Books(ledger, AttemptMetrics(meter))
    try:
        good = await compared(ways(well, books), scale, "good")
        bad = await compared(ways(badly, books), scale, "failing")
        held = await compared([parked(books)], scale, "parked")
    finally:
        await asyncio.to_thread(ledger.close)
    if ledger.lost:
        raise RuntimeError(f"the ledger lost {ledger.lost} rows, which would have cost something")
    return [*figures("path", good), *figures("path_failing", bad), of_parked(held[0])]


@dataclass(frozen=True, slots=True)
class Books:
    """Where attempts are counted, and where a row of each is kept."""

    ledger: Ledger
    metrics: AttemptMetrics

    def record(self, attempt: Attempt) -> None:
        """Note *attempt* in both, as a worker does."""
        self.ledger.record(attempt)
        self.metrics.record(attempt)

    def written(self) -> None:
        """Return once every row is on the disk."""
        while self.ledger.waiting:
            time.sleep(0.05)


async def well() -> str:
    """A call that is good."""
    return "1700000000.000200"


async def badly() -> str:
    """A call that fails."""
    raise ServerError("Slack answered 503", platform="slack", status=503)


def ways(bare: Call, books: Books) -> list[Way]:
    """Every way to make the call *bare*."""
    fails = bare is badly
    theirs, ends = (ServerError, ApplicationError) if fails else (None, None)
    unkept = bounded(bare, in_force(), books.metrics.record)
    return [
        Way("bare", bare, theirs),
        Way("tenacity + pybreaker", guarded(bare), theirs, ATTEMPTS if fails else 1),
        Way("without a ledger", unkept, ends),
        Way("ours", bounded(bare, in_force(), books.record), ends, settled=books.written),
    ]


def parked(books: Books) -> Way:
    """Ours, for a call that may not go out: the platform's queue is being held."""
    known = in_force()
    shut = replace(known, gates={"slack": replace(known.gate("slack"), held="breaker open")})
    call = bounded(well, shut, books.record)
    return Way("ours", call, ApplicationError, settled=books.written)


def guarded(bare: Call) -> Call:
    """*bare* as the two libraries have it, one inside the other; pauses take no time."""
    breaker = CircuitBreaker(fail_max=NEVER)

    async def at_once(_: float) -> None:
        """Do not wait."""

    @retry(
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(max=30),
        sleep=at_once,
        reraise=True,
    )
    async def call() -> Any:
        with breaker.calling():
            return await bare()

    return call


class Platform(ActivityInboundInterceptor):
    """What follows the boundary: the call, and nothing of Temporal's."""

    def __init__(self, bare: Call) -> None:
        self._bare = bare

    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        """Nothing stands in the way out."""

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        """Make it."""
        return await self._bare()


def bounded(bare: Call, known: Snapshot, record: Callable[[Attempt], None]) -> Call:
    """*bare* inside the boundary, as a worker has it; to be called where an activity runs."""
    watch = Watch({"slack": PlatformGate("slack")}, lambda: known, record)
    platform, boundary = Platform(bare), Boundary(watch)
    outbound = ActivityOutboundInterceptor(None)  # type: ignore[arg-type]
    told = DataConverter.default.payload_converter.to_payload(TOLD)
    attempt = ExecuteActivityInput(fn=bare, args=(), executor=None, headers={ABOUT: told})

    async def call() -> Any:
        around = boundary.intercept_activity(platform)  # as a worker does for each attempt
        around.init(outbound)
        return await around.execute_activity(attempt)

    return call


def in_force() -> Snapshot:
    """The shipped rules and an open gate, but for a breaker that counts and never opens."""
    never = BreakerRule(failure_threshold=NEVER, failure_rate=2.0, slow_rate=2.0)
    now = datetime.now(UTC)
    gate = understood(standing(Gate(), Rules(), now))
    book = replace(DEFAULT_BOOK, breakers={**DEFAULT_BOOK.breakers, "slack": never})
    return Snapshot(book, {"slack": gate})


async def compared(taken: list[Way], scale: Scale, what: str) -> list[Way]:
    """*taken*, after rounds in turn; the first of them all is for warming, and does not count."""
    calls = CALLS_A_DELIVERY * scale.deliveries
    environment = ActivityEnvironment()
    environment.info = about(environment.info)
    for turn in range(ROUNDS * scale.rounds + 1):
        for way in taken:
            await environment.run(way.round, calls)
            if not turn:
                way.took.clear()
    scale.tell(f"{what}: " + ", ".join(map(str, taken)))
    return taken


def about(info: activity.Info) -> activity.Info:
    """What a worker knows of a first attempt made now."""
    now = datetime.now(UTC)
    return replace(
        info,
        activity_type=OPERATION,
        task_queue="slack",
        scheduled_time=now,
        current_attempt_scheduled_time=now,
        started_time=now + timedelta(milliseconds=2),
        workflow_id="slack/Ev0PV52K25",
        workflow_run_id="01987f0e-2b6c-7c3e-9a51-6f0c3b0a4d11",
    )


def figures(name: str, taken: list[Way]) -> list[Figure]:
    """What the rounds of all ways amount to."""
    bare, libraries, without, ours = taken
    all_of_it, part = median(ours.took), median(without.took)
    beside = f"{spread(ours)}; {bare}, {libraries}"
    return [
        Figure(f"{name}_cpu_us", all_of_it, "µs", "< 100", beside),
        Figure(f"{name}_vs_libraries", ratio_of_medians(ours.took, libraries.took), "x"),
        Figure(f"{name}_without_ledger_cpu_us", part, "µs", "", spread(without)),
    ]


def spread(way: Way) -> str:
    """From which to which its rounds were."""
    return f"{in_digits(min(way.took))} to {in_digits(max(way.took))}"


def of_parked(way: Way) -> Figure:
    """What a call that may not go out costs."""
    return Figure("path_parked_cpu_us", median(way.took), "µs", "< 100", spread(way))
