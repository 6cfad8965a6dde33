"""Pauses grow, end, and are spread evenly; each category of failures has its own rule."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contexten.errors import Category
from contexten.retry import CATEGORIES, CategoryChange, CategoryRule, RetryRule, fewer, wait_before

RULE = CategoryRule(base_delay=timedelta(seconds=1), max_delay=timedelta(seconds=30))
THROWS = 2_000
KOLMOGOROV_SMIRNOV_AT_ONE_IN_A_MILLION = 2.69


def test_the_longest_pause_doubles_up_to_the_cap() -> None:
    almost_one = 1 - 1e-9
    pauses = [round(wait_before(n, RULE, almost_one).total_seconds()) for n in range(2, 9)]

    assert pauses == [1, 2, 4, 8, 16, 30, 30]


def test_full_jitter_is_uniform_from_nothing_to_the_longest_pause() -> None:
    thrown = random.Random(7)
    pauses = sorted(wait_before(4, RULE, thrown.random()).total_seconds() for _ in range(THROWS))
    shares = [pause / 4 for pause in pauses]  # the third pause is 4 s at most

    furthest = max(
        max((n + 1) / THROWS - share, share - n / THROWS) for n, share in enumerate(shares)
    )

    assert furthest * THROWS**0.5 < KOLMOGOROV_SMIRNOV_AT_ONE_IN_A_MILLION


@given(
    attempt=st.integers(2, 10_000),
    dice=st.floats(0, 1, exclude_max=True),
    coefficient=st.floats(1, 10),
    base=st.timedeltas(timedelta(0), timedelta(hours=1)),
)
def test_no_pause_is_negative_or_past_the_cap(
    attempt: int, dice: float, coefficient: float, base: timedelta
) -> None:
    rule = CategoryRule(0, base, coefficient, timedelta(days=1))

    assert timedelta(0) <= wait_before(attempt, rule, dice) <= rule.max_delay


@pytest.mark.parametrize(("attempt", "dice"), [(1, 0.5), (0, 0.5), (2, 1.0), (2, -0.1)])
def test_there_is_no_pause_before_the_first_try_or_beyond_the_dice(
    attempt: int, dice: float
) -> None:
    with pytest.raises(ValueError, match="no pause before"):
        wait_before(attempt, RULE, dice)


def test_each_category_has_the_attempts_that_make_sense_for_it() -> None:
    attempts = {str(one): RetryRule().for_category(one).attempts for one in Category}

    assert attempts == {
        "transient": 0,
        "authentication": 2,
        "client_error": 1,
        "server_error": 0,
        "fatal": 1,
        "unknown": 5,
    }


def test_a_category_has_what_its_rule_has_unless_it_has_its_own() -> None:
    own = {Category.UNKNOWN: CategoryChange(max_delay=timedelta(minutes=5))}
    rule = RetryRule(base_delay=timedelta(seconds=3), backoff_coefficient=3, categories=own)

    assert rule.for_category(Category.UNKNOWN) == CategoryRule(
        5, timedelta(seconds=3), 3, timedelta(minutes=5)
    )
    assert rule.for_category(Category.FATAL).max_delay == rule.max_delay


@pytest.mark.parametrize(
    ("one", "other", "less"), [(0, 0, 0), (0, 3, 3), (3, 0, 3), (2, 3, 2), (3, 2, 2)]
)
def test_no_limit_gives_way_to_a_limit(one: int, other: int, less: int) -> None:
    assert fewer(one, other) == less


def test_what_we_ship_names_every_category() -> None:
    assert set(CATEGORIES) == set(Category)
