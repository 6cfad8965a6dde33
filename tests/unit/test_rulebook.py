"""The rule book takes only edits that stay in bounds, and everyone reads the same rules in it."""

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contexten import bounds, retry
from contexten.bounds import Bound, Count, Number, OutOfBounds, Span
from contexten.breaker import BreakerRule
from contexten.budget import BudgetRule
from contexten.durations import duration
from contexten.errors import Category
from contexten.operations import OPERATIONS, PLATFORMS
from contexten.retry import CategoryRule, RetryRule
from contexten.rulebook import (
    DEFAULT_BOOK,
    EXAMPLE,
    Edit,
    RuleBook,
    applied,
    as_json,
    book_of,
    differences,
    edit_from,
    edited,
    from_json,
)
from contexten.rulepath import NotInBook, fields_of, parts_of, path

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SCOPES = [*retry.QUEUES, *sorted(OPERATIONS)]
PATHS = [
    ".".join(filter(None, (scope, part, name)))
    for scope in SCOPES
    for part in ("", *parts_of(scope))
    for name in fields_of(scope, part)
]
WORDS = ["1s", "10ms", "1h", "30d", "0", "1", "2", "1000", "0.5", "1.5", "nan", "-1", "none"]
VALUES = st.sampled_from([*WORDS, "default", "", "inf", "1e9"]) | st.text(max_size=8)
EDITS = st.builds(
    Edit,
    by=st.just("test"),
    why=st.just("to see"),
    changes=st.dictionaries(st.sampled_from(PATHS), VALUES, min_size=1, max_size=5),
)


def changed(**changes: str) -> RuleBook:
    """The book we ship with *changes*, of which a path has ``__`` for its dots."""
    return edit_of({name.replace("__", "."): value for name, value in changes.items()})


def edit_of(changes: dict[str, str], book: RuleBook = DEFAULT_BOOK) -> RuleBook:
    return edited(book, Edit("ann", "to see", changes), NOON)


def or_unchanged(book: RuleBook, edit: Edit) -> RuleBook:
    """The book after *edit*; as it was, if that is refused."""
    try:
        return edited(book, edit, NOON)
    except ValueError:
        return book


def holds(bound: Bound, value: object) -> bool:
    """Whether *value* is within *bound*, told without reading or writing it."""
    if isinstance(bound, Span):
        if value is None:
            return bound.or_none
        return isinstance(value, timedelta) and (
            duration(bound.least) <= value <= duration(bound.most)
        )
    assert isinstance(bound, Count | Number)
    return isinstance(value, int | float) and bound.least <= value <= bound.most


def everything_holds(book: RuleBook) -> bool:
    """Whether every value of *book* is in its bounds."""
    found = []
    for rule in book.retry.values():
        found += [holds(bound, getattr(rule, name)) for name, bound in bounds.RETRY.items()]
        found.append(rule.attempt_timeout <= rule.deadline)
        for one in Category:
            part = rule.for_category(one)
            within = bounds.of_category(one).items()
            found += [holds(bound, getattr(part, name)) for name, bound in within]
            found.append(part.base_delay <= part.max_delay)
    for breaker in book.breakers.values():
        found += [holds(bound, getattr(breaker, name)) for name, bound in bounds.BREAKER.items()]
        found.append(breaker.recovery_timeout <= breaker.longest_timeout)
    for budget in book.budgets.values():
        found += [holds(bound, getattr(budget, name)) for name, bound in bounds.BUDGET.items()]
    return all(found)


@given(st.lists(EDITS, max_size=8))
def test_no_sequence_of_edits_leaves_the_bounds(edits: list[Edit]) -> None:
    book = DEFAULT_BOOK
    for edit in edits:
        book = or_unchanged(book, edit)

    assert everything_holds(book)


@given(st.lists(EDITS, max_size=5))
def test_a_book_goes_through_json_and_comes_back_equal(edits: list[Edit]) -> None:
    book = DEFAULT_BOOK
    for edit in edits:
        book = or_unchanged(book, edit)

    assert from_json(json.loads(json.dumps(as_json(book)))) == book


@given(st.sampled_from(PATHS), VALUES)
def test_a_value_is_kept_in_the_one_way_it_is_read(where: str, value: str) -> None:
    book = or_unchanged(DEFAULT_BOOK, Edit("test", "to see", {where: value}))

    for name, kept in book.changes.items():
        bound = path(name).bound
        assert bound.write(bound.read(kept)) == kept


def test_what_we_ship_is_in_its_own_bounds() -> None:
    assert everything_holds(DEFAULT_BOOK)
    assert DEFAULT_BOOK.version == 1
    bounds.agree(DEFAULT_BOOK.retry, DEFAULT_BOOK.breakers)


def test_what_we_ship_is_what_the_rules_declare() -> None:
    assert {name: DEFAULT_BOOK.rule_for(name) for name in retry.RULES} == retry.RULES
    assert RuleBook().rule_for("slack.post_message") == DEFAULT_BOOK.rule_for("slack")


@pytest.mark.parametrize(
    ("rule", "bounded"),
    [
        (RetryRule, {*bounds.RETRY, "not_worth_repeating", "categories"}),
        (CategoryRule, set(bounds.of_category(Category.FATAL))),
        (BreakerRule, set(bounds.BREAKER)),
        (BudgetRule, set(bounds.BUDGET)),
    ],
)
def test_every_field_of_a_rule_has_its_bounds(rule: type, bounded: set[str]) -> None:
    assert {one.name for one in fields(rule)} == bounded


def test_an_edit_makes_the_next_version() -> None:
    book = changed(slack__base_delay="2s", slack__breaker__failure_threshold="8")

    assert (book.version, book.since) == (2, NOON)
    assert book.rule_for("slack.post_message").base_delay == timedelta(seconds=2)
    assert book.breaker_for("slack").failure_threshold == 8
    assert book.breaker_for("github") == BreakerRule()


def test_an_operation_has_what_its_platform_has_until_it_has_its_own() -> None:
    book = changed(slack__post_message__server_error__attempts="5", slack__base_delay="2s")
    own, others = book.rule_for("slack.post_message"), book.rule_for("slack.read_user")

    assert own.for_category(Category.SERVER_ERROR).attempts == 5
    assert others.for_category(Category.SERVER_ERROR).attempts == 0
    assert own.base_delay == others.base_delay == timedelta(seconds=2)

    later = edit_of({"slack.base_delay": "3s", "slack.server_error.max_delay": "1m"}, book)

    assert later.rule_for("slack.post_message").for_category(Category.SERVER_ERROR) == (
        CategoryRule(5, timedelta(seconds=3), 2.0, timedelta(minutes=1))
    )


def test_what_we_ship_for_one_operation_outlives_an_edit_of_its_platform() -> None:
    book = changed(github__deadline="2d")

    assert book.rule_for("github.redeliver").deadline == timedelta(minutes=5)
    assert book.rule_for("github.read_file").deadline == timedelta(days=2)


def test_default_takes_an_edit_back() -> None:
    book = changed(slack__budget__ratio="0.2", slack__heartbeat_timeout="5s")
    back = edit_of({"slack.budget.ratio": "default", "slack.heartbeat_timeout": "none"}, book)

    assert book.budget_for("slack").ratio == 0.2
    assert back.budget_for("slack") == BudgetRule()
    assert back.rule_for("slack").heartbeat_timeout is None
    assert back.version == 3


def test_an_edit_that_changes_nothing_makes_no_version() -> None:
    book = changed(slack__base_delay="2s")

    assert edit_of({"slack.base_delay": "2000ms"}, book) is book
    assert edit_of({"slack.max_delay": "default"}) is DEFAULT_BOOK


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        (
            "slack.base_delay",
            "2h",
            "slack.base_delay: 2h is out of bounds; it may be from 10ms",
        ),
        ("slack.fatal.attempts", "2", "slack.fatal.attempts: 2 is out of bounds; it may be only 1"),
        ("slack.backoff_coefficient", "0.5", "out of bounds; it may be 1 to 10"),
        ("slack.maximum_attempts", "1001", "out of bounds; it may be 0 to 1000"),
        ("github.budget.ratio", "0.9", "github.budget.ratio: 0.9 is out of bounds"),
        ("slack.base_delay", "40s", "which is more than its max_delay of 30s"),
        ("slack.deadline", "15s", "slack.attempt_timeout is 20s, which is more than its deadline"),
        ("slack.heartbeat_timeout", "30s", "more than its attempt_timeout of 20s"),
        ("github.attempt_timeout", "20m", "github.redeliver.attempt_timeout is 20m"),
        ("slack.breaker.recovery_timeout", "20m", "more than its longest_timeout of 10m"),
        ("slack.breaker.minimum_calls", "101", "minimum_calls is more than its count_window"),
    ],
)
def test_what_is_out_of_bounds_is_refused_with_the_bounds(
    where: str, value: str, said: str
) -> None:
    with pytest.raises(OutOfBounds) as refused:
        edit_of({where: value})

    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("", "a path begins with github, linear, slack, model, control"),
        ("slack", "there is no field '' here"),
        ("teams.base_delay", "a path begins with"),
        ("slack.colour", "there is no field 'colour' here, only base_delay"),
        ("slack.post_mesage.base_delay", "no 'post_mesage' here, only transient"),
        ("slack.post_message.breaker.probes", "there is no 'breaker' here"),
        ("control.budget.ratio", "there is no 'budget' here"),
        ("slack.post_message.fatal.unknown.attempts", "there is no 'fatal.unknown' here"),
        ("slack.breaker.base_delay", "there is no field 'base_delay' here, only failure_threshold"),
    ],
)
def test_what_is_not_in_the_book_is_refused_with_what_there_is(where: str, said: str) -> None:
    with pytest.raises(NotInBook) as refused:
        edit_of({where: "1s"})

    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        ("slack.base_delay", "2", "'2' is no duration; write it as 250ms"),
        ("slack.maximum_attempts", "few", "'few' is no whole number; it may be 0 to 1000"),
        ("slack.maximum_attempts", "9" * 5000, "is no whole number"),
        ("slack.backoff_coefficient", "nan", "'nan' is no number; it may be 1 to 10"),
        ("slack.base_delay", "none", "'none' is no duration"),
    ],
)
def test_what_cannot_be_read_is_refused(where: str, value: str, said: str) -> None:
    with pytest.raises(ValueError, match="slack") as refused:
        edit_of({where: value})

    assert said in str(refused.value)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    "edit",
    [
        Edit("", "because", {"slack.base_delay": "2s"}),
        Edit("ann", " ", {"slack.base_delay": "2s"}),
        Edit("ann", "because " * 100, {"slack.base_delay": "2s"}),
        Edit("ann", "because", {}),
        Edit("ann", "because", dict.fromkeys(PATHS[:65], "1s")),
    ],
)
def test_an_edit_says_who_and_why_and_not_too_much(edit: Edit) -> None:
    with pytest.raises(ValueError, match=r"1 to (64|80|500)"):
        edited(DEFAULT_BOOK, edit, NOON)


def test_what_older_code_does_not_know_is_kept_and_not_in_force() -> None:
    newer = {"slack.warmth": "5", "slack.base_delay": "2s", "slack.max_delay": "999d"}
    book = from_json({"version": 9, "changes": newer, "more": True, "since": "yesterday"})

    assert as_json(book)["changes"] == newer
    assert book.rule_for("slack") == edit_of({"slack.base_delay": "2s"}).rule_for("slack")
    assert (book.version, book.since) == (9, None)


@pytest.mark.parametrize(
    "data", [None, [], "x", {}, {"version": 0}, {"version": True}, {"version": "2"}]
)
def test_what_is_no_book_is_read_as_the_one_we_ship(data: object) -> None:
    assert from_json(data) == DEFAULT_BOOK


def test_changes_that_are_none_are_passed_over() -> None:
    assert from_json({"version": 2, "changes": [1]}).changes == {}
    assert from_json({"version": 2, "changes": {"slack.probes": 1}}).changes == {}


def test_what_was_let_in_once_stays_in_under_narrower_bounds() -> None:
    then = {"slack.base_delay": "2h", "slack.warmth": "5", "slack.max_delay": "60s"}
    book = applied(DEFAULT_BOOK, then, NOON)

    assert book.version == 2
    assert book.changes == {**then, "slack.max_delay": "1m"}
    assert everything_holds(book)
    assert applied(book, then, NOON) is book


@pytest.mark.parametrize(
    "data",
    [None, "x", [], {}, {"by": "a", "why": "b"}, {"by": 1, "why": "b", "changes": {}}],
)
def test_what_is_no_edit_is_refused_with_an_example(data: object) -> None:
    with pytest.raises(ValueError, match="an edit is written as"):
        edit_from(data)


def test_an_edit_is_read_as_its_example_has_it() -> None:
    wanted = edit_from(json.loads(EXAMPLE))

    assert wanted == Edit("ann", "Slack is slow", {"slack.base_delay": "2s"})
    assert edited(DEFAULT_BOOK, wanted, NOON).version == 2


def test_two_books_differ_by_what_each_says() -> None:
    one = book_of(2, {"slack.base_delay": "2s", "slack.max_delay": "1m"})
    other = book_of(3, {"slack.base_delay": "3s", "github.deadline": "2d", "slack.max_delay": "1m"})

    assert differences(one, other) == {
        "github.deadline": ("default", "2d"),
        "slack.base_delay": ("2s", "3s"),
    }


def test_each_platform_has_a_breaker_and_a_budget() -> None:
    assert set(DEFAULT_BOOK.breakers) == set(DEFAULT_BOOK.budgets) == set(PLATFORMS)
    assert DEFAULT_BOOK.breaker_for("elsewhere") == BreakerRule()
    assert DEFAULT_BOOK.budget_for("elsewhere") == BudgetRule()
