"""What workers know of a gate is what it was, and a memo that is none is refused."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from gates import NOON, RULES, Story, bad, seconds
from hypothesis import given
from hypothesis import strategies as st

from contexten.breaker import Forced
from contexten.gate import Batch, Gate
from contexten.orders import Pause
from contexten.standing import OPEN, Standing, next_due, rate, standing, understood

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def told(gate: Gate, at: float = 0) -> Standing:
    """What workers understand of *gate*, once it went through a memo."""
    return understood(json.loads(json.dumps(standing(gate, RULES, seconds(at)))))


def test_an_open_gate_is_nothing_to_know() -> None:
    assert told(Gate()) == Standing()
    assert rate(Gate(), RULES, NOON) == OPEN


def test_a_held_gate_says_why_and_that_news_are_waited_for() -> None:
    known = told(Story().opened().gate)

    assert known.held == "breaker open: 3 failures in a row; probes at 12:01:00"
    assert known.watched
    assert known.shut == {}  # the queue itself is slow enough
    assert told(Story().probing().gate).held == "breaker half open: probing"


def test_a_trickle_is_watched_a_ramp_is_not_and_both_have_a_pace() -> None:
    trickling, ramping = told(Story().trickling().gate, 61), told(Story().ramping().gate, 62)

    assert (trickling.held, trickling.watched, trickling.rate) == (None, True, 2.0)
    assert (ramping.held, ramping.watched, ramping.rate) == (None, False, 2.0)


def test_a_group_that_is_shut_is_told_with_its_time() -> None:
    known = told(Story().told(bad(3, "write", whole=False), 0).gate)

    assert known.shut == {"write": seconds(60)}
    assert (known.held, known.watched, known.version) == (None, True, 1)


@pytest.mark.parametrize("forced", Forced)
def test_workers_are_lenient_where_a_person_wants_it(forced: Forced) -> None:
    known = told(Gate().forced(forced, NOON))

    assert known.lenient == (forced is not Forced.OPEN)
    assert known.held == ("breaker forced open" if forced is Forced.OPEN else None)
    assert known.watched == (forced is Forced.OPEN)


def test_limits_and_spans_arrive_as_they_were() -> None:
    gate = Gate().reported(Batch(limited={"read": seconds(30)}), RULES, NOON)
    gate = gate.spanned(held=True, now=NOON).spanned(held=False, now=seconds(5))
    gate = gate.spanned(held=True, now=seconds(9))
    known = told(gate)

    assert known.limited == {"read": seconds(30)}
    assert known.spans == ((NOON, seconds(5)), (seconds(9), None))


def test_a_pause_without_an_end_says_none() -> None:
    gate = replace(Gate(), paused=Pause("ada", "", NOON))

    assert rate(gate, RULES, NOON).because == "paused by ada"
    assert next_due(gate, RULES, NOON) is None


def test_a_breaker_that_only_a_person_can_close_says_no_time() -> None:
    known = standing(Gate().forced(Forced.OPEN, NOON), RULES, NOON)

    assert {one["until"] for one in known["breakers"].values()} == {None}


def test_what_is_due_next_is_the_earliest_of_all() -> None:
    limits = Batch(limited={"read": seconds(30)})
    story = Story().told(limits, 0)
    assert next_due(story.gate, RULES, NOON) == seconds(30)

    story.told(bad(3, "write", whole=False), 0).told(Batch(limited={"read": seconds(99)}), 0)
    assert next_due(story.gate, RULES, NOON) == seconds(60)

    paused = replace(story.gate, paused=Pause("ada", "", NOON, seconds(7)))
    assert next_due(paused, RULES, NOON) == seconds(7)
    assert next_due(Story().trickling().gate, RULES, seconds(61)) == seconds(71)
    assert next_due(Story().ramping().gate, RULES, seconds(62)) == seconds(65)


@given(anything)
def test_what_is_no_standing_is_refused(said: Any) -> None:
    with pytest.raises(ValueError, match="not a gate's standing"):
        understood(said)


@given(st.sampled_from(sorted(standing(Gate(), RULES, NOON))), anything)
def test_a_standing_with_something_odd_in_it_is_understood_or_refused(name: str, odd: Any) -> None:
    said = standing(Story().opened().gate, RULES, NOON) | {name: odd}

    try:
        assert isinstance(understood(said), Standing)
    except ValueError:
        assert name in ("version", "rate", "breakers", "limited", "spans")


def test_times_that_cannot_be_read_are_left_out() -> None:
    said = standing(Gate(), RULES, NOON)
    said["limited"] = {"read": "soon", "write": NOON.isoformat(), "search": "2026-01-01T12:00"}
    said["spans"] = [["then", None], [NOON.isoformat(), "whenever"]]

    known = understood(said)

    assert known.limited == {"write": NOON}
    assert known.spans == ((NOON, None),)


def test_what_is_due_is_never_waited_for_twice() -> None:
    gate, now = Story().opened().gate, NOON
    for _ in range(20):
        due = next_due(gate, RULES, now)
        if due is None:
            break
        assert due > now
        gate, now = gate.tick(RULES, due).probes_taken(), due
    assert now - NOON >= timedelta(minutes=15)
