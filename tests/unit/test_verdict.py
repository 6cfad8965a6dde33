"""After a failure it is tried again as its category says, and never past its deadline."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contexten.calls import Tries
from contexten.errors import Category, Failure, Recovery, recovery_from
from contexten.retry import CategoryChange, RetryRule
from contexten.verdict import AT_ONCE, Next, after

RULE = RetryRule()
NONE = timedelta(0)
SECOND = timedelta(seconds=1)
dice = st.floats(0, 1, exclude_max=True)
categories = st.sampled_from(Category)


def failure(
    category: Category, retry_after: timedelta | None = None, *, limited: bool = False
) -> Failure:
    recovery = recovery_from(category, limited=limited)
    return Failure(category, recovery, "X", "x", retry_after=retry_after, limited=limited)


def follows(
    category: Category, failed: int = 1, rule: RetryRule = RULE, elapsed: timedelta = NONE
) -> Next:
    """What follows the so manieth failure of *category*."""
    return after(failure(category), Tries({category: failed}), rule, elapsed, 0.5)


@pytest.mark.parametrize(
    ("category", "attempts"),
    [
        (Category.TRANSIENT, None),
        (Category.SERVER_ERROR, None),
        (Category.UNKNOWN, 5),
        (Category.AUTHENTICATION, 2),
        (Category.CLIENT_ERROR, 1),
        (Category.FATAL, 1),
    ],
)
def test_each_category_is_tried_so_often(category: Category, attempts: int | None) -> None:
    more = [follows(category, n).pause is not None for n in range(1, 50)]

    assert more == [attempts is None or n < attempts for n in range(1, 50)]


def test_credentials_are_renewed_once_and_the_call_is_made_at_once_again() -> None:
    first, second = (follows(Category.AUTHENTICATION, n) for n in (1, 2))

    assert first == Next(AT_ONCE, "reauthenticate", renewed=True)
    assert second == Next(None, "2 of 2 attempts failed so")


def test_a_refused_key_that_names_a_time_is_asked_again_then() -> None:
    refused = failure(Category.AUTHENTICATION, 5 * SECOND)

    pause = after(refused, Tries({"authentication": 1}), RULE, NONE, 0.0).pause

    assert pause == 5 * SECOND


def test_what_is_fatal_is_not_repeated_whatever_a_rule_says() -> None:
    patient = replace(RULE, categories={Category.FATAL: CategoryChange(attempts=9)})

    assert follows(Category.FATAL, rule=patient).because == "no repetition changes that"


def test_all_attempts_together_have_a_most_and_parked_ones_are_none_of_them() -> None:
    rule = replace(RULE, maximum_attempts=3)
    tries = Tries({"transient": 1, "server_error": 1}, parked=99)
    broken = failure(Category.TRANSIENT)

    assert after(broken, tries, rule, NONE, 0.5).pause is not None
    assert after(broken, replace(tries, lost=1), rule, NONE, 0.5).because == (
        "3 of 3 attempts were made"
    )


@given(categories, st.integers(1, 40), dice, st.timedeltas(NONE, timedelta(days=2)))
def test_no_attempt_is_planned_that_could_only_begin_past_the_deadline(
    category: Category, failed: int, dice: float, elapsed: timedelta
) -> None:
    found = after(failure(category), Tries({category: failed}), RULE, elapsed, dice)

    assert found.pause is None or elapsed + found.pause < RULE.deadline


@given(st.integers(1, 2000), dice)
def test_pauses_are_anything_up_to_their_longest(failed: int, dice: float) -> None:
    tries = Tries({Category.TRANSIENT: failed})
    pause = after(failure(Category.TRANSIENT), tries, RULE, NONE, dice).pause

    longest = min(RULE.base_delay * 2 ** min(failed - 1, 30), RULE.max_delay)
    assert pause == max(longest * dice, AT_ONCE)


@given(st.timedeltas(SECOND, timedelta(hours=1)), st.integers(1, 9), dice, st.booleans())
def test_a_pause_the_platform_names_is_kept_in_full_and_those_who_wait_are_spread(
    named: timedelta, failed: int, dice: float, limited: bool
) -> None:
    broken = failure(Category.TRANSIENT, named, limited=limited)
    pause = after(broken, Tries({"transient": failed}), RULE, NONE, dice).pause

    longest = min(RULE.base_delay * 2 ** (failed - 1), RULE.max_delay)
    assert pause == named + longest * dice


def test_a_limit_is_no_failure_of_its_category() -> None:
    rule = replace(RULE, categories={Category.TRANSIENT: CategoryChange(attempts=2)})
    limit = failure(Category.TRANSIENT, SECOND, limited=True)

    found = after(limit, Tries({"transient": 50}), rule, NONE, 0.5)

    assert found.because == Recovery.BACK_OFF
    assert follows(Category.TRANSIENT, 2, rule).pause is None


def test_a_rule_of_a_category_paces_its_pauses() -> None:
    own = CategoryChange(base_delay=7 * SECOND, backoff_coefficient=1.0)
    rule = replace(RULE, categories={Category.SERVER_ERROR: own})

    assert follows(Category.SERVER_ERROR, 5, rule).pause == 3.5 * SECOND
