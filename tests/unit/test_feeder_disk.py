"""A disk that refuses holds the feeder up at most, as an engine that is away does."""

import asyncio
import errno
import os
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest
from feeding import Engine, a_feeder, append, opened, running, started
from waiting import until

from contexten.delivery import Event
from starter.cursor import Cursor
from starter.feeder import Feeder, Taken
from starter.spool import segments


def kept_whole(folder: Path) -> Callable[[], Awaitable[bool]]:
    """Whether the cursor in *folder* is behind everything that is there."""
    newest = segments(folder)[-1]

    async def condition() -> bool:
        return Cursor.read(folder) == Cursor(int(newest.stem), newest.stat().st_size)

    return condition


async def test_a_cursor_that_cannot_be_written_lags_and_holds_up_nothing(tmp_path: Path) -> None:
    spool, engine = opened(tmp_path / "spool"), Engine()
    in_the_way = tmp_path / "spool" / "cursor.json.new"
    async with running(a_feeder(tmp_path, engine)):
        in_the_way.mkdir()
        sent = await append(spool, 5)
        await until(started(engine, 5))
        lagging = Cursor.read(tmp_path / "spool")
        in_the_way.rmdir()
        await until(kept_whole(tmp_path / "spool"))
    await spool.close()

    assert (engine.started, lagging) == (sent, Cursor())


async def test_a_feeder_that_cannot_keep_its_cursor_can_be_stopped(tmp_path: Path) -> None:
    spool, engine = opened(tmp_path / "spool"), Engine()
    task = asyncio.create_task(a_feeder(tmp_path, engine).run())
    await append(spool, 1)
    await until(started(engine, 1))
    (tmp_path / "spool" / "cursor.json.new").mkdir(exist_ok=True)
    await append(spool, 1, first=1)
    await until(started(engine, 2))
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=10)
    await spool.close()

    assert [one.cancelled() for one in done] == [True]


async def test_what_is_refused_is_kept_aside_once_the_disk_takes_it(tmp_path: Path) -> None:
    spool, engine = opened(tmp_path / "spool"), Engine()
    engine.refuses = {"1"}
    in_the_way = tmp_path / "refused"
    in_the_way.touch()
    await append(spool, 5)
    async with running(a_feeder(tmp_path, engine)) as feeder:
        await until(started(engine, 4))
        before = feeder.counts[Taken.REFUSED]
        in_the_way.unlink()

        async def set_aside() -> bool:
            return feeder.counts[Taken.REFUSED] == 1

        await until(set_aside)
        await until(kept_whole(tmp_path / "spool"))
    await spool.close()

    assert before == 0
    assert len(segments(tmp_path / "refused")) == 1


async def test_while_nothing_is_refused_nothing_is_opened_for_it(tmp_path: Path) -> None:
    spool, engine = opened(tmp_path / "spool"), Engine()
    await append(spool, 3)
    async with running(a_feeder(tmp_path, engine)):
        await until(started(engine, 3))
    await spool.close()

    assert not (tmp_path / "refused").exists()


async def test_damage_is_kept_aside_once_the_disk_takes_it_for_nobody_else_to_read(
    tmp_path: Path,
) -> None:
    spool, engine = opened(tmp_path / "spool"), Engine()
    await append(spool, 10)
    await spool.close()
    path = segments(tmp_path / "spool")[0]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    aside = tmp_path / "spool" / "damaged"
    aside.touch()
    async with running(a_feeder(tmp_path, engine)):
        await until(started(engine, 9))
        aside.unlink()
        await until(kept_whole(tmp_path / "spool"))

    (kept,) = aside.iterdir()
    assert [oct(one.stat().st_mode & 0o777) for one in (aside, kept)] == ["0o700", "0o600"]


async def test_a_folder_that_cannot_be_held_is_held_once_it_can(tmp_path: Path) -> None:
    spool, engine = opened(tmp_path / "spool"), Engine()
    await append(spool, 3)
    in_the_way = tmp_path / "spool" / "feeder.lock"
    in_the_way.mkdir()
    tried = asyncio.create_task(a_feeder(tmp_path, engine).run())
    with pytest.raises(TimeoutError):
        await until(started(engine, 1), 0.2)
    in_the_way.rmdir()
    await until(started(engine, 3))
    tried.cancel()
    await asyncio.gather(tried, return_exceptions=True)
    await spool.close()

    assert engine.started == ["0", "1", "2"]


async def test_a_start_whose_body_finds_no_room_is_repeated(tmp_path: Path) -> None:
    spool, engine = opened(tmp_path / "spool"), Engine()
    full = [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) for _ in range(3)]

    async def start(event: Event, body: bytes) -> bool:
        if event.delivery_id == "1" and full:
            raise full.pop()
        return await engine.start(event, body)

    refused = partial(opened, tmp_path / "refused")
    sent = await append(spool, 5)
    async with running(Feeder(tmp_path / "spool", start, refused, in_flight=4, retention_s=1)):
        await until(started(engine, 5))
    await spool.close()

    assert sorted(engine.started) == sent
