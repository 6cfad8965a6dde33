"""Repetitions are free while most calls end well, and a tenth of the load where they do not."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from contexten.budget import Budget, BudgetRule

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
RULE = BudgetRule()
APART = timedelta(milliseconds=100)


def failing(calls: int = 20) -> Budget:
    """The budget of a platform of which *calls* calls failed at noon."""
    budget = Budget()
    for _ in range(calls):
        budget = budget.failed(RULE, NOON)
    return budget


def taken(budget: Budget, now: datetime = NOON) -> tuple[Budget, int]:
    """How many repetitions can be had of *budget* at once."""
    times = 0
    while (asked := budget.retry(RULE, now))[1] and times < 1000:
        budget, times = asked[0], times + 1
    return budget, times


def load(
    fails: Callable[[Random], bool], calls: int, dice: Random, attempts: int = 3
) -> tuple[int, Budget]:
    """How many requests go out for *calls* calls, each repeated while it fails and may be."""
    budget, now, requests = Budget(), NOON, 0
    for _ in range(calls):
        now += APART
        for attempt in range(1, attempts + 1):
            if attempt > 1:
                budget, may_retry = budget.retry(RULE, now)
                if not may_retry:
                    break
            requests += 1
            if not fails(dice):
                budget = budget.succeeded(RULE, now)
                break
            budget = budget.failed(RULE, now)
    return requests, budget


def test_repetitions_are_free_before_anything_is_known() -> None:
    assert Budget().retry(RULE, NOON) == (Budget(), True)


def test_repetitions_are_free_while_most_calls_end_well() -> None:
    budget = failing(19)
    for _ in range(20):
        budget = budget.succeeded(RULE, NOON)

    assert budget.retry(RULE, NOON) == (budget, True)


def test_a_few_calls_say_nothing() -> None:
    assert failing(19).retry(RULE, NOON)[1]
    assert not failing(19).fails_broadly(RULE, NOON)
    assert failing(20).fails_broadly(RULE, NOON)


def test_a_platform_that_fails_broadly_gets_what_is_saved_up_and_no_more() -> None:
    empty, times = taken(failing())

    assert times == RULE.most
    assert not empty.retry(RULE, NOON)[1]


def test_ten_successes_pay_for_one_repetition() -> None:
    empty, _ = taken(failing(100))
    for _ in range(9):
        empty = empty.succeeded(RULE, NOON)

    assert not empty.retry(RULE, NOON)[1]
    assert taken(empty.succeeded(RULE, NOON))[1] == 1


def test_no_more_is_saved_up_than_the_rule_says() -> None:
    budget = failing(1000)
    for _ in range(500):
        budget = budget.succeeded(RULE, NOON)

    assert taken(budget)[1] == RULE.most


def test_a_rule_that_saves_less_takes_the_rest_away() -> None:
    less = BudgetRule(most=0.5)

    assert not failing().retry(less, NOON)[1]
    assert failing().failed(less, NOON).tokens == 0.5


@pytest.mark.parametrize("ago", [RULE.window / 2, RULE.window - timedelta(microseconds=1)])
def test_failures_within_the_window_count(ago: timedelta) -> None:
    assert failing().fails_broadly(RULE, NOON + ago)
    assert failing().failed(RULE, NOON + ago).fails_broadly(RULE, NOON + ago)


def test_failures_before_the_window_are_forgotten() -> None:
    assert not failing().fails_broadly(RULE, NOON + RULE.window)
    assert not failing().failed(RULE, NOON + RULE.window).fails_broadly(RULE, NOON + RULE.window)


def test_where_everything_fails_the_load_is_that_of_no_repetitions() -> None:
    calls = 10_000
    requests, _ = load(lambda dice: True, calls, Random(1))
    free_and_saved = RULE.minimum_calls + RULE.most

    assert requests <= calls + free_and_saved
    assert requests <= 1.1 * calls


@pytest.mark.parametrize("rate", [0.6, 0.7, 0.9, 0.99])
def test_where_most_fails_repetitions_add_a_tenth_at_most(rate: float) -> None:
    calls = 10_000
    requests, _ = load(lambda dice: dice.random() < rate, calls, Random(1))

    assert requests <= 1.1 * calls + RULE.minimum_calls + RULE.most


def test_where_a_third_fails_nearly_all_calls_get_through() -> None:
    calls = 10_000
    requests, budget = load(lambda dice: dice.random() < 0.3, calls, Random(1))

    assert requests <= 1.4 * calls
    assert budget.retry(RULE, NOON)[1]
