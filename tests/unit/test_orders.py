"""An order is read as people give it, and one that is none is refused in plain words."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contexten.orders import KEPT, Entry, Order, Pause, logged, order_of, subject_and_order

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    "arguments",
    [
        ("slow", "ada", "10m"),
        ({"because": "slow", "by": "ada", "for": "10m"},),
        ({"why": "slow", "who": "ada", "lasting": 600},),
        ("slow", {"by": "ada", "for": "600s"}),
    ],
)
def test_an_order_is_read_by_place_or_by_name(arguments: tuple[object, ...]) -> None:
    assert order_of(*arguments) == Order("ada", "slow", TEN_MINUTES)


@pytest.mark.parametrize("arguments", [(), (None,), ("", "", ""), ({},)])
def test_an_order_may_say_nothing(arguments: tuple[object, ...]) -> None:
    assert order_of(*arguments) == Order("operator", "", None)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("why", "ada", "soon"), "soon"),
        (("why", "ada", "-10m"), "-10m"),
        (("why", "ada", "0s"), "more than 0s"),
        (("why", "ada", "9999d"), "at most 366d"),
        (("why", "ada", ["10m"]), "as 10m"),
        (("why", "ada", True), "as 10m"),
        (("why", "ada", float("nan")), "nan"),
        (("why", 7), "by is text, not int"),
        (("why", "ada", "10m", "more"), "4 arguments"),
        (({"fro": "10m"},), "'fro'"),
    ],
)
def test_what_is_no_order_is_refused_with_a_reason(
    arguments: tuple[object, ...], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        order_of(*arguments)


def test_an_order_about_something_says_about_what() -> None:
    assert subject_and_order("level", "limited", "slow")[0] == "limited"
    assert subject_and_order("level", {"level": "limited", "by": "ada"})[1].by == "ada"
    with pytest.raises(ValueError, match="say which level"):
        subject_and_order("level")


def test_what_an_order_says_is_one_bounded_printable_line() -> None:
    said = order_of("\x1b[2J\nup \ud800" + "x" * 10_000)

    assert said.because.startswith("[2J up x")
    assert len(said.because) == 300
    assert said.because.isprintable()


@given(st.lists(anything, max_size=5))
def test_whatever_comes_is_an_order_or_refused(arguments: list[object]) -> None:
    try:
        found = order_of(*arguments)
    except ValueError as refusal:
        found = Order(because=str(refusal)[:5_000])

    assert found.because.encode().decode() == found.because
    assert (found.until(NOON) or NOON + timedelta(1)) > NOON


def test_a_log_keeps_the_latest_entries() -> None:
    log: tuple[Entry, ...] = ()
    for number in range(KEPT + 10):
        log = logged(log, Entry(NOON, f"order {number}"))

    assert len(log) == KEPT
    assert (log[0].what, log[-1].what) == ("order 10", f"order {KEPT + 9}")


def test_entries_and_pauses_survive_as_json() -> None:
    entry = Entry(NOON, "pause", "ada", "slow", "no")
    pause = Pause.of(Order("ada", "slow", TEN_MINUTES), NOON)

    assert Entry.from_json(json.loads(json.dumps(entry.as_json()))) == entry
    assert Pause.from_json(json.loads(json.dumps(pause.as_json()))) == pause


def test_a_pause_ends_when_its_time_is_over() -> None:
    pause = Pause.of(Order("ada", "slow", TEN_MINUTES), NOON)

    assert not pause.over(NOON + TEN_MINUTES - timedelta(microseconds=1))
    assert pause.over(NOON + TEN_MINUTES)
    assert not Pause.of(Order("ada"), NOON).over(NOON + timedelta(days=9999))
