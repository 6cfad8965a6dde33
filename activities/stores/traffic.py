"""What the ledger saw go out of late, counted by the database."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, case, desc, func, or_, select

from activities.stores.database import Database
from activities.stores.schema import attempts
from contexten.errors import Category, RateLimitedError
from contexten.ledger import BAD, TRIED, Outcome
from contexten.queues import Queue
from contexten.traffic import Traffic, TrafficRule

P95 = 0.95

CLIENT = str(Category.CLIENT_ERROR)
LIMITED = attempts.c.error_type == RateLimitedError.__name__
OURS = attempts.c.category.in_((Category.CLIENT_ERROR, Category.FATAL))
WELL = attempts.c.outcome == Outcome.OK
FAILED = and_(
    attempts.c.outcome.in_(BAD),
    or_(attempts.c.error_type.is_(None), ~LIMITED),
    or_(attempts.c.category.is_(None), ~OURS),
)

BROKE = and_(attempts.c.outcome.in_(BAD), attempts.c.category.is_distinct_from(CLIENT))
PATIENT = (Queue.MODEL, Queue.TOOLS)


class Calls:
    """The attempts in one database, as far as they tell how calls go."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def seen(
        self, platforms: Sequence[str], rule: TrafficRule, now: datetime
    ) -> tuple[Traffic, dict[str, Traffic]]:
        """
        All calls of the rule's window, and the recent ones to each of *platforms*.

        A model takes its time, and so do tools: their calls do not count among all.

        Raises:
            TransientError: If the database refused, or is away.
        """
        with self._database.reading() as connection:
            of_late = [attempts.c.at >= now - rule.window, attempts.c.platform.not_in(PATIENT)]
            total = traffic(connection, "", of_late)
            recent = {
                name: traffic(
                    connection,
                    name,
                    [attempts.c.at >= now - rule.recent, attempts.c.platform == name],
                )
                for name in platforms
            }
        return total, recent

    def tool_calls(self, since: datetime) -> tuple[int, int]:
        """
        How many calls of tools agents made *since*, and how many of them failed.

        Where a model asked for what cannot be, the call has not failed: it is told so.

        Raises:
            TransientError: If the database refused, or is away.
        """
        failed = func.coalesce(func.sum(case((BROKE, 1), else_=0)), 0)
        of_tools = [attempts.c.platform == Queue.TOOLS, attempts.c.outcome.in_(TRIED)]
        asked = select(func.count(), failed).where(*of_tools, attempts.c.at >= since)
        with self._database.reading() as connection:
            made, badly = connection.execute(asked).one()
        return int(made), int(badly)


def traffic(
    connection: Connection, platform: str, conditions: list[ColumnElement[bool]]
) -> Traffic:
    """The calls that fit *conditions*, counted."""
    tried = [attempts.c.outcome.in_(TRIED), *conditions]
    counted = connection.execute(
        select(
            func.count().label("calls"),
            func.coalesce(func.sum(case((FAILED, 1), else_=0)), 0).label("failures"),
            func.coalesce(func.sum(case((LIMITED, 1), else_=0)), 0).label("limited"),
            func.max(case((WELL, attempts.c.at))).label("well_at"),
            func.max(case((FAILED, attempts.c.at))).label("failed_at"),
        ).where(*tried)
    ).one()
    found = Traffic(platform, **counted._mapping)
    if not found.calls:
        return found
    slowest = select(attempts.c.latency_s).where(*tried).order_by(attempts.c.latency_s)
    p95 = connection.execute(slowest.offset(int(P95 * (found.calls - 1))).limit(1)).scalar()
    return replace(found, p95_s=p95, said=last_said(connection, tried) if found.failures else "")


def last_said(connection: Connection, tried: list[ColumnElement[bool]]) -> str:
    """What the last of the failures was of."""
    latest = select(attempts.c.message).where(*tried, FAILED).order_by(desc(attempts.c.at))
    return connection.execute(latest.limit(1)).scalar() or ""
