"""Large payloads stay with us; a reference that leads nowhere, or to something else, is said."""

import os
import resource
from pathlib import Path

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    StorageDriverClaim,
    StorageDriverRetrieveContext,
    StorageDriverStoreContext,
)

from starter.claim_check import BlobMissing, FolderDriver

STORE, RETRIEVE = StorageDriverStoreContext(), StorageDriverRetrieveContext()
PAYLOADS = [Payload(metadata={"encoding": b"json/plain"}, data=b"x" * n) for n in (0, 10, 300_000)]


async def test_gives_back_what_it_kept(tmp_path: Path) -> None:
    driver = FolderDriver(tmp_path)

    claims = await driver.store(STORE, PAYLOADS)

    assert await FolderDriver(tmp_path).retrieve(RETRIEVE, claims) == PAYLOADS


async def test_the_same_payload_is_kept_once(tmp_path: Path) -> None:
    driver = FolderDriver(tmp_path)

    first = await driver.store(STORE, PAYLOADS[2:])
    second = await driver.store(STORE, PAYLOADS[2:])

    assert first == second
    assert len([p for p in tmp_path.rglob("*") if p.is_file()]) == 1


async def test_a_damaged_blob_is_not_served(tmp_path: Path) -> None:
    driver = FolderDriver(tmp_path)
    claims = await driver.store(STORE, PAYLOADS[1:2])
    blob = next(p for p in tmp_path.rglob("*") if p.is_file())
    blob.write_bytes(b"something else")

    with pytest.raises(BlobMissing, match="damaged"):
        await driver.retrieve(RETRIEVE, claims)


async def test_a_reference_that_leads_nowhere_says_where_it_looked(tmp_path: Path) -> None:
    claim = StorageDriverClaim({"sha256": "0" * 64, "bytes": "1"})

    with pytest.raises(BlobMissing, match=str(tmp_path)):
        await FolderDriver(tmp_path).retrieve(RETRIEVE, [claim])


def blobs(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_disk_that_refuses_keeps_nothing_half(tmp_path: Path) -> None:
    driver = FolderDriver(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, hard))
    try:
        with pytest.raises(OSError, match="large"):
            await driver.store(STORE, PAYLOADS[2:])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert blobs(tmp_path) == []


async def test_a_blob_is_for_nobody_else_to_read(tmp_path: Path) -> None:
    await FolderDriver(tmp_path / "blobs").store(STORE, PAYLOADS[1:2])

    (blob,) = blobs(tmp_path)
    modes = [oct(one.stat().st_mode & 0o777) for one in (blob, blob.parent, tmp_path / "blobs")]
    assert modes == ["0o600", "0o700", "0o700"]


async def test_a_blob_cut_short_is_kept_anew(tmp_path: Path) -> None:
    driver = FolderDriver(tmp_path)
    claims = await driver.store(STORE, PAYLOADS[2:])
    (blob,) = blobs(tmp_path)
    os.truncate(blob, 10)

    await driver.store(STORE, PAYLOADS[2:])

    assert await driver.retrieve(RETRIEVE, claims) == PAYLOADS[2:]
