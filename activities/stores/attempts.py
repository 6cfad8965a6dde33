"""The rows of the ledger: written in batches, asked for, removed when they are old."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, delete, desc, distinct, func, select
from sqlalchemy.dialects import postgresql, sqlite

from activities.stores.database import Database
from activities.stores.schema import attempts
from contexten.ledger import BAD, TRIED, Attempt, By, FailureGroup, FailuresWanted

COLUMNS = [attempts.c[field.name] for field in fields(Attempt)]
GROUPS: dict[By, ColumnElement[Any]] = {
    By.PLATFORM: attempts.c.platform,
    By.OPERATION: attempts.c.operation,
    By.CATEGORY: attempts.c.category,
    By.TYPE: attempts.c.error_type,
}
Numbered = tuple[int, Attempt]


class Attempts:
    """The table of attempts in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, writer: int, rows: Iterable[Numbered]) -> None:
        """
        Keep *rows*, all or none; one that *writer* wrote before stays as it is.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: If the database refused, or is away.
            OSError: If the disk refused.
            ValueError, TypeError, ArithmeticError: If no database could take one of them.
        """
        values = [{"writer": writer, "number": number} | kept(row) for number, row in rows]
        with self._database.writing() as connection:
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            connection.execute(dialect.insert(attempts).on_conflict_do_nothing(), values)

    def failures(self, wanted: FailuresWanted) -> tuple[Attempt, ...]:
        """
        The failed and lost attempts that are *wanted*, the latest first.

        Raises:
            TransientError: If the database refused, or is away.
        """
        asked = select(*COLUMNS).where(attempts.c.outcome.in_(BAD), *conditions(wanted))
        asked = asked.order_by(desc(attempts.c.at)).limit(wanted.most)
        with self._database.reading() as connection:
            return tuple(Attempt(**row._mapping) for row in connection.execute(asked))

    def summary(self, wanted: FailuresWanted) -> tuple[FailureGroup, ...]:
        """
        The failures that are *wanted*, put together; the most frequent first.

        Raises:
            TransientError: If the database refused, or is away.
        """
        with self._database.reading() as connection:
            rows = connection.execute(summed(wanted)).all()
        return tuple(
            FailureGroup(row.name or "", row.tried, row.failed, row.workflows, row.first, row.last)
            for row in rows
        )

    def prune(self, before: datetime, most: int) -> int:
        """
        Remove about *most* of the rows from *before* that time, the oldest; how many.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: If the database refused, or is away.
            OSError: If the disk refused.
        """
        old = select(attempts.c.at).where(attempts.c.at < before).order_by(attempts.c.at)
        with self._database.writing() as connection:
            found: Sequence[datetime] = connection.execute(old.limit(most)).scalars().all()
            if not found:
                return 0
            return connection.execute(delete(attempts).where(attempts.c.at <= found[-1])).rowcount


def kept(row: Attempt) -> dict[str, Any]:
    """
    *row* as its columns.

    Raises:
        ValueError, TypeError, ArithmeticError: If a value is nothing like what it should be.
    """
    return {
        name: value if (value := getattr(row, name)) is None else as_kept(value)
        for name, as_kept in KEPT_AS
    }


def text(value: object) -> str:
    """*value* as a text that every database can keep: without NUL, without half a character."""
    said = str(value)
    if said.isascii() and "\0" not in said:
        return said
    return said.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def moment(value: Any) -> datetime:
    """
    *value*, which is a time.

    Raises:
        TypeError: If it is not.
    """
    if not isinstance(value, datetime):
        raise TypeError(f"{type(value).__name__} is no time")
    return value


KEPT: dict[type, Callable[[Any], object]] = {str: text, int: int, float: float, datetime: moment}
KEPT_AS = [(column.name, KEPT[column.type.python_type]) for column in COLUMNS]


def conditions(wanted: FailuresWanted) -> list[ColumnElement[bool]]:
    """What a row must be like to be *wanted*."""
    named = {name: getattr(wanted, name) for name in ("platform", "operation", "category")}
    found = [attempts.c[name] == value for name, value in named.items() if value is not None]
    return found if wanted.since is None else [*found, attempts.c.at >= wanted.since]


def summed(wanted: FailuresWanted) -> Select[Any]:
    """The statement that puts together what is *wanted*."""
    group = GROUPS[wanted.by]
    bad = attempts.c.outcome.in_(BAD)
    failed = func.sum(case((bad, 1), else_=0))
    return (
        select(
            group.label("name"),
            func.count().label("tried"),
            failed.label("failed"),
            func.count(distinct(case((bad, attempts.c.workflow_id)))).label("workflows"),
            func.min(case((bad, attempts.c.at))).label("first"),
            func.max(case((bad, attempts.c.at))).label("last"),
        )
        .where(attempts.c.outcome.in_(TRIED), *conditions(wanted))
        .group_by(group)
        .having(failed > 0)
        .order_by(desc(failed), group)
        .limit(wanted.most)
    )
