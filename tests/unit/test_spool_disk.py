"""A disk that refuses costs no record that was kept, and no more than the moment it refuses in."""

import asyncio
import errno
import os
import resource
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event as Gate

import pytest
from spools import bodies, fill, spool
from waiting import until

from starter.cursor import Cursor
from starter.spool import SpoolBroken, segments
from starter.tail import Tail


async def test_a_disk_that_refuses_leaves_the_spool_usable(tmp_path: Path) -> None:
    kept = spool(tmp_path)
    await kept.append(b"h", b"first")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, hard))
    try:
        with pytest.raises(SpoolBroken):
            await kept.append(b"h", b"x" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    refused = kept.last_error
    await kept.append(b"h", b"second")
    await kept.close()

    assert refused is not None
    assert bodies(Tail(tmp_path, Cursor())) == [b"first", b"second"]


@contextmanager
def sync_that_fails_late(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Within it the disk takes what is written and then, once told to, says that it did not."""
    refuse = Gate()

    def fails(_: int) -> None:
        refuse.wait(10)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as disk:
        disk.setattr(os, "fdatasync", fails)
        yield refuse


async def test_what_is_kept_after_a_failed_sync_is_read_though_the_reader_saw_what_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, tail = spool(tmp_path), Tail(tmp_path, Cursor())
    read: list[bytes] = []

    async def seen_too_soon() -> bool:
        read.extend(bodies(tail))
        return bool(read)

    with sync_that_fails_late(monkeypatch) as refuse:
        refused = asyncio.create_task(kept.append(b"h", b"refused" + b"r" * 200))
        await until(seen_too_soon)
        refuse.set()
        with pytest.raises(SpoolBroken):
            await refused
    for n in range(5):
        await kept.append(b"h", b"body %d" % n)
    await kept.close()
    await fill(tmp_path, 1)

    assert read[1:] + bodies(tail) == [*(b"body %d" % n for n in range(5)), b"body 0"]


async def test_the_number_of_a_file_whose_write_failed_is_not_given_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, tail = spool(tmp_path), Tail(tmp_path, Cursor())

    async def seen_too_soon() -> bool:
        return bool(tail.read())

    with sync_that_fails_late(monkeypatch) as refuse:
        refused = asyncio.create_task(kept.append(b"h", b"refused" + b"r" * 200))
        await until(seen_too_soon)
        refuse.set()
        await asyncio.gather(refused, return_exceptions=True)
    await kept.close()
    await fill(tmp_path, 3)

    assert bodies(tail) == [b"body 0", b"body 1", b"body 2"]


async def test_writes_that_fail_again_and_again_leave_few_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = spool(tmp_path)
    with sync_that_fails_late(monkeypatch) as refuse:
        refuse.set()
        for _ in range(20):
            with pytest.raises(SpoolBroken):
                await kept.append(b"h", b"refused")
    await kept.append(b"h", b"kept")
    await kept.close()

    assert len(segments(tmp_path)) == 1


@contextmanager
def disk_that_syncs_no_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Within it a file can be made and yet not be begun."""

    def fails(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", fails)
        yield


async def test_a_file_that_could_not_be_begun_is_begun_once_the_disk_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = spool(tmp_path, segment_bytes=500)
    await kept.append(b"h", b"x" * 400)
    with disk_that_syncs_no_folder(monkeypatch):
        for _ in range(3):
            with pytest.raises(SpoolBroken):
                await kept.append(b"h", b"y" * 400)
    refused = kept.last_error
    await kept.append(b"h", b"z" * 400)
    await kept.close()

    assert (refused, kept.last_error) == (os.strerror(errno.ENOSPC), None)
    assert bodies(Tail(tmp_path, Cursor())) == [b"x" * 400, b"z" * 400]


async def test_a_name_that_is_taken_is_passed_over(tmp_path: Path) -> None:
    kept = spool(tmp_path, segment_bytes=500)
    await kept.append(b"h", b"x" * 400)
    newest = int(segments(tmp_path)[-1].stem)
    (tmp_path / f"{newest + 1:010d}.spool").touch()
    await kept.append(b"h", b"y" * 400)
    await kept.close()

    assert bodies(Tail(tmp_path, Cursor())) == [b"x" * 400, b"y" * 400]


async def test_a_folder_that_cannot_be_written_is_let_go_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with disk_that_syncs_no_folder(monkeypatch), pytest.raises(OSError, match="No space"):
        spool(tmp_path)

    await spool(tmp_path).close()

    assert segments(tmp_path) == []


async def test_doors_that_come_and_go_without_a_delivery_disturb_no_reader(tmp_path: Path) -> None:
    await fill(tmp_path, 1)
    tail, stop = Tail(tmp_path, Cursor()), Gate()

    def follow() -> list[bytes]:
        read: list[bytes] = []
        while not stop.is_set():
            read += bodies(tail)
        return read

    with ThreadPoolExecutor(1) as threads:
        reading = threads.submit(follow)
        for _ in range(200):
            await spool(tmp_path).close()
        stop.set()

    assert reading.result() + bodies(tail) == [b"body 0"]
