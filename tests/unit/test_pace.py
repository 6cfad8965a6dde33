"""Work returns no faster than its usual pace allows, which is learnt while all is well."""

from datetime import timedelta

import pytest
from gates import NOON, seconds
from hypothesis import given
from hypothesis import strategies as st

from contexten.pace import BUCKET, Pace, RampRule

RULE = RampRule()
usual = st.floats(0, 10_000)


@given(usual, st.floats(0, 600), st.floats(0, 600))
def test_a_ramp_never_gets_slower(usual: float, one: float, other: float) -> None:
    earlier, later = sorted((one, other))

    assert RULE.rate(usual, NOON, seconds(earlier)) <= RULE.rate(usual, NOON, seconds(later))


@given(usual, st.floats(-10, 1e9))
def test_a_ramp_stays_below_twice_the_usual_pace_or_what_is_always_allowed(
    usual: float, at: float
) -> None:
    allowed = RULE.rate(usual, NOON, seconds(at))

    assert 0 < allowed <= max(RULE.least, usual * 1.9)


@given(usual)
def test_a_ramp_ends_at_its_most_within_four_doublings_of_an_eighth(usual: float) -> None:
    most = max(RULE.least, usual * RULE.most_ratio)

    assert RULE.rate(usual, NOON, NOON + 4 * RULE.doubles_every) == most


def test_in_no_second_of_a_ramp_go_out_twice_as_many_as_usual() -> None:
    begun = 100.0
    went = [RULE.rate(begun, NOON, seconds(tenth / 10)) / 10 for tenth in range(600)]

    assert max(sum(went[n : n + 10]) for n in range(590)) < 2 * begun


def test_the_usual_pace_is_learnt_and_follows_slowly() -> None:
    pace = Pace()
    for n in range(30):
        pace = pace.counting(50, seconds(10 * n))
    assert pace.usual == pytest.approx(5)

    pace = pace.counting(500, seconds(300)).counting(0, seconds(310))

    assert pace.usual == pytest.approx(5 * 0.7 + 50 * 0.3)


def test_within_a_bucket_calls_are_only_counted() -> None:
    pace = Pace().counting(1, NOON).counting(2, seconds(1)).counting(3, seconds(9.9))

    assert pace == Pace(0.0, 6, NOON)


def test_of_a_long_silence_nothing_is_concluded() -> None:
    pace = Pace(7.0, 5, NOON)
    long_after = NOON + 30 * BUCKET + timedelta(seconds=1)

    assert pace.counting(2, long_after) == Pace(7.0, 2, long_after)
