"""After a power cut the feeder goes over what it handed over lately, and nothing older."""

import os
from pathlib import Path

import pytest

from starter.cursor import Cursor
from starter.progress import BOOT_ID, Progress
from starter.spool import Spool, segments

KEPT_S = 900.0
LONG_AGO = 1_000.0
HOUR_S = 3_600.0


def progress(folder: Path) -> Progress:
    return Progress(folder, KEPT_S)


def power_cut(folder: Path) -> None:
    (folder / "boot").write_text("another boot")


async def files(folder: Path, count: int) -> list[Cursor]:
    """The cursors behind each of *count* files of one record."""
    spool = Spool(folder, segment_bytes=10_000, limit_bytes=1_000_000, segment_age_s=0)
    for _ in range(count):
        await spool.append(b"h", b"body")
    await spool.close()
    return [Cursor(int(path.stem), path.stat().st_size) for path in segments(folder)]


async def test_what_was_taken_long_before_a_power_cut_is_not_gone_over_again(
    tmp_path: Path,
) -> None:
    early, late = await files(tmp_path, 2)
    before = progress(tmp_path)
    before.note(early, LONG_AGO)
    before.note(late, LONG_AGO + HOUR_S)
    power_cut(tmp_path)

    assert progress(tmp_path).cursor == early


async def test_a_quiet_feeder_goes_back_over_nothing(tmp_path: Path) -> None:
    (taken,) = await files(tmp_path, 1)
    before = progress(tmp_path)
    for minute in range(30):
        before.note(taken, LONG_AGO + 60 * minute)
    power_cut(tmp_path)

    assert progress(tmp_path).cursor == taken


async def test_what_was_written_long_ago_and_taken_lately_is_gone_over_again(
    tmp_path: Path,
) -> None:
    early, late = await files(tmp_path, 2)
    before = progress(tmp_path)
    for path in segments(tmp_path):
        os.utime(path, (LONG_AGO, LONG_AGO))
    before.note(early, LONG_AGO)
    before.note(late, LONG_AGO + KEPT_S / 2)
    power_cut(tmp_path)

    assert progress(tmp_path).cursor == Cursor()
    assert len(segments(tmp_path)) == 2


async def test_what_was_taken_is_remembered_when_the_feeder_alone_is_started_anew(
    tmp_path: Path,
) -> None:
    early, late = await files(tmp_path, 2)
    progress(tmp_path).note(early, LONG_AGO)
    progress(tmp_path).note(late, LONG_AGO + HOUR_S)
    went_on = progress(tmp_path).cursor
    power_cut(tmp_path)

    assert (went_on, progress(tmp_path).cursor) == (late, early)


async def test_a_second_power_cut_goes_back_as_far_as_the_first(tmp_path: Path) -> None:
    early, late, last = await files(tmp_path, 3)
    before = progress(tmp_path)
    before.note(early, LONG_AGO)
    before.note(late, LONG_AGO + HOUR_S)
    power_cut(tmp_path)
    progress(tmp_path).note(last, 10.0)
    power_cut(tmp_path)

    assert progress(tmp_path).cursor == early


async def test_a_disk_that_refuses_after_a_power_cut_costs_no_going_over(tmp_path: Path) -> None:
    early, late = await files(tmp_path, 2)
    before = progress(tmp_path)
    before.note(early, LONG_AGO)
    before.note(late, LONG_AGO + HOUR_S)
    power_cut(tmp_path)
    in_the_way = tmp_path / "cursor.json.new"
    in_the_way.mkdir()

    refused = progress(tmp_path).cursor
    in_the_way.rmdir()

    assert (refused, progress(tmp_path).cursor) == (early, early)


@pytest.mark.parametrize("written", [b"", b"[[1", b"[]", b'[["x", 1, 2]]', b"[[1.0, 2]]", b"{}"])
async def test_marks_that_cannot_be_read_mean_the_beginning(tmp_path: Path, written: bytes) -> None:
    (taken,) = await files(tmp_path, 1)
    progress(tmp_path).note(taken, LONG_AGO)
    (tmp_path / "past.json").write_bytes(written)
    power_cut(tmp_path)

    assert progress(tmp_path).cursor == Cursor()


async def test_taken_files_are_removed_when_their_time_is_over(tmp_path: Path) -> None:
    *_, newest = await files(tmp_path, 3)
    for path in segments(tmp_path):
        os.utime(path, (LONG_AGO, LONG_AGO))
    one = progress(tmp_path)
    one.note(newest, LONG_AGO)
    before = len(segments(tmp_path))
    one.note(newest, LONG_AGO + HOUR_S)

    assert before == 3
    assert [int(path.stem) for path in segments(tmp_path)] == [newest.segment]


async def test_a_file_written_lately_is_kept(tmp_path: Path) -> None:
    *_, newest = await files(tmp_path, 3)
    one = progress(tmp_path)
    one.note(newest, LONG_AGO)
    one.note(newest, LONG_AGO + HOUR_S)

    assert len(segments(tmp_path)) == 3


def test_this_machine_tells_one_boot_from_another() -> None:
    assert len(BOOT_ID.read_text().strip()) == 36
