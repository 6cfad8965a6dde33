"""An attempt is let out, parked, skipped or too late, and parked time is not held against it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from gates import NOON, seconds
from hypothesis import given
from hypothesis import strategies as st

from activities.gate import PlatformGate
from contexten.admission import HELD_FOR, NEVER_SOONER, OUT, SHUT_FOR, Admitted, admission, elapsed
from contexten.admission import until as pause_until
from contexten.calls import Call, Tries
from contexten.degradation import Level
from contexten.errors import Category, Failure, Recovery
from contexten.rulebook import DEFAULT_BOOK
from contexten.snapshot import Snapshot
from contexten.standing import Standing

DEADLINE = DEFAULT_BOOK.rule_for("github.post_comment").deadline
COMMENT = Call("github.post_comment", 1, NOON, repository="Octo/Hello")
REACTION = Call("github.add_reaction", 2, NOON - 2 * DEADLINE)
dice = st.floats(0, 1, exclude_max=True)


def github(**standing: object) -> Snapshot:
    """What is in force, with GitHub's gate as given."""
    return Snapshot(gates={"github": Standing(**standing)})  # type: ignore[arg-type]


def said(call: Call, snapshot: Snapshot, at: float = 0, dice: float = 0.0) -> str:
    """How and why, in one line."""
    found = admission(call, snapshot, seconds(at), dice)
    return f"{found.how}: {found.because}"


def test_what_nothing_is_against_goes_out() -> None:
    assert admission(COMMENT, Snapshot(), NOON, 0.5) == OUT


def test_each_reason_goes_before_the_next() -> None:
    everything = replace(
        github(held="held", shut={"write": None}, limited={"write": seconds(60)}),
        level=Level.ESSENTIAL,
        paused={"octo/hello": "moving"},
    )
    late = replace(COMMENT, attempt=2, scheduled_at=NOON - 2 * DEADLINE)

    assert said(REACTION, everything) == "skipped: at level essential it is left out"
    assert said(late, everything) == "expired: its deadline of 1d is over"
    assert said(COMMENT, everything) == "parked: held"
    everything = replace(everything, gates={"github": replace(github(
        shut={"write": None}, limited={"write": seconds(60)}).gate("github"))})  # fmt: skip
    assert said(COMMENT, everything) == "parked: Octo/Hello: moving"
    everything = replace(everything, paused={})
    assert said(COMMENT, everything) == "parked: at level essential it waits"
    everything = replace(everything, level=Level.LIMITED)
    assert said(COMMENT, everything) == "parked: github limits us until 12:01:00"
    assert said(COMMENT, everything, 60) == "parked: the breaker of github's write is open"
    assert said(replace(COMMENT, operation="github.read_file"), everything) == "out: "


def test_what_is_essential_goes_out_at_essential_and_waits_at_maintenance() -> None:
    essential = replace(COMMENT, priority=1)

    assert said(essential, Snapshot(level=Level.ESSENTIAL)) == "out: "
    assert said(essential, Snapshot(level=Level.MAINTENANCE)).startswith("parked")


def test_where_a_person_wants_no_breaker_to_refuse_none_does() -> None:
    lenient = github(shut={"write": None}, lenient=True)

    assert admission(COMMENT, lenient, NOON, 0) == OUT


@given(dice)
def test_a_held_call_comes_back_within_seconds_and_they_are_spread(dice: float) -> None:
    pause = admission(COMMENT, github(held="x"), NOON, dice).pause

    assert timedelta(seconds=1) <= pause <= HELD_FOR
    assert pause == timedelta(seconds=1) + timedelta(seconds=3) * dice


@given(st.floats(0.001, 3600), dice)
def test_after_a_limit_all_come_back_later_than_it_says_and_not_together(
    left: float, dice: float
) -> None:
    pause = pause_until(seconds(left), NOON, dice)

    assert timedelta(seconds=left) <= pause
    assert pause <= timedelta(seconds=left) + SHUT_FOR


@pytest.mark.parametrize(
    ("opens_at", "expected"),
    [(None, 1.5), (seconds(-5), 1.5), (seconds(10), 10.5), (seconds(900), 30.5)],
)
def test_a_shut_group_is_asked_for_again_when_it_may_open_and_at_least_now_and_then(
    opens_at: datetime | None, expected: float
) -> None:
    found = admission(COMMENT, github(shut={"write": opens_at}), NOON, 0.5)

    assert found.pause.total_seconds() == expected


def test_no_call_is_parked_for_no_time_at_all() -> None:
    found = admission(COMMENT, github(limited={"write": seconds(1e-6)}), NOON, 0)

    assert found.pause == NEVER_SOONER


def test_time_in_a_held_queue_and_time_parked_do_not_count() -> None:
    call = replace(COMMENT, tries=Tries(parked=2, parked_for=timedelta(seconds=7)))
    held = Standing(spans=((seconds(-30), seconds(10)), (seconds(50), None)))

    assert elapsed(call, held, seconds(60)) == timedelta(seconds=60 - 10 - 10 - 7)
    assert elapsed(call, held, seconds(5)) == timedelta(0)


def test_a_call_that_was_held_past_its_deadline_still_goes_out() -> None:
    waited = replace(COMMENT, attempt=2, tries=Tries(parked=1))
    after = DEADLINE.total_seconds() + 3600
    snapshot = github(spans=((seconds(10), seconds(after - 10)),))

    assert admission(waited, snapshot, seconds(after), 0) == OUT
    assert admission(waited, Snapshot(), seconds(after), 0).how is Admitted.EXPIRED


def test_a_first_attempt_is_made_however_late_its_worker_was() -> None:
    assert admission(COMMENT, Snapshot(), NOON + 3 * DEADLINE, 0) == OUT


def test_the_budget_is_asked_last_and_only_of_repetitions() -> None:
    gate, snapshot = PlatformGate("github"), github(lenient=True)
    broken = Failure(Category.SERVER_ERROR, Recovery.BACK_OFF, "ServerError", "503")
    for _ in range(50):
        gate.failed(COMMENT, broken, timedelta(0), snapshot, NOON)
    again = replace(COMMENT, attempt=2, tries=Tries().and_failed(Category.SERVER_ERROR))

    made = [gate.admission(again, snapshot, NOON, 0.5) for _ in range(20)]

    assert [one.how for one in made] == [Admitted.OUT] * 10 + [Admitted.PARKED] * 10
    assert made[-1].because == "the retry budget of github is used up"
    assert gate.admission(COMMENT, snapshot, NOON, 0.5) == OUT
