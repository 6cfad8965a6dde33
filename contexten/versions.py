"""
How the rule book came to be as it is: who changed what, why and when, and the way back.

Only differences are kept, the newest ones, so that the whole fits into one message.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from contexten.bounds import agree
from contexten.rulebook import (
    DEFAULT,
    DEFAULT_BOOK,
    Edit,
    RuleBook,
    applied,
    as_json,
    book_of,
    checked_author,
    differences,
    edited,
    from_json,
    moment,
)

MOST_VERSIONS = 100
MOST_DIFFERENCES = 2_000


class NoSuchVersion(ValueError):  # noqa: N818 - the name that an editor is answered with
    """A version that never was, or is no longer kept."""


@dataclass(frozen=True, slots=True)
class Version:
    """
    One change of the book.

    Attributes:
        version: The version it made.
        at: When, UTC.
        by: Who.
        why: For what reason.
        changed: What it changed, by path: before and after.
        restores: The version that it went back to; None if it is an edit.
        reached: What was done for calls that waited already; nothing if nobody said yet.
    """

    version: int
    at: datetime
    by: str
    why: str
    changed: Mapping[str, tuple[str, str]]
    restores: int | None = None
    reached: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """The book in force, and the versions that led to it, oldest first."""

    book: RuleBook = DEFAULT_BOOK
    versions: tuple[Version, ...] = ()

    def edited(self, edit: Edit, now: datetime) -> "History":
        """
        The history with *edit*, if that is allowed; itself if it changes nothing.

        Raises:
            OutOfBounds: If a value is out of bounds.
            ValueError: If the edit cannot be read.
        """
        edited(self.book, edit, now)
        return self.with_edit(edit, now)

    def with_edit(self, edit: Edit, now: datetime) -> "History":
        """The history with *edit*, which was found to be allowed."""
        made = Version(0, now, edit.by, edit.why, {})
        return self.with_book(applied(self.book, edit.changes, now), made)

    def rolled_back(self, version: Any, by: str, why: str, now: datetime) -> "History":
        """
        The history with a new version that is equal to *version*; itself if nothing differs.

        Raises:
            NoSuchVersion: If it never was, or is no longer kept.
            OutOfBounds: If what was allowed then is out of bounds by now.
            ValueError: If it is not said by whom or why.
        """
        checked_author(by, why)
        if not isinstance(version, int) or isinstance(version, bool):
            raise NoSuchVersion(f"a version is a whole number, not {str(version)[:32]!r}")
        back = self.with_rollback(version, by, why, now)
        agree(back.book.retry, back.book.breakers)
        return back

    def with_rollback(self, version: int, by: str, why: str, now: datetime) -> "History":
        """
        The history back at *version*, which was found to be allowed.

        Raises:
            NoSuchVersion: If it is no longer kept.
        """
        old = self.at(version)
        if old.changes == self.book.changes:
            return self
        new = book_of(self.book.version + 1, old.changes, now)
        return self.with_book(new, Version(0, now, by, why, {}, restores=version))

    def at(self, version: int) -> RuleBook:
        """
        The book as it was at *version*.

        Raises:
            NoSuchVersion: If it never was, or is no longer kept.
        """
        first = self.book.version - len(self.versions)
        if not first <= version <= self.book.version:
            raise NoSuchVersion(
                f"there is no version {version}, only {first} to {self.book.version}"
            )
        changes = dict(self.book.changes)
        for one in reversed(self.versions):
            if one.version > version:
                changes |= {path: before for path, (before, _) in one.changed.items()}
        return book_of(version, {k: v for k, v in changes.items() if v != DEFAULT})

    def oldest_from(self, version: int) -> RuleBook:
        """The book as it was at *version*, or at the oldest one that is still known."""
        return self.at(max(version, self.book.version - len(self.versions)))

    def reached(self, version: int, how: str) -> "History":
        """The history that says *how* calls that waited already were reached by *version*."""
        told = [replace(v, reached=how) if v.version == version else v for v in self.versions]
        return replace(self, versions=tuple(told))

    def with_book(self, book: RuleBook, by: Version) -> "History":
        """The history in which *book* is in force, and *by* says who made it."""
        if book is self.book:
            return self
        made = replace(by, version=book.version, changed=differences(self.book, book))
        return History(book, tuple(kept((*self.versions, made))))


def kept(versions: tuple[Version, ...]) -> list[Version]:
    """Those of *versions* that are remembered: the newest, and at least one."""
    newest: list[Version] = []
    weight = 0
    for one in reversed(versions[-MOST_VERSIONS:]):
        weight += len(one.changed)
        if newest and weight > MOST_DIFFERENCES:
            break
        newest.insert(0, one)
    return newest


def history_as_json(history: History) -> dict[str, Any]:
    """*history* in plain values, as :func:`history_from_json` reads it."""
    versions = [version_as_json(one) for one in history.versions]
    return {"book": as_json(history.book), "versions": versions}


def version_as_json(one: Version) -> dict[str, Any]:
    """*one* in plain values."""
    return {
        "version": one.version,
        "at": one.at.isoformat(),
        "by": one.by,
        "why": one.why,
        "changed": {path: list(both) for path, both in one.changed.items()},
        "restores": one.restores,
        "reached": one.reached,
    }


def history_from_json(data: Any) -> History:
    """The history that *data* says; an empty one if it says none."""
    told = data if isinstance(data, Mapping) else {}
    book = from_json(told.get("book"))
    versions = told.get("versions")
    read = {one.version: one for one in versions_from_json(versions)}
    first = book.version
    while first in read:
        first -= 1
    return History(book, tuple(read[n] for n in range(first + 1, book.version + 1)))


def versions_from_json(data: Any) -> Iterator[Version]:
    """Those of *data* that are versions."""
    for one in data if isinstance(data, list) else []:
        try:
            at = moment(one["at"])
            changed = {path: (before, after) for path, (before, after) in one["changed"].items()}
        except (AttributeError, KeyError, TypeError, ValueError):
            continue
        if at is not None:
            yield Version(
                one.get("version", 0),
                at,
                str(one.get("by", "")),
                str(one.get("why", "")),
                changed,
                one.get("restores"),
                str(one.get("reached", "")),
            )


def version_number(data: Any, otherwise: int) -> int:
    """The version that *data* says; *otherwise* if it says none up to that one."""
    is_one = isinstance(data, int) and not isinstance(data, bool)
    return data if is_one and 0 < data < otherwise else otherwise
