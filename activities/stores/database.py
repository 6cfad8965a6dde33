"""
The database of our own data: a SQLite file, or PostgreSQL by its URL.

Nothing is opened before it is needed, and whatever fails may be tried again: the file may
come to be, its disk have room again, the server come back.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import structlog
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from activities.stores import schema
from contexten.errors import PlatformError, TransientError

log = structlog.get_logger()

WAIT_S = 5
MEMORY = ":memory:"
WITH_POSTGRESQL = {
    "connect_timeout": WAIT_S,
    "tcp_user_timeout": 2 * WAIT_S * 1000,
    "options": f"-c statement_timeout={2 * WAIT_S * 1000} -c lock_timeout={WAIT_S * 1000}",
    "application_name": "contexten",
}
PRAGMAS = ("journal_mode = WAL", "synchronous = NORMAL")
SUFFIXES = (".db", ".sqlite", ".sqlite3")
"""What a damaged file must be called to be set aside: another may not be ours to rename."""

DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class BadUrl(ValueError):  # noqa: N818 - it is the URL that is named
    """The URL leads to no database that we can use; the message says what is wrong."""


class Database:
    """
    One database by its URL, with the tables in it.

    Attributes:
        file: The SQLite file; None if it is a server.
    """

    def __init__(self, url: str) -> None:
        """
        Raises:
            BadUrl: If *url* cannot be read, or its driver is not installed.
        """
        parsed = read(url)
        self.file = Path(parsed.database) if parsed.database and is_sqlite(parsed) else None
        self._engine = engine_of(parsed)
        self._prepared = False

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """
        A transaction that writes; committed at the end, whole or not at all.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: If the database refused, or is away.
            OSError: If the disk refused.
        """
        with self._transaction(immediate=True) as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """
        A transaction that reads.

        Raises:
            TransientError: If the database refused, or is away.
        """
        with told(), self._transaction(immediate=False) as connection:
            yield connection

    @contextmanager
    def _transaction(self, *, immediate: bool) -> Iterator[Connection]:
        try:
            self._prepare()
            with self._connected(immediate=immediate) as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            self._prepared = False
            self._engine.dispose()
            if self.file is not None and self.file.suffix in SUFFIXES and is_damage(error):
                set_aside(self.file)
            raise

    def _prepare(self) -> None:
        if self._prepared and (self.file is None or self.file.exists()):
            return
        if self.file is not None:
            make(self.file)
        with self._connected(immediate=False) as connection:
            current = schema.is_current(connection)
        if not current:
            with self._connected(immediate=True) as connection:
                schema.prepare(connection)
        self._prepared = True

    @contextmanager
    def _connected(self, *, immediate: bool) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            connection.execution_options(immediate=immediate)
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Let go of what is open."""
        self._engine.dispose()


@contextmanager
def told() -> Iterator[None]:
    """
    Let what a database says leave as one of our errors.

    Raises:
        TransientError: If the database refused, or is away.
    """
    try:
        yield
    except PlatformError:
        raise
    except (SQLAlchemyError, OSError) as error:
        raise TransientError(f"the ledger's database: {said(error)}", platform="ledger") from error


def said(error: BaseException) -> str:
    """What *error* says, in one line and without the statement it was about."""
    origin = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return " ".join(str(origin).split()) or type(origin).__name__


def read(url: str) -> URL:
    """
    *url* in its parts.

    Raises:
        BadUrl: If it cannot be read, or is for a database we do not know.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise BadUrl("LEDGER_URL is no URL of a database") from None
    if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise BadUrl(f"LEDGER_URL: {parsed.drivername} is none of sqlite, postgresql+psycopg")
    if is_sqlite(parsed) and (parsed.database or MEMORY) == MEMORY:
        raise BadUrl("LEDGER_URL: a SQLite database is a file, such as sqlite:///var/ledger.db")
    return parsed


def is_sqlite(url: URL) -> bool:
    """Whether *url* leads to a SQLite file."""
    return url.drivername == "sqlite"


def engine_of(url: URL) -> Engine:
    """
    The engine of SQLAlchemy for *url*; it opens nothing yet.

    Raises:
        BadUrl: If its driver is not installed.
    """
    pool: dict[str, Any] = {"pool_size": 2, "max_overflow": 8, "pool_timeout": WAIT_S}
    if is_sqlite(url):
        engine = create_engine(url, connect_args={"timeout": WAIT_S}, **pool)
        event.listen(engine, "connect", tuned)
        event.listen(engine, "begin", begun)
        watch(engine, Path(str(url.database)))
        return engine
    try:
        return create_engine(url, pool_pre_ping=True, connect_args=WITH_POSTGRESQL, **pool)
    except ModuleNotFoundError as error:
        raise BadUrl(
            f"LEDGER_URL: {error.name} is not installed; `pip install 'psycopg[binary]'` does it"
        ) from None


def watch(engine: Engine, file: Path) -> None:
    """Let no connection of *engine* be used again once its *file* was moved away or replaced."""

    def connected(_: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        record.info["file"] = identity(file)

    def checked_out(_: object, record: ConnectionPoolEntry, __: object) -> None:
        if record.info["file"] != identity(file):
            raise DisconnectionError

    event.listen(engine, "connect", connected)
    event.listen(engine, "checkout", checked_out)


def identity(file: Path) -> tuple[int, int] | None:
    """What tells *file* from another of its name; None if it is not there."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def tuned(connection: sqlite3.Connection, _: object) -> None:
    """Prepare a new SQLite connection; transactions begin when we say so, not when it does."""
    connection.isolation_level = None
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()


def begun(connection: Connection) -> None:
    """Begin a SQLite transaction; one that writes waits for its turn here and nowhere else."""
    immediate = connection.get_execution_options().get("immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def make(file: Path) -> None:
    """
    Make *file*, and its folder, for us alone, if it is not there.

    Raises:
        OSError: If the disk refused.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    open_private(file).close()


def open_private(file: Path) -> IO[bytes]:
    """
    *file*, made for us alone if it is not there.

    Raises:
        OSError: If the disk refused.
    """
    return os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o600), "r+b")


def is_damage(error: BaseException) -> bool:
    """Whether *error* says that a SQLite file is damaged, or never was one."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    return getattr(origin, "sqlite_errorcode", 0) & 0xFF in DAMAGED


def set_aside(file: Path) -> None:
    """Rename a damaged SQLite *file*, so that a new one is begun; its rows may yet be saved."""
    with suppress(OSError), open_private(Path(f"{file}.lock")) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_sound(file):
            return  # another process has set it aside before us
        aside = f"{file}.damaged-{datetime.now().astimezone():%Y%m%dT%H%M%S}"
        for ending in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.rename(f"{file}{ending}", f"{aside}{ending}")
        log.error("ledger.damaged", file=str(file), set_aside=aside)


def is_sound(file: Path) -> bool:
    """Whether *file* is gone, or a SQLite file without damage."""
    if not file.exists():
        return True
    connection = sqlite3.connect(file, timeout=WAIT_S)
    try:
        return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.DatabaseError:
        return False
    finally:
        connection.close()
