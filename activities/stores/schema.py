"""
The tables, and how one version of them becomes the next.

A migration only ever adds: a table, a column that may be empty, an index. So a program of an
earlier version goes on writing to a database that a later one has prepared.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    func,
    insert,
    inspect,
    select,
)

LOCK = 0x636F6E746578
"""The advisory lock under which PostgreSQL lets one process migrate at a time."""


class Utc(TypeDecorator[datetime]):
    """A time with its zone, also where the database knows none."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """What a value of it is to us."""
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """*value* as the database keeps it; one without a zone is taken for UTC."""
        if value is None:
            return None
        aware = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.replace(tzinfo=None) if dialect.name == "sqlite" else aware

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """*value* as we know it."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


metadata = MetaData()

versions = Table("contexten_schema", metadata, Column("version", Integer, primary_key=True))

attempts = Table(
    "attempts",
    metadata,
    # Who wrote the row and its number there: written again after a commit whose answer was
    # lost, it is found to be there.
    Column("writer", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Utc, nullable=False),
    Column("platform", String, nullable=False),
    Column("operation", String, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("outcome", String, nullable=False),
    Column("category", String),
    Column("error_type", String),
    Column("status", Integer),
    Column("retry_after_s", Float),
    Column("latency_s", Float, nullable=False),
    Column("queue_wait_s", Float, nullable=False),
    Column("rule_version", Integer, nullable=False),
    Column("workflow_id", String, nullable=False),
    Column("run_id", String, nullable=False),
    Column("context", String),
    Column("repository", String),
    Column("message", Text),
    Index("attempts_at", "at"),
    Index("attempts_outcome_at", "outcome", "at"),
    sqlite_with_rowid=False,
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", String, primary_key=True),
    Column("platform", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("opened_at", Utc, nullable=False),
    Column("recovered_at", Utc),
    Column("whole", Text, nullable=False),  # the incident as JSON; the rest is to find it by
    Index("incidents_opened_at", "opened_at"),
)

health = Table(
    "health",
    metadata,
    Column("at", Utc, primary_key=True),
    Column("name", String, primary_key=True),
    Column("family", String, nullable=False),
    Column("critical", Boolean, nullable=False),
    Column("status", String, nullable=False),
    Column("found", String, nullable=False),
    Column("value", Float),
    Column("unit", String, nullable=False),
    Column("said", Text, nullable=False),
    Column("since", Utc, nullable=False),
    Column("took_s", Float, nullable=False),
    sqlite_with_rowid=False,
)

limits = Table(
    "limits",
    metadata,
    Column("platform", String, primary_key=True),
    Column("left", Integer, nullable=False),
    Column("of", Integer, nullable=False),
    Column("resets_at", Utc, nullable=False),
    Column("asked_at", Utc, nullable=False),
    sqlite_with_rowid=False,
)

blobs = Table(
    "blobs",
    metadata,
    Column("digest", String, primary_key=True),
    Column("used_at", Utc, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Index("blobs_used_at", "used_at"),
)


def first(connection: Connection) -> None:
    """Version 1: attempts and incidents."""
    metadata.create_all(connection, [attempts, incidents])


def second(connection: Connection) -> None:
    """Version 2: what the health checks found."""
    metadata.create_all(connection, [health])


def third(connection: Connection) -> None:
    """Version 3: what the platforms say of their limits."""
    metadata.create_all(connection, [limits])


def fourth(connection: Connection) -> None:
    """Version 4: blobs, such as what agents and tools said."""
    metadata.create_all(connection, [blobs])


Migration = Callable[[Connection], None]
MIGRATIONS: tuple[Migration, ...] = (first, second, third, fourth)


def is_current(connection: Connection) -> bool:
    """
    Whether the tables are of our version, or of a later one: what that added, we do not need.

    Raises:
        sqlalchemy.exc.DBAPIError: If the database refused.
    """
    return version_of(connection) >= len(MIGRATIONS)


def prepare(connection: Connection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """
    Bring the tables to the version of the last of *migrations*, each in its turn.

    It is all in the transaction of *connection*, so that it happens whole or not at all.

    Raises:
        sqlalchemy.exc.DBAPIError: If the database refused.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
    metadata.create_all(connection, [versions])
    for number, migration in enumerate(migrations, start=1):
        if number > version_of(connection):
            migration(connection)
            connection.execute(insert(versions).values(version=number))


def version_of(connection: Connection) -> int:
    """The version of the tables that are there; 0 if none are."""
    if not inspect(connection).has_table(versions.name):
        return 0
    return connection.execute(select(func.max(versions.c.version))).scalar() or 0
