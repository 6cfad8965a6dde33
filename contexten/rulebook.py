"""
The rule book: every rule that may be tuned, with a version.

An edit names what it changes by its path, ``contexten.rulepath``; what it may change it to is
bounded, ``contexten.bounds``.

A book keeps only how it differs from the rules we ship. An operation has what its platform
has, unless it has its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from contexten import retry
from contexten.bounds import agree
from contexten.breaker import BreakerRule
from contexten.budget import BudgetRule
from contexten.errors import Category
from contexten.operations import PLATFORMS
from contexten.retry import CategoryChange, RetryRule
from contexten.rulepath import BREAKER, BUDGET, Path, path

DEFAULT = "default"
MOST_CHANGES = 64
LONGEST_BY = 80
LONGEST_WHY = 500
EXAMPLE = '{"by": "ann", "why": "Slack is slow", "changes": {"slack.base_delay": "2s"}}'

NOTHING = CategoryChange()


@dataclass(frozen=True, slots=True)
class RuleBook:
    """
    All rules in force. ``book_of`` makes one out of its changes.

    Attributes:
        version: Which it is; the first is 1, and no two differ under one number.
        changes: How it differs from what we ship, by path, as people write it.
        retry: The retry rules, by queue, and by operation where one has its own.
        breakers: The breaker rules, by platform.
        budgets: The retry budgets, by platform.
        since: When it came into force, UTC; None for the one we ship.
    """

    version: int = 1
    changes: Mapping[str, str] = field(default_factory=dict)
    retry: Mapping[str, RetryRule] = field(default_factory=lambda: dict(retry.RULES))
    breakers: Mapping[str, BreakerRule] = field(
        default_factory=lambda: dict.fromkeys(PLATFORMS, BreakerRule())
    )
    budgets: Mapping[str, BudgetRule] = field(
        default_factory=lambda: dict.fromkeys(PLATFORMS, BudgetRule())
    )
    since: datetime | None = None

    def rule_for(self, operation: str) -> RetryRule:
        """
        The retry rule of *operation*: its own, else its queue's.

        Raises:
            KeyError: If neither has one.

        >>> DEFAULT_BOOK.rule_for("slack.post_message").attempt_timeout
        datetime.timedelta(seconds=20)
        """
        own = self.retry.get(operation)
        return own if own is not None else self.retry[operation.partition(".")[0]]

    def breaker_for(self, platform: str) -> BreakerRule:
        """When the breaker of *platform* opens; what we ship if the book does not say."""
        return self.breakers.get(platform) or BreakerRule()

    def budget_for(self, platform: str) -> BudgetRule:
        """How much repetition *platform* bears; what we ship if the book does not say."""
        return self.budgets.get(platform) or BudgetRule()


@dataclass(frozen=True, slots=True)
class Edit:
    """
    A wish to change the book.

    Attributes:
        by: Who has it.
        why: For what reason.
        changes: What each path shall say: ``{"slack.base_delay": "2s"}``. ``default`` for what
            we ship.
    """

    by: str
    why: str
    changes: Mapping[str, str]


def book_of(version: int, changes: Mapping[str, str], since: datetime | None = None) -> RuleBook:
    """
    The book of *version*, in force *since*, that differs by *changes* from what we ship.

    A change that means nothing to this code, or is out of its bounds, is kept and not in force:
    it may be for a newer worker.
    """
    read = dict(understood(changes))
    scopes = [*retry.QUEUES, *sorted({p.scope for p in read} - set(retry.QUEUES) | set(retry.OWN))]
    return RuleBook(
        version,
        dict(changes),
        {scope: retry_rule(scope, read) for scope in scopes},
        {name: replace(BreakerRule(), **of(name, BREAKER, read)) for name in PLATFORMS},
        {name: replace(BudgetRule(), **of(name, BUDGET, read)) for name in PLATFORMS},
        since,
    )


def understood(changes: Mapping[str, str]) -> Iterator[tuple[Path, Any]]:
    """Those of *changes* that mean something here, with the value they say."""
    for text, value in changes.items():
        try:
            at = path(text)
            yield at, at.bound.read(value)
        except ValueError:
            continue


def of(scope: str, part: str, read: Mapping[Path, Any]) -> dict[str, Any]:
    """What *read* says of one *part* of *scope*, by field."""
    return {p.name: value for p, value in read.items() if (p.scope, p.part) == (scope, part)}


def retry_rule(scope: str, read: Mapping[Path, Any]) -> RetryRule:
    """The rule of *scope*: what we ship for its queue, changed by each that is more its own."""
    queue = scope.partition(".")[0]
    layers = [of(queue, "", read)]
    if scope != queue:
        layers += [dict(retry.OWN.get(scope, {})), of(scope, "", read)]
    rule = retry.QUEUES[queue]
    for layer in layers:
        rule = replace(rule, **layer)
    change = partial(category_change, dict.fromkeys((queue, scope)), read)
    return replace(rule, categories={one: change(one, rule) for one in Category})


def category_change(
    scopes: Mapping[str, None], read: Mapping[Path, Any], category: Category, rule: RetryRule
) -> CategoryChange:
    """What *category* has otherwise than *rule*: each of *scopes* goes before the one ahead."""
    change = rule.categories.get(category, NOTHING)
    for scope in scopes:
        change = replace(change, **of(scope, category, read))
    return change


def edit_from(data: Any) -> Edit:
    """
    The edit that *data* says, as ``EXAMPLE`` does.

    Raises:
        ValueError: If it says none; the message tells what is missing.
    """
    told = data if isinstance(data, Mapping) else {}
    by, why, changes = (told.get(name) for name in ("by", "why", "changes"))
    if isinstance(by, str) and isinstance(why, str) and isinstance(changes, Mapping):
        return Edit(by, why, {str(name): str(value) for name, value in changes.items()})
    raise ValueError(f"an edit is written as {EXAMPLE}")


def edited(book: RuleBook, edit: Edit, now: datetime) -> RuleBook:
    """
    *book* as *edit* wants it at *now*, one version on; *book* itself if it is so already.

    Raises:
        OutOfBounds: If a value is out of bounds, by itself or beside another.
        ValueError: If the edit cannot be read; the message says what of it.
    """
    checked_author(edit.by, edit.why)
    if not 1 <= len(edit.changes) <= MOST_CHANGES:
        raise ValueError(f"an edit changes 1 to {MOST_CHANGES} values, not {len(edit.changes)}")
    for name, value in edit.changes.items():
        written(name, value)
    new = applied(book, edit.changes, now)
    if new is not book:
        agree(new.retry, new.breakers)
    return new


def applied(book: RuleBook, changes: Mapping[str, str], now: datetime) -> RuleBook:
    """
    *book* with *changes*, allowed or not: whoever asks has found them allowed, perhaps long ago.

    What is not allowed by now is kept, and not in force.
    """
    wanted = dict(written_anyhow(name, value) for name, value in changes.items())
    all_of_it = {k: v for k, v in {**book.changes, **wanted}.items() if v != DEFAULT}
    return book if all_of_it == book.changes else book_of(book.version + 1, all_of_it, now)


def checked_author(by: str, why: str) -> None:
    """
    Nothing, if it is said who changes the book, and why.

    Raises:
        ValueError: If not.
    """
    for name, text, most in (("by", by, LONGEST_BY), ("why", why, LONGEST_WHY)):
        if not text.strip() or len(text) > most:
            raise ValueError(f"a change says {name!r} in 1 to {most} characters")


def written(text: str, value: str) -> tuple[str, str]:
    """
    One change in the way it is kept.

    Raises:
        OutOfBounds: If the value is out of bounds.
        ValueError: If there is no such path, or the value cannot be read.
    """
    at = path(text)
    if value.strip().lower() == DEFAULT:
        return str(at), DEFAULT
    try:
        return str(at), at.bound.write(at.bound.read(value))
    except ValueError as error:
        raise type(error)(f"{at}: {error}") from None


def written_anyhow(name: str, value: str) -> tuple[str, str]:
    """One change in the way it is kept; as it came, if it is none that we know."""
    try:
        return written(name, value)
    except ValueError:
        return name, value


def as_json(book: RuleBook) -> dict[str, Any]:
    """*book* in plain values, as :func:`from_json` reads it."""
    since = book.since.isoformat() if book.since else None
    return {"version": book.version, "changes": dict(book.changes), "since": since}


def from_json(data: Any) -> RuleBook:
    """
    The book that *data* says; the one we ship if it says none.

    What this code does not know is passed over, so books of newer code can be read.
    """
    told = data if isinstance(data, Mapping) else {}
    version, changes = told.get("version"), told.get("changes")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        return DEFAULT_BOOK
    if not isinstance(changes, Mapping):
        changes = {}
    texts = {k: v for k, v in changes.items() if isinstance(k, str) and isinstance(v, str)}
    return book_of(version, texts, moment(told.get("since")))


def moment(text: Any) -> datetime | None:
    """The time that *text* says, UTC; None if it says none."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def differences(old: RuleBook, new: RuleBook) -> dict[str, tuple[str, str]]:
    """What *new* says otherwise than *old*, by path: before and after."""
    paths = sorted({**old.changes, **new.changes})
    both = {p: (old.changes.get(p, DEFAULT), new.changes.get(p, DEFAULT)) for p in paths}
    return {p: (before, after) for p, (before, after) in both.items() if before != after}


DEFAULT_BOOK = book_of(1, {})
