"""What the spool says it kept is on the disk, in order, and damage costs no more than itself."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from spools import MIB, bodies, fill, spool

from starter.cursor import Cursor
from starter.frames import HEAD, OPENING_BYTES
from starter.spool import Spool, SpoolClosed, SpoolFull, SpoolTaken, segments
from starter.tail import Damaged, Placed, Tail

FRAME_BYTES = HEAD.size + len(b"h") + len(b"body 0")
SECOND_FRAME = range(OPENING_BYTES + FRAME_BYTES, OPENING_BYTES + 2 * FRAME_BYTES)


async def test_reads_back_what_was_appended_in_order(tmp_path: Path) -> None:
    await fill(tmp_path, 20)

    assert bodies(Tail(tmp_path, Cursor())) == [b"body %d" % n for n in range(20)]


async def test_appends_that_come_together_are_all_kept(tmp_path: Path) -> None:
    kept = spool(tmp_path, segment_bytes=4096)

    await asyncio.gather(*(kept.append(b"h", b"x" * 1000 + b"%d" % n) for n in range(200)))

    assert len(set(bodies(Tail(tmp_path, Cursor())))) == 200
    await kept.close()


async def test_a_new_file_is_begun_when_one_is_full(tmp_path: Path) -> None:
    await fill(tmp_path, 100, segment_bytes=500)

    assert len(segments(tmp_path)) >= 8
    assert bodies(Tail(tmp_path, Cursor())) == [b"body %d" % n for n in range(100)]


async def test_a_new_file_is_begun_when_one_is_old(tmp_path: Path) -> None:
    kept = Spool(tmp_path, segment_bytes=MIB, limit_bytes=MIB, segment_age_s=0)
    for n in range(3):
        await kept.append(b"h", b"body %d" % n)
    await kept.close()

    assert len(segments(tmp_path)) == 3
    assert bodies(Tail(tmp_path, Cursor())) == [b"body %d" % n for n in range(3)]


async def test_a_reader_follows_while_the_writer_writes(tmp_path: Path) -> None:
    kept = spool(tmp_path, segment_bytes=2000)
    tail = Tail(tmp_path, Cursor())
    read: list[bytes] = []
    for n in range(100):
        await kept.append(b"h", b"%d" % n * 50)
        read += bodies(tail)
    await kept.close()

    assert read == [b"%d" % n * 50 for n in range(100)]


async def test_a_reader_goes_on_from_its_cursor(tmp_path: Path) -> None:
    await fill(tmp_path, 10)
    first = Tail(tmp_path, Cursor()).read()

    after = Tail(tmp_path, first[3].after)

    assert bodies(after) == [b"body %d" % n for n in range(4, 10)]


async def test_a_record_cut_short_by_a_crash_is_stepped_over(tmp_path: Path) -> None:
    await fill(tmp_path, 3)
    torn = segments(tmp_path)[0]
    os.truncate(torn, torn.stat().st_size - 2)
    await fill(tmp_path, 1)

    assert bodies(Tail(tmp_path, Cursor())) == [b"body 0", b"body 1", b"body 0"]


async def test_a_record_cut_short_is_waited_for_while_the_file_is_the_newest(
    tmp_path: Path,
) -> None:
    await fill(tmp_path, 2)
    path = segments(tmp_path)[0]
    whole = path.read_bytes()
    os.truncate(path, len(whole) - 2)
    tail = Tail(tmp_path, Cursor())
    before = bodies(tail)
    path.write_bytes(whole)

    assert before == [b"body 0"]
    assert bodies(tail) == [b"body 1"]


@pytest.mark.parametrize("place", SECOND_FRAME)
async def test_a_flipped_byte_costs_one_record_and_is_reported(tmp_path: Path, place: int) -> None:
    await fill(tmp_path, 5)
    path = segments(tmp_path)[0]
    data = bytearray(path.read_bytes())
    data[place] ^= 0xFF
    path.write_bytes(data)

    found = Tail(tmp_path, Cursor()).read()

    assert [f.record.body for f in found if isinstance(f, Placed)] == [
        b"body 0",
        *(b"body %d" % n for n in range(2, 5)),
    ]
    assert len([f for f in found if isinstance(f, Damaged)]) == 1


async def test_a_body_that_imitates_a_frame_is_not_taken_for_one(tmp_path: Path) -> None:
    await fill(tmp_path / "theirs", 1)
    forged = segments(tmp_path / "theirs")[0].read_bytes()[OPENING_BYTES:]
    kept = spool(tmp_path / "ours")
    await kept.append(b"h", b"before" + forged + b"after")
    await kept.append(b"h", b"good")
    await kept.close()
    path = segments(tmp_path / "ours")[0]
    data = bytearray(path.read_bytes())
    data[OPENING_BYTES] ^= 0xFF
    path.write_bytes(data)

    assert bodies(Tail(tmp_path / "ours", Cursor())) == [b"good"]


async def test_a_record_larger_than_a_segment_passes(tmp_path: Path) -> None:
    kept = spool(tmp_path, segment_bytes=MIB)
    large = os.urandom(9 * MIB)
    for body in (b"small", large, b"small again"):
        await kept.append(b"h", body)
    await kept.close()

    assert bodies(Tail(tmp_path, Cursor())) == [b"small", large, b"small again"]


async def test_a_full_spool_refuses_until_the_engine_has_taken_some(tmp_path: Path) -> None:
    kept = spool(tmp_path, limit_bytes=10_000)
    await kept.append(b"h", b"x" * 9000)
    with pytest.raises(SpoolFull):
        await kept.append(b"h", b"x" * 2000)

    Tail(tmp_path, Cursor()).read()[0].after.write(tmp_path)
    async with asyncio.timeout(5):
        while kept.backlog_bytes:
            await asyncio.sleep(0.05)

    await kept.append(b"h", b"x" * 2000)
    await kept.close()


async def test_a_folder_has_one_writer(tmp_path: Path) -> None:
    kept = spool(tmp_path)

    with pytest.raises(SpoolTaken, match="CONTEXTEN_VAR"):
        spool(tmp_path)

    await kept.close()
    await spool(tmp_path).close()


async def test_a_closed_spool_refuses(tmp_path: Path) -> None:
    kept = spool(tmp_path)
    await kept.close()

    with pytest.raises(SpoolClosed):
        await kept.append(b"h", b"late")


async def test_closing_waits_for_what_is_under_way(tmp_path: Path) -> None:
    kept = spool(tmp_path)
    late = [asyncio.create_task(kept.append(b"h", b"%d" % n)) for n in range(50)]
    await asyncio.sleep(0)
    await kept.close()
    await asyncio.gather(*late)

    assert len(bodies(Tail(tmp_path, Cursor()))) == 50


async def test_recent_records_are_found_again_after_a_restart(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    await fill(tmp_path, 3)
    again = spool(tmp_path)

    assert [r.body for r in again.recent(before)] == [b"body 0", b"body 1", b"body 2"]
    assert not list(again.recent(datetime.now(UTC)))
    await again.close()


async def test_an_append_given_up_meanwhile_disturbs_no_other(tmp_path: Path) -> None:
    kept = spool(tmp_path)
    given_up = asyncio.create_task(kept.append(b"h", b"given up"))
    stays = asyncio.create_task(kept.append(b"h", b"stays"))
    await asyncio.sleep(0)
    given_up.cancel()
    await stays
    await kept.close()

    assert b"stays" in bodies(Tail(tmp_path, Cursor()))


def test_a_damaged_cursor_means_the_beginning(tmp_path: Path) -> None:
    (tmp_path / "cursor.json").write_text('{"segment": "x"')

    assert Cursor.read(tmp_path) == Cursor()


@pytest.mark.parametrize("byte", range(OPENING_BYTES))
@pytest.mark.parametrize("count", [1, 5])
async def test_damage_to_the_opening_of_a_file_costs_no_record(
    tmp_path: Path, byte: int, count: int
) -> None:
    await fill(tmp_path, count)
    path = segments(tmp_path)[0]
    data = bytearray(path.read_bytes())
    data[byte] ^= 0x40
    path.write_bytes(data)

    found = Tail(tmp_path, Cursor()).read()

    assert [type(one) for one in found] == [Damaged, *[Placed] * count]
    assert bodies(Tail(tmp_path, Cursor())) == [b"body %d" % n for n in range(count)]
    assert bodies(Tail(tmp_path, found[0].after)) == [b"body %d" % n for n in range(count)]
