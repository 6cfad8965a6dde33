"""
The claim check: a large payload stays in our own folder, and the engine gets a reference.

Temporal refuses payloads over 2 MB and ends histories of 50 MB. A blob is named by the
SHA-256 of its content, so that the same payload is kept once and damage shows. Each use
counts in its time of change, by which those that nobody uses any more are removed.
"""

import asyncio
import fcntl
import hashlib
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import structlog
from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    DataConverter,
    ExternalStorage,
    StorageDriver,
    StorageDriverClaim,
    StorageDriverRetrieveContext,
    StorageDriverStoreContext,
)

from starter import disk
from starter.codec import EncryptionCodec, failure_converter
from starter.disk import sync_folder
from starter.keyring import Keyring

log = structlog.get_logger()

RETENTION_S = 30 * 86_400.0
TIDY_EVERY_S = 3600.0


class BlobMissing(Exception):  # noqa: N818 - it is the blob that is named
    """A reference leads to no blob, or to one whose content is not what was kept."""


class FolderDriver(StorageDriver):
    """Blobs in one folder, which every process that talks to the engine must see."""

    def __init__(self, folder: Path, retention_s: float = RETENTION_S) -> None:
        """
        Args:
            folder: Made, when there is something to keep, if it is not there.
            retention_s: Seconds after its last use for which a blob is kept.
        """
        self._folder = folder
        self._retention_s = retention_s
        self._tidied_at = float("-inf")
        self._tidying: asyncio.Task[None] | None = None

    def name(self) -> str:
        """The name references are kept under: a wire format."""
        return "contexten.folder"

    async def store(
        self, context: StorageDriverStoreContext, payloads: Sequence[Payload]
    ) -> list[StorageDriverClaim]:
        """
        Keep each payload, durably, and answer with its reference.

        Raises:
            OSError: If the disk refused.
        """
        claims = [await asyncio.to_thread(self._keep, p.SerializeToString()) for p in payloads]
        self._tidy_now_and_then()
        return claims

    async def retrieve(
        self, context: StorageDriverRetrieveContext, claims: Sequence[StorageDriverClaim]
    ) -> list[Payload]:
        """
        The payloads that *claims* refer to.

        Raises:
            BlobMissing: If one is gone or damaged.
        """
        return [await asyncio.to_thread(self._fetch, c.claim_data["sha256"]) for c in claims]

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest

    def _keep(self, data: bytes) -> StorageDriverClaim:
        digest = hashlib.sha256(data).hexdigest()
        path = self._path(digest)
        if not used(path, len(data)):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            disk.keep(path, data)
            sync_folder(self._folder)
        return StorageDriverClaim({"sha256": digest, "bytes": str(len(data))})

    def _fetch(self, digest: str) -> Payload:
        try:
            data = self._path(digest).read_bytes()
        except FileNotFoundError:
            raise BlobMissing(f"blob {digest} is not in {self._folder}") from None
        if hashlib.sha256(data).hexdigest() != digest:
            raise BlobMissing(f"blob {digest} in {self._folder} is damaged")
        with suppress(OSError):  # what cannot be marked as used can still be used
            used(self._path(digest), len(data))
        return Payload.FromString(data)

    def _tidy_now_and_then(self) -> None:
        now = time.monotonic()
        if now - self._tidied_at >= TIDY_EVERY_S:
            self._tidied_at = now
            tidying = asyncio.to_thread(tidy, self._folder, time.time() - self._retention_s)
            self._tidying = asyncio.create_task(tidying)


def used(path: Path, size: int) -> bool:
    """Whether the blob *path* of *size* bytes is there, and from now on counts as used."""
    try:
        with path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            found = os.fstat(file.fileno())
            if not found.st_nlink or found.st_size != size:
                return False
            os.utime(file.fileno())
    except FileNotFoundError:
        return False
    return True


def tidy(folder: Path, before: float) -> None:
    """Remove what nobody has used since *before*, seconds since the epoch."""
    for path in folder.glob("*/*"):
        try:
            if path.stat().st_mtime < before:
                remove_unused(path, before)
        except FileNotFoundError:
            continue  # another process tidies, too
        except OSError as error:
            log.warning("disk.refuses", reason=str(error), blob=str(path))


def remove_unused(path: Path, before: float) -> None:
    """
    Remove the blob *path* unless it was used since *before*; a use at this moment counts.

    Raises:
        OSError: If the disk refused, or it is gone.
    """
    with path.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        found = os.fstat(file.fileno())
        if found.st_nlink and found.st_mtime < before:
            path.unlink()


def data_converter(
    folder: Path,
    threshold_bytes: int,
    retention_s: float = RETENTION_S,
    keyring: Keyring | None = None,
) -> DataConverter:
    """
    Temporal's own converter, with large payloads kept in *folder*, and all of them encrypted.

    Args:
        threshold_bytes: Size from which on a payload is large.
        retention_s: Seconds after its last use for which one is kept.
        keyring: What to encrypt and decrypt with; nothing is if None.
    """
    keyring = keyring or Keyring()
    storage = ExternalStorage(
        drivers=[FolderDriver(folder, retention_s)], payload_size_threshold=threshold_bytes
    )
    return DataConverter(
        payload_codec=EncryptionCodec(keyring),
        failure_converter_class=failure_converter(keyring),
        external_storage=storage,
    )
