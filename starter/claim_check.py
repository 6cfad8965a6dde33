"""
The claim check: a large payload stays in our own folder, and the engine gets a reference.

Temporal refuses payloads over 2 MB and ends histories of 50 MB. A blob is named by the
SHA-256 of its content, so that the same payload is kept once and damage shows.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path

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
from starter.spool import sync_folder


class BlobMissing(Exception):  # noqa: N818 - it is the blob that is named
    """A reference leads to no blob, or to one whose content is not what was kept."""


class FolderDriver(StorageDriver):
    """Blobs in one folder, which every process that talks to the engine must see."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

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
        return [await asyncio.to_thread(self._keep, p.SerializeToString()) for p in payloads]

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
        if not (path.exists() and path.stat().st_size == len(data)):
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
        return Payload.FromString(data)


def data_converter(folder: Path, threshold_bytes: int) -> DataConverter:
    """Temporal's own converter, with payloads from *threshold_bytes* on kept in *folder*."""
    storage = ExternalStorage(
        drivers=[FolderDriver(folder)], payload_size_threshold=threshold_bytes
    )
    return DataConverter(external_storage=storage)
