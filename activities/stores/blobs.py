"""
Large values, each named by the SHA-256 of its content and kept once.

So a value that is put twice is one, whoever puts it, and damage shows when it is read. Each
use counts; what nobody has used for long is removed now and then.

What is kept may be sealed. Its name stays the digest of the content, so that it is found again
whatever it is sealed with: who reads the table learns of a text they have whether it is there.
"""

import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from activities.stores.database import Database, told
from activities.stores.schema import blobs
from contexten.errors import ClientError, TransientError

PLATFORM = "blobs"
LARGEST_BYTES = 16 * 2**20
SWEPT_EVERY_S = 3600.0
SWEPT_AT_ONCE = 200
MARKED_EVERY = timedelta(hours=1)


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


def digest_of(data: bytes) -> str:
    """What *data* is kept under."""
    return hashlib.sha256(data).hexdigest()


class Seal(Protocol):
    """What keeps a blob from being read. ``starter.keyring`` has the real one."""

    def close(self, digest: str, data: bytes) -> bytes:
        """*data*, to be kept under *digest*, so that nobody else reads it."""
        ...

    def open(self, digest: str, kept: bytes) -> bytes:
        """
        What was sealed to be kept under *digest*; *kept* itself if it never was.

        Raises:
            LookupError: If the key is not there; the message says what to do.
            ValueError: If it is damaged.
        """
        ...


class Unsealed:
    """Everybody who reads the table may read the blobs."""

    def close(self, digest: str, data: bytes) -> bytes:
        """*data* as it is."""
        return data

    def open(self, digest: str, kept: bytes) -> bytes:
        """What was *kept*."""
        return kept


class Blobs:
    """The table of blobs in one database."""

    def __init__(
        self,
        database: Database,
        retention: timedelta,
        now: Callable[[], datetime] = utc_now,
        seal: Seal | None = None,
    ) -> None:
        """
        Args:
            database: Where the table is.
            retention: How long after its last use a blob is kept.
            now: The clock.
            seal: What keeps them from being read; nothing if None.
        """
        self._database = database
        self._retention = retention
        self._now = now
        self._seal = seal or Unsealed()
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
        digest, now = digest_of(data), self._now()
        sealed = self._seal.close(digest, data)
        with told(), self._database.writing() as connection:
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            new = dialect.insert(blobs).values(digest=digest, data=sealed, used_at=now)
            connection.execute(
                new.on_conflict_do_update(
                    index_elements=[blobs.c.digest], set_={"data": sealed, "used_at": now}
                )
            )
        self._sweep_now_and_then()
        return digest

    def get(self, digest: str) -> bytes:
        """
        What is kept under *digest*; it counts as used from now on.

        Raises:
            ClientError: If there is nothing, or not what was put there.
            TransientError: If the database refused, or is away, or the key it is sealed with is.
        """
        wanted = select(blobs.c.data, blobs.c.used_at).where(blobs.c.digest == digest)
        with self._database.reading() as connection:
            found = connection.execute(wanted).one_or_none()
        if found is None:
            raise ClientError(f"there is no blob {digest[:80]} any more", platform=PLATFORM)
        data = self._opened(digest, found.data if isinstance(found.data, bytes) else b"")
        if found.used_at < self._now() - MARKED_EVERY:
            self._mark(digest)
        return data

    def _opened(self, digest: str, kept: bytes) -> bytes:
        if digest_of(kept) == digest:
            return kept  # it was kept before anything was sealed
        try:
            data = self._seal.open(digest, kept)
        except LookupError as error:
            raise TransientError(f"blob {digest} is {error}", platform=PLATFORM) from None
        except ValueError as error:
            raise ClientError(f"blob {digest} is {error}", platform=PLATFORM) from None
        if digest_of(data) != digest:
            raise ClientError(f"blob {digest} is damaged", platform=PLATFORM)
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
