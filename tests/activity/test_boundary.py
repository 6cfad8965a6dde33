"""Around every attempt: what the ledger gets, what leaves, and what the next attempt knows."""

import asyncio
import dataclasses
import uuid
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from gates import seconds
from pretend import Sandbox
from temporalio import activity
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory, CancelledError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import (
    ActivityInboundInterceptor,
    ActivityOutboundInterceptor,
    ExecuteActivityInput,
    Worker,
)
from waiting import until

import worker
from activities.boundary import Around, Boundary, Watch
from activities.gate import PlatformGate
from contexten.calls import ABOUT, Tries
from contexten.degradation import Level
from contexten.errors import (
    AuthenticationError,
    Category,
    ClientError,
    FatalError,
    PlatformError,
    RateLimitedError,
    ServerError,
    TransientError,
)
from contexten.gate import WHOLE
from contexten.github import Target
from contexten.ledger import Attempt
from contexten.snapshot import Snapshot
from contexten.standing import Standing
from starter.settings import load

OPERATION = "github.post_comment"
NOW = datetime.now(UTC)
BENIGN, USUAL = ApplicationErrorCategory.BENIGN, ApplicationErrorCategory.UNSPECIFIED
Deed = Callable[[], Awaitable[Any]]


class TheDeed(ActivityInboundInterceptor):
    """The end of the chain: the deed itself."""

    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        """Nothing is behind it."""

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        return await input.fn() if asyncio.iscoroutinefunction(input.fn) else input.fn()


class Walled:
    """One platform's boundary, and what came of the attempts within it."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        self.rows: list[Attempt] = []
        self.renewed = 0
        self.gate = PlatformGate("github")
        self.watch = Watch(
            {"github": self.gate},
            lambda: snapshot or Snapshot(),
            self.rows.append,
            {"github": self.renew},
            dice=lambda: 0.5,
        )
        self.beats: list[Any] = []

    def renew(self) -> None:
        self.renewed += 1

    async def attempt(self, deed: Callable[[], Any], headers: Any = None, **info: Any) -> Any:
        """Make one attempt, which *info* tells of."""
        environment = ActivityEnvironment()
        told = {"activity_type": OPERATION, "task_queue": "github", "scheduled_time": NOW, **info}
        environment.info = dataclasses.replace(environment.info, **told)
        environment.on_heartbeat = lambda *details: self.beats.append(details)
        around = Around(TheDeed(None), self.watch)  # type: ignore[arg-type]
        around.init(ActivityOutboundInterceptor(None))  # type: ignore[arg-type]
        asked = ExecuteActivityInput(deed, [], None, headers or {})

        async def whole() -> Any:
            return await around.execute_activity(asked)

        return await environment.run(whole)

    async def fails(self, deed: Callable[[], Any], **info: Any) -> ApplicationError:
        """What leaves an attempt that does not end well."""
        with pytest.raises(ApplicationError) as raised:
            await self.attempt(deed, **info)
        return raised.value

    @property
    def remembered(self) -> Tries:
        """What the next attempt will know."""
        return Tries.from_json(self.beats[-1][0])


async def well() -> str:
    return "done"


def raising(error: BaseException) -> Deed:
    async def deed() -> None:
        raise error

    return deed


def platform_error(kind: type[PlatformError], status: int, **more: Any) -> PlatformError:
    return kind(f"GitHub answered {status}", platform="github", status=status, **more)


LIMITED = platform_error(RateLimitedError, 429, retry_after=timedelta(seconds=30))


@pytest.mark.parametrize(
    ("error", "category", "row", "again", "benign"),
    [
        (platform_error(TransientError, 499), "transient", 499, 0.5, False),
        (platform_error(ServerError, 503), "server_error", 503, 0.5, False),
        (LIMITED, "transient", 429, 30.5, False),
        (platform_error(AuthenticationError, 401), "authentication", 401, 0.001, False),
        (platform_error(ClientError, 404), "client_error", 404, None, True),
        (platform_error(FatalError, 301), "fatal", 301, None, False),
        (ValueError("ours"), "unknown", None, 0.5, False),
    ],
)
async def test_a_failure_leaves_in_the_engines_terms_and_stands_in_the_ledger(
    error: Exception, category: str, row: int | None, again: float | None, benign: bool
) -> None:
    house = Walled()

    left = await house.fails(raising(error))

    (written,) = house.rows
    assert (written.outcome, written.category, written.status) == ("failed", category, row)
    assert (written.attempt, written.operation, written.platform) == (1, OPERATION, "github")
    assert left.type == written.error_type
    assert left.non_retryable == (again is None)
    delay = left.next_retry_delay
    assert (delay and delay.total_seconds()) == again
    assert left.category is (BENIGN if benign else USUAL)
    details = left.details[0]
    assert (details["category"], details["status"], details["tries"]) == (category, row, 1)
    assert house.remembered.of(Category(category)) == 1


async def test_a_good_call_is_a_row_and_news_for_the_gate() -> None:
    house = Walled()

    assert await house.attempt(well) == "done"

    (row,) = house.rows
    assert (row.outcome, row.category, row.message) == ("ok", None, None)
    assert house.gate.tally.taken().outcomes[WHOLE].successes == 1
    assert house.beats == []


async def test_an_attempt_in_a_thread_is_remembered_as_well() -> None:
    house = Walled()

    def deed() -> None:
        raise platform_error(ServerError, 503)

    await house.fails(deed)

    assert house.remembered == Tries({"server_error": 1})


async def test_what_was_remembered_counts_with_the_next_failure() -> None:
    house, before = Walled(), Tries({"unknown": 4}, parked=2, parked_for=timedelta(seconds=9))

    left = await house.fails(
        raising(ValueError("x")), attempt=7, heartbeat_details=[before.as_json()]
    )

    assert left.non_retryable
    assert left.details[0]["because"] == "5 of 5 attempts failed so"
    assert house.remembered == dataclasses.replace(before, failed={"unknown": 5})


async def test_lost_attempts_are_told_of_once_by_their_own_number_and_counted() -> None:
    house, before = Walled(), Tries({"server_error": 1})

    await house.attempt(well, attempt=4, heartbeat_details=[before.as_json()])
    kept = house.remembered
    await house.attempt(well, attempt=5, heartbeat_details=[kept.as_json()])

    lost = [(row.attempt, row.category) for row in house.rows if row.outcome == "lost"]
    assert lost == [(2, "transient"), (3, "transient"), (4, "transient")]
    assert kept == Tries({"server_error": 1}, lost=2)


async def test_a_heartbeat_of_the_deed_does_not_wipe_out_what_is_known() -> None:
    beats: list[Any] = []

    class Out(ActivityOutboundInterceptor):
        def heartbeat(self, *details: Any) -> None:
            beats.append(details)

    around = Around(TheDeed(None), Walled().watch)  # type: ignore[arg-type]
    around.init(Out(None))  # type: ignore[arg-type]
    around._memory.known = Tries(parked=3)
    around._memory.heartbeat()
    around._memory.heartbeat("its own")

    assert beats == [(Tries(parked=3).as_json(),), ("its own",)]


async def test_a_parked_call_is_no_failure_and_knows_how_long_it_waited() -> None:
    held = Snapshot(gates={"github": Standing(held="paused by ada")})
    house = Walled(held)

    left = await house.fails(well)

    assert (left.type, left.message) == ("Parked", "not sent: paused by ada")
    assert left.category is BENIGN
    assert not left.non_retryable
    assert left.next_retry_delay == timedelta(seconds=2.5)
    assert [row.outcome for row in house.rows] == ["parked"]
    assert house.remembered == Tries(parked=1, parked_for=timedelta(seconds=2.5))
    assert not house.gate.tally


async def test_what_is_left_out_answers_nothing_and_is_not_made() -> None:
    house = Walled(Snapshot(level=Level.LIMITED))

    answer = await house.attempt(raising(ValueError("made")), activity_type="github.add_reaction")

    assert answer is None
    assert [row.outcome for row in house.rows] == ["skipped"]


async def test_what_is_too_late_ends_and_is_not_made() -> None:
    house = Walled()
    long_ago = NOW - timedelta(days=2)

    left = await house.fails(
        raising(ValueError("made")), attempt=2, scheduled_time=long_ago,
        heartbeat_details=[Tries(parked=1).as_json()],
    )  # fmt: skip

    assert (left.type, left.non_retryable) == ("DeadlineError", True)
    assert [row.outcome for row in house.rows] == ["failed"]


async def test_credentials_are_renewed_once_and_not_after_the_second_refusal() -> None:
    house, refused = Walled(), raising(platform_error(AuthenticationError, 401))

    first = await house.fails(refused)
    second = await house.fails(refused, attempt=2, heartbeat_details=[house.remembered.as_json()])

    assert (first.non_retryable, second.non_retryable) == (False, True)
    assert house.renewed == 1


async def test_a_probe_passes_a_held_gate_and_is_written_down_but_is_no_news() -> None:
    house = Walled(Snapshot(gates={"github": Standing(held="breaker open")}))
    probe = {"task_queue": "github-probes", "activity_type": "github.probe_group"}

    assert await house.attempt(well, **probe) == "done"
    await house.fails(raising(platform_error(ServerError, 503)), **probe)

    assert [row.outcome for row in house.rows] == ["ok", "failed"]
    assert not house.gate.tally


async def test_a_ledger_that_raises_breaks_no_call() -> None:
    house = Walled()

    def broken(row: Attempt) -> None:
        raise OSError("the disk is gone")

    house.watch.record = broken
    assert await house.attempt(well) == "done"
    left = await house.fails(raising(platform_error(ServerError, 503)))

    assert left.type == "ServerError"


async def test_what_cannot_renew_breaks_no_call() -> None:
    house, refused = Walled(), raising(platform_error(AuthenticationError, 401))

    def broken() -> None:
        raise OSError("the secret is gone")

    house.watch.renew["github"] = broken
    assert (await house.fails(refused)).type == "AuthenticationError"
    house.watch.renew.clear()
    assert (await house.fails(refused)).type == "AuthenticationError"


async def test_a_platform_without_a_gate_is_called_as_if_there_were_no_boundary() -> None:
    house = Walled()

    with pytest.raises(ValueError, match="as it is"):
        await house.attempt(raising(ValueError("as it is")), activity_type="control.x")

    assert house.rows == []


@pytest.mark.parametrize("error", [CancelledError("in a thread"), asyncio.CancelledError()])
async def test_a_cancellation_passes_through_and_is_no_failure(error: BaseException) -> None:
    house = Walled()

    with pytest.raises(type(error)):
        await house.attempt(raising(error))

    assert house.rows == []
    assert not house.gate.tally


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"context": "github/octo/hello#7", "repository": "octo/hello"}, "octo/hello"),
        ({"repository": 7}, None),
        (["octo/hello"], None),
        (None, None),
    ],
)
async def test_the_header_says_what_a_call_is_about_or_nothing(
    said: Any, expected: str | None
) -> None:
    house, converter = Walled(), DataConverter.default.payload_converter
    headers = {ABOUT: converter.to_payload(said)}

    await house.attempt(well, headers=headers)

    assert house.rows[0].repository == expected


async def test_a_header_nobody_can_read_breaks_no_call() -> None:
    payload = DataConverter.default.payload_converter.to_payload("x")
    payload.metadata["encoding"] = b"unheard of"

    assert await Walled().attempt(well, headers={ABOUT: payload}) == "done"


class Real:
    """A worker of a real engine whose attempts fail as told, one after the other."""

    def __init__(self, client: Client, ends: Sequence[BaseException | None]) -> None:
        self.client, self.ends, self.house = client, list(ends), Walled()
        self.house.watch.dice = lambda: 0.0

    def next(self) -> str:
        end = self.ends.pop(0)
        if end is not None:
            raise end
        return "done"

    async def run(self, deed: Callable[..., Any], **options: Any) -> Any:
        queue = f"boundary-{uuid.uuid4()}"
        usual: dict[str, Any] = {
            "start_to_close_timeout": timedelta(seconds=5),
            "retry_policy": RetryPolicy(initial_interval=timedelta(milliseconds=10)),
        }
        async with Worker(
            self.client,
            task_queue=queue,
            activities=[deed],
            activity_executor=ThreadPoolExecutor(2),
            interceptors=[Boundary(self.house.watch)],
        ):
            return await self.client.execute_activity(
                OPERATION, id=queue, task_queue=queue, result_type=str, **{**usual, **options}
            )


@pytest.mark.parametrize("in_thread", [True, False])
async def test_the_engine_keeps_what_became_of_the_attempts(
    temporal: Client, in_thread: bool
) -> None:
    broken, odd = platform_error(ServerError, 503), ValueError("x")
    real = Real(temporal, [broken, odd, broken, None])

    @activity.defn(name=OPERATION)
    def blocking() -> str:
        return real.next()

    @activity.defn(name=OPERATION)
    async def waiting() -> str:
        seen.append(Tries.from_json((*activity.info().heartbeat_details, None)[0]))
        return real.next()

    seen: list[Tries] = []
    assert await real.run(blocking if in_thread else waiting) == "done"

    assert [row.outcome for row in real.house.rows] == ["failed"] * 3 + ["ok"]
    assert in_thread or seen[-1] == Tries({"server_error": 2, "unknown": 1})


async def test_a_lost_attempt_is_found_by_the_next_one(temporal: Client) -> None:
    real, hung = Real(temporal, [None]), asyncio.Event()

    @activity.defn(name=OPERATION)
    async def deed() -> str:
        if activity.info().attempt == 1:
            await hung.wait()
        return real.next()

    try:
        assert await real.run(deed, start_to_close_timeout=timedelta(seconds=1)) == "done"
    finally:
        hung.set()

    rows = [(row.outcome, row.attempt) for row in real.house.rows if row.outcome != "failed"]
    assert rows[:2] == [("lost", 1), ("ok", 2)]


async def test_a_rotated_token_is_picked_up_by_the_next_attempt(
    temporal: Client, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, said = tmp_path / "settings.env", sandbox.arrange("/_tokens", {}, "PUT")
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    monkeypatch.setenv("CONTEXTEN_ENV_FILE", str(file))
    file.write_text("".join(f"{name}={value}\n" for name, value in said.items()))
    github = worker.github_client(load())
    anew = sandbox.arrange("/_tokens", {"github": "ghp_another"}, "PUT")
    file.write_text("".join(f"{name}={value}\n" for name, value in anew.items()))
    real = Real(temporal, [])
    real.house.watch.renew["github"] = github.renew

    @activity.defn(name=OPERATION)
    def deed() -> str:
        return str(github.read_pull_request(Target("octo/hello", 12)).number)

    assert await real.run(deed) == "12"
    github.close()

    assert [row.outcome for row in real.house.rows] == ["failed", "ok"]
    assert real.house.rows[0].category == Category.AUTHENTICATION


async def test_a_parked_call_goes_out_once_the_gate_is_open(temporal: Client) -> None:
    real = Real(temporal, [None])
    states = [Snapshot(gates={"github": Standing(limited={"write": seconds(0)})})]
    soon = datetime.now(UTC) + timedelta(milliseconds=300)
    states[0] = Snapshot(gates={"github": Standing(limited={"write": soon})})
    real.house.watch.snapshot = lambda: states[0]

    @activity.defn(name=OPERATION)
    async def deed() -> str:
        return real.next()

    assert await real.run(deed) == "done"

    async def written() -> bool:
        return len(real.house.rows) >= 2

    await until(written)
    assert [row.outcome for row in real.house.rows] == ["parked", "ok"]
