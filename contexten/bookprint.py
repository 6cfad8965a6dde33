"""How the rule book is shown: every value in force by its path, and its story in Markdown."""

from collections.abc import Iterator, Mapping
from typing import Any

from contexten import bounds
from contexten.bounds import Bound
from contexten.errors import Category
from contexten.orders import MARKUP, clean
from contexten.rulebook import RuleBook
from contexten.versions import History, Version

SHOWN_CHANGES = 50
SHOWN_VERSIONS = 10
LONGEST_LINE = 300


def in_force(book: RuleBook) -> dict[str, str]:
    """
    Every value of *book* by its path, as people write it.

    A category has here what it has otherwise than its rule, and always its attempts.
    """
    shown: dict[str, str] = {}
    for scope, rule in book.retry.items():
        shown |= written(scope, rule, bounds.RETRY)
        for category in Category:
            change = rule.categories[category]
            shown |= written(f"{scope}.{category}", change, bounds.of_category(category))
    for name, breaker in book.breakers.items():
        shown |= written(f"{name}.breaker", breaker, bounds.BREAKER)
    for name, budget in book.budgets.items():
        shown |= written(f"{name}.budget", budget, bounds.BUDGET)
    return shown


def written(at: str, values: Any, within: Mapping[str, Bound]) -> dict[str, str]:
    """The fields of *values* by their path, but for those that are not set."""
    each = ((name, bound, getattr(values, name)) for name, bound in within.items())
    return {f"{at}.{name}": bound.write(value) for name, bound, value in each if value is not None}


def as_markdown(history: History) -> str:
    """The book in force and the latest versions, for the Web UI."""
    book = history.book
    changes = sorted(book.changes.items())[:SHOWN_CHANGES]
    more = len(book.changes) - len(changes)
    lines = [f"**Version {book.version}**", ""]
    lines += [f"- `{path}` = {plain(value)}" for path, value in changes]
    lines += [f"- and {more} more"] * (more > 0)
    lines += ["Everything is as it is shipped."] * (not changes)
    lines += ["", "Latest versions:", ""] * bool(history.versions)
    lines += [version_line(one) for one in reversed(history.versions[-SHOWN_VERSIONS:])]
    return "\n".join(lines)


def version_line(one: Version) -> str:
    """One version in a line of Markdown."""
    back = f", back to version {one.restores}" if one.restores else ""
    what = ", ".join(changes_of(one)) + (f"; {one.reached}" if one.reached else "")
    line = f"{one.at:%Y-%m-%d %H:%M} UTC, {one.by}: {one.why}{back} ({what})"
    return f"- {one.version}: {plain(line)}"


def changes_of(one: Version) -> Iterator[str]:
    """What *one* changed, each in words."""
    for path, (before, after) in one.changed.items():
        yield f"{path} {before} → {after}"


def plain(text: str) -> str:
    """*text* in one line, with nothing in it that Markdown would obey."""
    return MARKUP.sub(r"\\\g<0>", clean(text, LONGEST_LINE))
