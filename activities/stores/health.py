"""What the health checks found, round by round; old rounds are removed as new ones come."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from activities.stores.attempts import text
from activities.stores.database import Database, told
from activities.stores.schema import health
from contexten.health import Family, Status
from contexten.health_history import HistoryWanted, Kept, Shown
from contexten.health_round import Round


class Rounds:
    """The table of what the checks found in one database."""

    def __init__(self, database: Database, retention: timedelta) -> None:
        self._database = database
        self._retention = retention

    def save(self, found: Round) -> None:
        """
        Keep a round; one that is kept stays as it is.

        Raises:
            TransientError: If the database refused, or is away.
        """
        values = [columns(Kept.of(one, found.at)) for one in found.standings]
        with told(), self._database.writing() as connection:
            connection.execute(delete(health).where(health.c.at < found.at - self._retention))
            if values:
                dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
                connection.execute(dialect.insert(health).on_conflict_do_nothing(), values)

    def shown(self, wanted: HistoryWanted) -> tuple[Shown, ...]:
        """
        How each check of the latest round stands and stood, in the order of their names.

        Raises:
            TransientError: If the database refused, or is away.
        """
        times = select(health.c.at).distinct().order_by(health.c.at.desc()).limit(wanted.most)
        oldest = select(func.min(times.subquery().c.at)).scalar_subquery()
        rows = select(health).where(health.c.at >= oldest).order_by(health.c.name, health.c.at)
        if wanted.family is not None:
            rows = rows.where(health.c.family == str(wanted.family))
        with self._database.reading() as connection:
            found = [kept(row) for row in connection.execute(rows)]
        latest = max((one.at for one in found), default=None)
        return tuple(
            history(name, found)
            for name in dict.fromkeys(one.name for one in found if one.at == latest)
        )


def history(name: str, found: list[Kept]) -> Shown:
    """The check *name* out of everything *found*, which is in order of time."""
    own = [one for one in found if one.name == name]
    return Shown(own[-1], tuple(one.found for one in own), tuple(one.value for one in own))


def columns(one: Kept) -> dict[str, Any]:
    """*one* as its columns."""
    return {
        column: text(value) if isinstance(value, str) else value
        for column, value in asdict(one).items()
    }


def kept(row: Row[Any]) -> Kept:
    """What is kept in *row*."""
    found = dict(row._mapping)
    found |= {"family": Family(found["family"])}
    found |= {name: Status(found[name]) for name in ("status", "found")}
    return Kept(**found)
