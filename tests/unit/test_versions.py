"""Every version of the rule book says who made it, and one can go back to it."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contexten.bounds import OutOfBounds
from contexten.rulebook import DEFAULT_BOOK, Edit, book_of
from contexten.versions import (
    MOST_DIFFERENCES,
    MOST_VERSIONS,
    History,
    NoSuchVersion,
    history_as_json,
    history_from_json,
    version_number,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CHANGES = st.dictionaries(
    st.sampled_from(["slack.base_delay", "slack.max_delay", "github.redeliver.deadline"]),
    st.sampled_from(["11s", "12s", "13s", "default"]),
    min_size=1,
)


def after(*edits: dict[str, str]) -> History:
    """The history of *edits*; those that are refused leave it as it is."""
    history = History()
    for hour, changes in enumerate(edits):
        try:
            history = history.edited(Edit("ann", "a try", changes), NOON + timedelta(hours=hour))
        except ValueError:
            continue
    return history


def test_a_version_says_who_changed_what_why_and_when() -> None:
    history = after({"slack.base_delay": "2s"})
    (made,) = history.versions

    assert (made.version, made.by, made.why, made.at) == (2, "ann", "a try", NOON)
    assert made.changed == {"slack.base_delay": ("default", "2s")}
    assert history.book.version == 2


def test_an_edit_that_changes_nothing_is_no_version() -> None:
    history = after({"slack.base_delay": "2s"}, {"slack.base_delay": "2s"})

    assert history.book.version == 2
    assert len(history.versions) == 1


@settings(deadline=None)
@given(st.lists(CHANGES, min_size=1, max_size=12), st.data())
def test_a_rollback_is_a_new_version_equal_to_the_old_one(
    edits: list[dict[str, str]], data: st.DataObject
) -> None:
    books = {1: DEFAULT_BOOK}
    for many in range(1, len(edits) + 1):
        book = after(*edits[:many]).book
        books[book.version] = book
    history = after(*edits)
    wanted = data.draw(st.sampled_from(sorted(books)))

    back = history.rolled_back(wanted, "bob", "it was better", NOON)

    assert back.book.retry == books[wanted].retry
    assert back.book.changes == books[wanted].changes
    same = books[wanted].changes == history.book.changes
    assert back.book.version == history.book.version + (not same)
    assert back.at(back.book.version).changes == back.book.changes


def test_a_rollback_says_where_it_went_back_to() -> None:
    history = after({"slack.base_delay": "2s"}, {"slack.base_delay": "3s"})
    made = history.rolled_back(2, "bob", "it was better", NOON).versions[-1]

    assert (made.version, made.restores, made.by) == (4, 2, "bob")
    assert made.changed == {"slack.base_delay": ("3s", "2s")}


@pytest.mark.parametrize("version", [None, "2", True, 2.0])
def test_a_version_is_a_whole_number(version: object) -> None:
    with pytest.raises(NoSuchVersion, match="a version is a whole number"):
        after({"slack.base_delay": "2s"}).rolled_back(version, "bob", "a try", NOON)


def test_one_cannot_go_back_to_what_is_out_of_bounds_by_now() -> None:
    once = book_of(2, {"slack.base_delay": "31s", "slack.max_delay": "30s"})
    history = History(once).edited(Edit("ann", "a try", {"slack.max_delay": "1m"}), NOON)

    with pytest.raises(OutOfBounds):
        history.rolled_back(2, "bob", "a try", NOON)


def test_the_book_before_all_that_is_kept_is_the_oldest_one_can_compare_with() -> None:
    history = after({"slack.base_delay": "2s"}, {"slack.base_delay": "3s"})

    assert history.oldest_from(2).changes == {"slack.base_delay": "2s"}
    assert history.oldest_from(-5).changes == {}


@pytest.mark.parametrize(
    ("data", "version"), [(2, 2), (0, 9), (10, 9), (True, 9), ("2", 9), (None, 9), (9, 9)]
)
def test_a_version_that_is_none_is_the_newest(data: object, version: int) -> None:
    assert version_number(data, 9) == version


@pytest.mark.parametrize("version", [0, -1, 3, 10**30])
def test_one_cannot_go_back_to_what_never_was(version: int) -> None:
    with pytest.raises(NoSuchVersion, match="only 1 to 2"):
        after({"slack.base_delay": "2s"}).rolled_back(version, "bob", "a try", NOON)


def test_a_rollback_says_who_and_why() -> None:
    with pytest.raises(ValueError, match="a change says 'why'"):
        after({"slack.base_delay": "2s"}).rolled_back(1, "bob", "", NOON)


def test_only_the_newest_versions_are_kept_and_reached() -> None:
    history = after(*({"slack.base_delay": f"{n}ms"} for n in range(10, 130)))
    oldest = history.versions[0].version

    assert len(history.versions) == MOST_VERSIONS
    assert history.at(oldest - 1).changes == {"slack.base_delay": f"{oldest + 7}ms"}
    with pytest.raises(NoSuchVersion):
        history.at(oldest - 2)


def test_versions_that_change_much_are_kept_for_less_long() -> None:
    rules = [f"{name}.{field}" for name in ("github", "linear", "slack") for field in FIELDS]
    edits = [dict.fromkeys(rules, f"{n}ms") for n in range(10, 110)]
    history = after(*edits)
    weight = sum(len(one.changed) for one in history.versions)

    assert history.book.version == 101
    assert MOST_DIFFERENCES - 60 < weight <= MOST_DIFFERENCES
    assert len(json.dumps(history_as_json(history))) < 500_000


FIELDS = [
    f"{part}{name}"
    for part in ("", "transient.", "server_error.", "unknown.", "authentication.", "fatal.")
    for name in ("base_delay", "max_delay")
]


def test_how_waiting_calls_were_reached_is_written_beside_the_version() -> None:
    history = after({"slack.base_delay": "2s"}, {"slack.base_delay": "3s"})

    told = history.reached(2, "3 calls moved")

    assert [one.reached for one in told.versions] == ["3 calls moved", ""]


@settings(deadline=None)
@given(st.lists(CHANGES, max_size=8))
def test_a_history_goes_through_json_and_comes_back_equal(edits: list[dict[str, str]]) -> None:
    history = after(*edits)
    if edits and history.versions:
        history = history.reached(2, "one call").rolled_back(1, "bob", "a try", NOON)

    assert history_from_json(json.loads(json.dumps(history_as_json(history)))) == history


@pytest.mark.parametrize("data", [None, 7, [], {}, {"book": None, "versions": {}}])
def test_what_is_no_history_is_an_empty_one(data: object) -> None:
    assert history_from_json(data) == History()


@pytest.mark.parametrize(
    "version", [None, 7, {}, {"at": "noon", "changed": {}}, {"at": 5, "changed": {"a": 1}}]
)
def test_versions_before_one_that_cannot_be_read_are_forgotten(version: object) -> None:
    edits = [{"slack.base_delay": f"{n}s"} for n in (2, 3, 4)]
    data = history_as_json(after(*edits))
    data["versions"][1] = version
    read = history_from_json(data)

    assert read.book.version == 4
    assert [one.version for one in read.versions] == [4]
