"""What each platform last said of its limits, whichever worker heard it."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from activities.stores.database import Database, told
from activities.stores.schema import limits
from contexten.limits import Limits


class LimitsKept:
    """The table of limits in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, platform: str, said: Limits) -> None:
        """
        Keep what *platform* said, unless something it said later is kept.

        Raises:
            TransientError: If the database refused, or is away.
        """
        values = columns(said)
        with told(), self._database.writing() as connection:
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            new = dialect.insert(limits).values(platform=platform, **values)
            connection.execute(
                new.on_conflict_do_update(
                    index_elements=[limits.c.platform],
                    set_=values,
                    where=limits.c.asked_at < said.asked_at,
                )
            )

    def read(self) -> dict[str, Limits]:
        """
        What is kept, by platform.

        Raises:
            TransientError: If the database refused, or is away.
        """
        with self._database.reading() as connection:
            found = [dict(row._mapping) for row in connection.execute(select(limits))]
        return {
            one["platform"]: Limits(one["left"], one["of"], one["resets_at"], one["asked_at"])
            for one in found
        }


def columns(said: Limits) -> dict[str, Any]:
    """*said* as its columns; names that are words of SQL are left alone."""
    whole: dict[str, int | datetime] = {
        "left": said.remaining,
        "of": said.limit,
        "resets_at": said.resets_at,
        "asked_at": said.asked_at,
    }
    return whole
