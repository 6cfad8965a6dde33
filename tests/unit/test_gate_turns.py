"""What the engine hands out all at once goes out of a process one after another."""

from datetime import UTC, datetime, timedelta

import pytest

from activities.gate import PlatformGate
from contexten.gate import Gate, Rules
from contexten.standing import standing, understood

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_calls_that_come_together_wait_for_each_other() -> None:
    gate = PlatformGate("slack")

    turns = [gate.turn(20.0, NOON).total_seconds() for _ in range(4)]

    assert turns == pytest.approx([0.0, 0.05, 0.1, 0.15])


def test_a_call_after_a_lull_goes_out_at_once() -> None:
    gate = PlatformGate("slack")
    gate.turn(20.0, NOON)

    assert gate.turn(20.0, NOON + timedelta(seconds=3)) == timedelta(0)


def test_a_lull_is_not_made_up_for() -> None:
    gate = PlatformGate("slack")
    gate.turn(2.0, NOON)
    later = NOON + timedelta(minutes=1)

    assert [gate.turn(2.0, later).total_seconds() for _ in range(3)] == [0.0, 0.5, 1.0]


@pytest.mark.parametrize("rate", [None, 0.0])
def test_no_turn_is_waited_for_where_no_pace_is_set(rate: float | None) -> None:
    gate = PlatformGate("slack")

    assert [gate.turn(rate, NOON) for _ in range(3)] == [timedelta(0)] * 3


def test_a_worker_learns_the_pace_at_which_work_returns() -> None:
    ramping = Gate(ramping_since=NOON)

    assert understood(standing(ramping, Rules(), NOON)).rate == 2.0
    assert understood(standing(Gate(), Rules(), NOON)).rate is None
