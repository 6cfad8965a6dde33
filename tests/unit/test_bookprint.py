"""The book is shown whole, and its story fits on a page."""

from datetime import UTC, datetime

from contexten.bookprint import as_markdown, in_force
from contexten.rulebook import DEFAULT_BOOK, Edit, edited
from contexten.versions import History

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_every_value_in_force_can_be_written_back_and_changes_nothing() -> None:
    shown = [*in_force(DEFAULT_BOOK).items()]
    editable = {p: v for p, v in shown if not p.startswith("control.hasten")}
    book = DEFAULT_BOOK
    for start in range(0, len(editable), 50):
        some = dict([*editable.items()][start : start + 50])
        book = edited(book, Edit("ann", "to see", some), NOON)

    assert {name: book.rule_for(name) for name in DEFAULT_BOOK.retry} == DEFAULT_BOOK.retry
    assert (book.breakers, book.budgets) == (DEFAULT_BOOK.breakers, DEFAULT_BOOK.budgets)


def test_what_is_in_force_is_said_as_people_write_it() -> None:
    shown = in_force(DEFAULT_BOOK)

    assert shown["slack.deadline"] == "1d"
    assert shown["slack.authentication.attempts"] == "2"
    assert shown["github.list_failed_deliveries.heartbeat_timeout"] == "30s"
    assert shown["linear.budget.ratio"] == "0.1"


def test_the_page_says_what_changed_and_who_did_it() -> None:
    history = History().edited(Edit("ann", "a |try|", {"slack.base_delay": "2s"}), NOON)
    page = as_markdown(history.rolled_back(1, "bob", "it was better", NOON).reached(3, "2 moved"))

    assert "**Version 3**" in page
    assert "Everything is as it is shipped." in page
    assert "- 2: 2026-01-01 12:00 UTC, ann: a \\|try\\|" in page
    assert "back to version 1" in page
    assert "2 moved" in page


def test_a_page_stays_short_however_much_was_changed() -> None:
    history = History()
    for start in range(0, 480, 40):
        paths = [*in_force(DEFAULT_BOOK)][start : start + 40]
        changes = {p: v for p, v in in_force(DEFAULT_BOOK).items() if p in paths}
        changes = {p: v for p, v in changes.items() if not p.startswith("control.hasten")}
        if changes:
            history = history.edited(Edit("ann" * 20, "because " * 50, changes), NOON)

    assert "more" in as_markdown(history)
    assert len(as_markdown(history)) < 10_000
