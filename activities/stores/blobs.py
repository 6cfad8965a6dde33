"""
Large values, each named by the SHA-256 of its content and kept once.

So a value that is put twice is one, whoever puts it, and damage shows when it is read. Each
use counts; what nobody has used for long is removed now and then.
"""

import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from activities.stores.database import Database, told
from activities.stores.schema import blobs
from contexten.errors import ClientError

PLATFORM = "blobs"
LARGEST_BYTES = 16 * 2**20
SWEPT_EVERY_S = 3600.0
SWEPT_AT_ONCE = 200
MARKED_EVERY = timedelta(hours=1)


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


class Blobs:
    """The table of blobs in one database."""

    def __init__(
        self,
        database: Database,
        retention: timedelta,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """
        Args:
            database: Where the table is.
            retention: How long after its last use a blob is kept.
            now: The clock.
        """
        self._database = database
        self._retention = retention
        self._now = now
        self._swept_at = float("-inf")

    def put(self, data: bytes) -> str:
        """
        Keep *data*; its digest, by which it is found again.

        Safe to repeat: what is kept already counts as used, and is mended if it was damaged.

        Raises:
            ClientError: If it is larger than ``LARGEST_BYTES``.
            TransientError: If the database refused, or is away.
        """
        if len(data) > LARGEST_BYTES:
            raise ClientError(f"{len(data)} bytes are too many for a blob", platform=PLATFORM)
        digest, now = hashlib.sha256(data).hexdigest(), self._now()
        with told(), self._database.writing() as connection:
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            new = dialect.insert(blobs).values(digest=digest, data=data, used_at=now)
            connection.execute(
                new.on_conflict_do_update(
                    index_elements=[blobs.c.digest], set_={"data": data, "used_at": now}
                )
            )
        self._sweep_now_and_then()
        return digest

    def get(self, digest: str) -> bytes:
        """
        What is kept under *digest*; it counts as used from now on.

        Raises:
            ClientError: If there is nothing, or not what was put there.
            TransientError: If the database refused, or is away.
        """
        wanted = select(blobs.c.data, blobs.c.used_at).where(blobs.c.digest == digest)
        with self._database.reading() as connection:
            found = connection.execute(wanted).one_or_none()
        if found is None:
            raise ClientError(f"there is no blob {digest[:80]} any more", platform=PLATFORM)
        data = found.data if isinstance(found.data, bytes) else b""
        if hashlib.sha256(data).hexdigest() != digest:
            raise ClientError(f"blob {digest} is damaged", platform=PLATFORM)
        if found.used_at < self._now() - MARKED_EVERY:
            self._mark(digest)
        return data

    def _mark(self, digest: str) -> None:
        used = update(blobs).where(blobs.c.digest == digest).values(used_at=self._now())
        with told(), self._database.writing() as connection:
            connection.execute(used)

    def _sweep_now_and_then(self) -> None:
        if time.monotonic() - self._swept_at >= SWEPT_EVERY_S:
            self._swept_at = time.monotonic()
            while self.sweep() == SWEPT_AT_ONCE:
                continue

    def sweep(self) -> int:
        """
        Remove some of the blobs that nobody has used for too long; how many.

        Raises:
            TransientError: If the database refused, or is away.
        """
        before = self._now() - self._retention
        old = select(blobs.c.digest).where(blobs.c.used_at < before).limit(SWEPT_AT_ONCE)
        # Asked once more of each: it may have been used since it was found.
        gone = delete(blobs).where(blobs.c.digest.in_(old), blobs.c.used_at < before)
        with told(), self._database.writing() as connection:
            return connection.execute(gone).rowcount


class Texts:
    """Texts as blobs, in UTF-8; half a character becomes a question mark."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    def put(self, text: str) -> str:
        """
        Keep *text*; its digest.

        Raises:
            ClientError: If it is larger than ``LARGEST_BYTES``.
            TransientError: If the database refused, or is away.
        """
        return self._blobs.put(text.encode("utf-8", "replace"))

    def get(self, digest: str) -> str:
        """
        The text under *digest*.

        Raises:
            ClientError: If there is none, or it is damaged.
            TransientError: If the database refused, or is away.
        """
        return self._blobs.get(digest).decode("utf-8", "replace")
