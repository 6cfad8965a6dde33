"""Large payloads stay with us; a reference that leads nowhere, or to something else, is said."""

import os
import resource
import time
from pathlib import Path

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    StorageDriverClaim,
    StorageDriverRetrieveContext,
    StorageDriverStoreContext,
)
from waiting import until

from starter.claim_check import BlobMissing, FolderDriver, remove_unused

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


MONTH_S = 30 * 86_400.0


def aged(path: Path, age_s: float) -> None:
    """Let *path* have been used last *age_s* seconds ago."""
    os.utime(path, (time.time() - age_s,) * 2)


async def test_a_blob_that_nobody_used_for_long_is_removed_and_no_other(tmp_path: Path) -> None:
    old, lately, fresh = PAYLOADS
    before = FolderDriver(tmp_path, MONTH_S)
    (claim,) = await before.store(STORE, [old])
    (first,) = blobs(tmp_path)
    await before.store(STORE, [lately])
    (second,) = set(blobs(tmp_path)) - {first}
    aged(first, MONTH_S + 60)
    aged(second, MONTH_S - 60)

    driver = FolderDriver(tmp_path, MONTH_S)
    claims = await driver.store(STORE, [fresh])

    async def removed() -> bool:
        return not first.exists()

    await until(removed)
    assert second.exists()
    assert await driver.retrieve(RETRIEVE, claims) == [fresh]
    with pytest.raises(BlobMissing):
        await driver.retrieve(RETRIEVE, [claim])


@pytest.mark.parametrize("use", ["store", "retrieve"])
async def test_a_blob_that_is_used_again_stays(tmp_path: Path, use: str) -> None:
    driver = FolderDriver(tmp_path, 9 * MONTH_S)
    claims = await driver.store(STORE, PAYLOADS[2:])
    (blob,) = blobs(tmp_path)
    aged(blob, 2 * MONTH_S)
    if use == "store":
        await driver.store(STORE, PAYLOADS[2:])
    else:
        await driver.retrieve(RETRIEVE, claims)

    remove_unused(blob, time.time() - MONTH_S)

    assert await driver.retrieve(RETRIEVE, claims) == PAYLOADS[2:]


async def test_what_a_crash_left_half_written_is_removed_too(tmp_path: Path) -> None:
    (tmp_path / "ab").mkdir()
    left = tmp_path / "ab" / "abcd.123.ef"
    left.write_bytes(b"half")
    aged(left, 2 * MONTH_S)

    await FolderDriver(tmp_path, MONTH_S).store(STORE, PAYLOADS[:1])

    async def removed() -> bool:
        return not left.exists()

    await until(removed)
