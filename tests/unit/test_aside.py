"""What is set aside goes by an id, is counted while others write, and is released once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from starter.aside import RELEASED, Aside, Shelf, note_released, released, shelved
from starter.settings import MIB
from starter.spool import Spool


@pytest.fixture
async def spool(tmp_path: Path) -> AsyncIterator[Spool]:
    """A spool that begins a new file with every record of some size."""
    kept = Spool(tmp_path / "aside", segment_bytes=1024, limit_bytes=MIB)
    yield kept
    await kept.close()


async def test_records_are_counted_as_they_come(spool: Spool) -> None:
    shelf = Shelf(spool.folder)
    counts = [shelf.count]
    for n in range(5):
        await spool.append(b"h", b"%d" % n * 800)
        counts.append(shelf.count)

    assert counts == [0, 1, 2, 3, 4, 5]
    assert Shelf(spool.folder).count == 5


async def test_what_was_released_is_neither_listed_nor_counted(spool: Spool) -> None:
    for n in range(3):
        await spool.append(b"h", b"%d" % n)
    shelf = Shelf(spool.folder)
    first, second, third = shelved(spool.folder)

    note_released(spool.folder, second.id)
    note_released(spool.folder, second.id)

    assert [one.record.body for one in shelved(spool.folder)] == [b"0", b"2"]
    assert shelf.count == 2
    assert len({first.id, second.id, third.id}) == 3


async def test_what_was_written_twice_is_one(spool: Spool) -> None:
    for body in (b"0", b"1", b"0"):
        await spool.append(b"h", body)

    assert [one.record.body for one in shelved(spool.folder)] == [b"0", b"1"]
    assert Shelf(spool.folder).count == 2


def test_a_note_that_was_cut_short_releases_nothing(tmp_path: Path) -> None:
    note_released(tmp_path, "0123456789ab")
    with (tmp_path / RELEASED).open("a") as file:
        file.write("0123")

    assert released(tmp_path) == {"0123456789ab"}


def test_of_folders_that_are_not_there_nothing_is_set_aside(tmp_path: Path) -> None:
    none = Aside(tmp_path / "quarantine", tmp_path / "refused", tmp_path / "spool")

    assert (none.quarantine.count, none.refused.count, none.damaged) == (0, 0, 0)
    assert list(shelved(tmp_path / "quarantine")) == []
