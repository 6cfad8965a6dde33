"""The course of an outage is read off what was sent, what took effect and what was counted."""

import math

import pytest

from bench.course import Course, Sample, counted_by

BROKE, HEALED = 10.0, 20.0


def course(
    effects: dict[int, list[float]], samples: list[Sample] | None = None, deliveries: int = 30
) -> Course:
    """One delivery a second from second 0 on."""
    sent = {number: float(number) for number in range(deliveries)}
    return Course(sent, effects, samples or [Sample(0.0, 0)], BROKE, HEALED)


PARKED = {n: [n + 0.1] for n in range(10)} | {n: [25 + (n - 10) * 0.5] for n in range(10, 30)}
"""Nothing is good from second 10 to 25; then two a second."""


def test_what_was_counted_between_two_samples_is_in_proportion() -> None:
    samples = [Sample(1.0, 10), Sample(2.0, 20)]

    assert [counted_by(samples, at) for at in (0.0, 1.0, 1.5, 2.0, 9.0)] == [10, 10, 15, 20, 20]


def test_load_is_calls_for_each_delivery_of_that_time() -> None:
    seen = course({}, [Sample(0.0, 0), Sample(10.0, 10), Sample(20.0, 40)])

    assert seen.load_ratio(BROKE, HEALED) == 3
    assert seen.usual == 1


def test_no_load_is_told_of_a_time_without_deliveries() -> None:
    assert math.isnan(course({}).load_ratio(100.0, 200.0))


def test_the_peak_is_sought_only_once_all_is_well_again() -> None:
    samples = [Sample(0.0, 0), Sample(1.0, 500), Sample(20.0, 500), Sample(21.0, 507)]

    seen = course({}, [*samples, Sample(22.0, 510)])
    assert (seen.peak, seen.usual_peak) == (7, 500)


def test_a_delivery_waits_from_its_sending_to_its_effect() -> None:
    seen = course({0: [0.5], 1: [9.0]}, deliveries=3)

    assert [seen.waiting(at) for at in (0.0, 0.6, 1.0, 9.5)] == [1, 0, 1, 1]


def test_the_first_good_call_is_one_after_the_recovery() -> None:
    seen = course(PARKED)

    assert seen.first_good_at == 25.0
    assert seen.backlog == 15


def test_the_backlog_is_drained_when_no_more_wait_than_usual() -> None:
    samples = [Sample(0.0, 0), Sample(10.0, 10)]

    assert course(PARKED, samples).drained_at == 34.0


def test_what_never_came_back_has_no_time() -> None:
    seen = course({0: [0.1]})

    assert math.isnan(seen.first_good_at)
    assert math.isnan(seen.drained_at)


@pytest.mark.parametrize(("times", "lost"), [([5.0], 0), ([], 1), ([5.0, 6.0], 1)])
def test_a_delivery_is_lost_unless_it_took_effect_once(times: list[float], lost: int) -> None:
    effects = {0: times} if times else {}

    assert course(effects, deliveries=1).lost == lost
