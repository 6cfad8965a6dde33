"""A call knows its group, and what became of its attempts before, whatever was remembered."""

import json
from datetime import timedelta
from typing import Any

import pytest
from gates import NOON
from hypothesis import given
from hypothesis import strategies as st

from contexten.calls import Call, Group, Tries, group_of
from contexten.errors import Category
from contexten.operations import OPERATIONS

SECOND = timedelta(seconds=1)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("operation", "group"),
    [
        ("github.read_file", Group.READ),
        ("linear.list_teams", Group.READ),
        ("x.get_y", Group.READ),
        ("github.search_issues", Group.SEARCH),
        ("github.post_comment", Group.WRITE),
        ("github.reader", Group.WRITE),
        ("github", Group.WRITE),
        ("", Group.WRITE),
    ],
)
def test_the_verb_says_the_group(operation: str, group: Group) -> None:
    assert group_of(operation) is group
    assert Call(operation, 1, NOON).group is group


def test_every_operation_has_a_group_and_a_platform() -> None:
    assert {group_of(one) for one in OPERATIONS} == set(Group)
    assert Call("slack.post_reply", 1, NOON).platform == "slack"


def test_what_became_of_attempts_is_counted_by_kind() -> None:
    tries = Tries().and_failed(Category.TRANSIENT).and_failed(Category.TRANSIENT)
    tries = tries.and_parked(SECOND).and_parked(2 * SECOND).and_failed(Category.FATAL)

    assert (tries.of(Category.TRANSIENT), tries.of(Category.FATAL)) == (2, 1)
    assert tries.of(Category.UNKNOWN) == 0
    assert (tries.made, tries.parked, tries.seen) == (3, 2, 5)
    assert tries.parked_for == 3 * SECOND


def test_attempts_of_which_nobody_told_were_lost() -> None:
    tries = Tries().and_failed(Category.TRANSIENT).and_parked(SECOND).up_to(5)

    assert (tries.lost, tries.made, tries.seen) == (2, 3, 4)
    assert tries.up_to(5) == tries
    assert tries.up_to(1) == tries


counts = st.integers(0, 10**6)


@given(
    st.dictionaries(st.sampled_from([str(c) for c in Category]), counts),
    counts,
    st.timedeltas(timedelta(0), timedelta(days=30)),
    counts,
)
def test_they_are_remembered_as_they_were(
    failed: dict[str, int], parked: int, parked_for: timedelta, lost: int
) -> None:
    tries = Tries(failed, parked, parked_for, lost)

    assert Tries.from_json(json.loads(json.dumps(tries.as_json()))) == tries


@given(anything)
def test_anything_else_that_was_remembered_is_nothing(said: Any) -> None:
    assert Tries.from_json(said) == Tries()


@pytest.mark.parametrize(
    "odd",
    [{"failed": {"dance": 1}}, {"parked": "x"}, {"parked_for_s": "inf"}, {"lost": None}],
)
def test_what_is_partly_odd_is_nothing(odd: dict[str, Any]) -> None:
    assert Tries.from_json(Tries().as_json() | odd) == Tries()
