"""Around every attempt: what the ledger gets, what leaves, and what the next attempt knows."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationErrorCategory, CancelledError
from temporalio.worker import (
    ActivityOutboundInterceptor,
)
from walled import NOW, OPERATION, TheDeed, Walled, platform_error

from activities.boundary import Around
from contexten.calls import ABOUT, Tries
from contexten.degradation import Level
from contexten.errors import (
    AuthenticationError,
    Category,
    ClientError,
    FatalError,
    RateLimitedError,
    ServerError,
    TransientError,
)
from contexten.gate import WHOLE
from contexten.ledger import Attempt
from contexten.snapshot import Snapshot
from contexten.standing import Standing

BENIGN, USUAL = ApplicationErrorCategory.BENIGN, ApplicationErrorCategory.UNSPECIFIED
Deed = Callable[[], Awaitable[Any]]


async def well() -> str:
    return "done"


def raising(error: BaseException) -> Deed:
    async def deed() -> None:
        raise error

    return deed


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


async def test_credentials_are_renewed_where_they_were_refused_and_not_after_the_second_time() -> (
    None
):
    house, refused = Walled(), raising(platform_error(AuthenticationError, 401))

    first = await house.fails(refused)
    once = house.renewed
    second = await house.fails(refused, attempt=2, heartbeat_details=[house.remembered.as_json()])

    assert (first.non_retryable, second.non_retryable) == (False, True)
    assert (once, house.renewed) == (1, 2)  # the second time before the attempt


async def test_another_process_renews_its_own_before_it_makes_the_next_attempt() -> None:
    one, other = Walled(), Walled()
    await one.fails(raising(platform_error(AuthenticationError, 401)))

    await other.attempt(lambda: "done", attempt=2, heartbeat_details=[one.remembered.as_json()])

    assert other.renewed == 1


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
