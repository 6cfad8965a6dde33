"""A time is read with its zone or not at all, and spans are cut to what is asked for."""

from datetime import datetime
from typing import Any

import pytest
from gates import NOON, seconds
from hypothesis import given
from hypothesis import strategies as st

from contexten.times import Span, iso, moment, overlap


def test_a_time_is_read_as_it_was_written() -> None:
    assert moment(iso(NOON)) == NOON
    assert iso(None) is None


@pytest.mark.parametrize("said", [None, "", "noon", 7, "2026-01-01T12:00:00", ["x"], NOON])
def test_what_is_no_time_with_a_zone_is_none(said: Any) -> None:
    assert moment(said) is None


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ((), 0),
        (((seconds(-9), seconds(-1)),), 0),
        (((seconds(61), None),), 0),
        (((seconds(-9), None),), 60),
        (((seconds(10), seconds(20)), (seconds(50), None)), 20),
        (((seconds(-9), seconds(5)), (seconds(55), seconds(99))), 10),
    ],
)
def test_only_what_lies_between_counts(spans: tuple[Span, ...], expected: float) -> None:
    assert overlap(spans, NOON, seconds(60)).total_seconds() == expected


@given(st.lists(st.integers(0, 120), unique=True), st.integers(0, 120), st.integers(0, 120))
def test_it_is_what_one_counts_second_by_second(ends: list[int], one: int, other: int) -> None:
    since, until = sorted((one, other))
    pairs = list(zip(*[iter(sorted(ends))] * 2, strict=False))
    spans: tuple[Span, ...] = tuple((seconds(a), seconds(b)) for a, b in pairs)

    counted = sum(any(a <= n < b for a, b in pairs) for n in range(since, until))

    assert overlap(spans, seconds(since), seconds(until)).total_seconds() == counted


def test_a_span_that_is_not_over_lasts_to_the_end() -> None:
    open_: datetime | None = None

    assert overlap(((NOON, open_),), NOON, seconds(7)).total_seconds() == 7
