"""The feeder hands over everything, in order, once the engine will have it."""

import asyncio
from functools import partial
from pathlib import Path

import pytest
from feeding import Engine, a_feeder, append, opened, running, started
from structlog.testing import capture_logs
from temporalio.service import RPCError, RPCStatusCode
from waiting import until

from contexten.delivery import Event
from starter.cursor import Cursor
from starter.feeder import Feeder, Taken
from starter.progress import Progress
from starter.spool import segments


async def test_hands_over_in_order_of_arrival(tmp_path: Path) -> None:
    spool, engine = opened(tmp_path / "spool"), Engine()
    async with running(a_feeder(tmp_path, engine)):
        sent = await append(spool, 200)
        await until(started(engine, 200))
    await spool.close()

    assert engine.started == sent


async def test_never_has_more_starts_under_way_than_allowed(tmp_path: Path) -> None:
    spool, engine = opened(tmp_path / "spool"), Engine()
    await append(spool, 100)
    async with running(a_feeder(tmp_path, engine, in_flight=4)):
        await until(started(engine, 100))
    await spool.close()

    assert 1 < engine.most_under_way <= 4


async def test_waits_for_an_engine_that_is_away_and_loses_nothing(tmp_path: Path) -> None:
    spool, engine = opened(tmp_path / "spool"), Engine()
    engine.away = True
    async with running(a_feeder(tmp_path, engine)):
        sent = await append(spool, 20)

        async def tried() -> bool:
            return engine.most_under_way > 0

        await until(tried)
        assert Cursor.read(tmp_path / "spool") == Cursor()
        engine.away = False
        await until(started(engine, 20))
    await spool.close()

    assert sorted(engine.started, key=int) == sent


async def test_why_it_waits_is_said_once_and_not_at_every_attempt(tmp_path: Path) -> None:
    spool, tried = opened(tmp_path / "spool"), []
    said = ["no connection", "no connection", "no connection", "too busy"]

    async def start(event: Event, body: bytes) -> bool:
        tried.append(event.delivery_id)
        if said:
            raise RPCError(said.pop(0), RPCStatusCode.UNAVAILABLE, b"")
        return True

    async def all_tried() -> bool:
        return len(tried) == 5

    await append(spool, 1)
    feeder = Feeder(
        tmp_path / "spool", start, partial(opened, tmp_path / "refused"), in_flight=1, retention_s=9
    )
    with capture_logs() as logged:
        async with running(feeder):
            await until(all_tried)
    await spool.close()

    assert [one["reason"] for one in logged] == ["no connection", "too busy"]


async def test_goes_on_where_it_stopped(tmp_path: Path) -> None:
    spool, engine = opened(tmp_path / "spool"), Engine()
    await append(spool, 30)
    async with running(a_feeder(tmp_path, engine)) as first:
        await until(started(engine, 30))
    later = await append(spool, 5, first=30)
    async with running(a_feeder(tmp_path, engine)) as second:
        await until(started(engine, 35))
    await spool.close()

    assert first.counts[Taken.STARTED] == 30
    assert second.counts[Taken.STARTED] == 5
    assert engine.started[30:] == later


async def test_what_the_engine_refuses_is_kept_aside_and_holds_up_nothing(tmp_path: Path) -> None:
    spool, engine = opened(tmp_path / "spool"), Engine()
    engine.refuses = {"3"}
    await append(spool, 10)
    async with running(a_feeder(tmp_path, engine)) as one:

        async def refused() -> bool:
            return one.counts[Taken.REFUSED] == 1

        await until(started(engine, 9))
        await until(refused)
    await spool.close()

    assert [path.stat().st_size > 0 for path in segments(tmp_path / "refused")] == [True]


async def test_a_record_without_a_readable_header_is_kept_aside(tmp_path: Path) -> None:
    spool, engine = opened(tmp_path / "spool"), Engine()
    await spool.append(b"not json", b"{}")
    sent = await append(spool, 3)
    async with running(a_feeder(tmp_path, engine)):
        await until(started(engine, 3))
    await spool.close()

    assert engine.started == sent
    assert len(segments(tmp_path / "refused")) == 1


async def test_damage_is_kept_aside_and_the_rest_handed_over(tmp_path: Path) -> None:
    spool, engine = opened(tmp_path / "spool"), Engine()
    sent = await append(spool, 10)
    await spool.close()
    path = segments(tmp_path / "spool")[0]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    async with running(a_feeder(tmp_path, engine)):
        await until(started(engine, 9))

    assert len(set(sent) - set(engine.started)) == 1
    assert len(list((tmp_path / "spool" / "damaged").iterdir())) == 1


async def test_of_two_feeders_one_feeds_and_the_other_takes_over(tmp_path: Path) -> None:
    spool, engine, other = opened(tmp_path / "spool"), Engine(), Engine()
    await append(spool, 5)
    async with running(a_feeder(tmp_path, engine)):
        await until(started(engine, 5))
        waiting = asyncio.create_task(a_feeder(tmp_path, other).run())
    await append(spool, 5, first=5)
    await until(started(other, 5))
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await spool.close()

    assert engine.started == ["0", "1", "2", "3", "4"]
    assert other.started == ["5", "6", "7", "8", "9"]


async def test_after_the_machine_was_started_anew_what_was_taken_lately_is_gone_over_again(
    tmp_path: Path,
) -> None:
    spool, engine = opened(tmp_path / "spool"), Engine()
    await append(spool, 5)
    async with running(a_feeder(tmp_path, engine)):
        await until(started(engine, 5))
    (tmp_path / "spool" / "boot").write_text("another boot")
    engine.started.clear()
    async with running(a_feeder(tmp_path, engine)):
        await until(started(engine, 5))
    await spool.close()

    assert engine.started == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("status", [RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED])
async def test_a_start_without_an_answer_is_repeated(tmp_path: Path, status: RPCStatusCode) -> None:
    spool, engine = opened(tmp_path / "spool"), Engine()
    failures = [RPCError("late", status, b"")]

    async def start(event: Event, body: bytes) -> bool:
        await engine.start(event, body)
        if failures:
            raise failures.pop()
        return False

    one = Feeder(
        tmp_path / "spool", start, partial(opened, tmp_path / "refused"), in_flight=1, retention_s=1
    )
    async with running(one):
        await append(spool, 1)

        async def taken() -> bool:
            return one.counts[Taken.DUPLICATE] == 1

        await until(taken)
    await spool.close()

    assert engine.started == ["0"]


async def test_a_start_that_dies_is_begun_again_by_the_next_feeder(tmp_path: Path) -> None:
    spool, engine = opened(tmp_path / "spool"), Engine()
    broken = [ZeroDivisionError("a fault of ours")]

    async def start(event: Event, body: bytes) -> bool:
        if event.delivery_id == "3" and broken:
            await until(started(engine, 9))
            raise broken.pop()
        return await engine.start(event, body)

    def one() -> Feeder:
        refused = partial(opened, tmp_path / "refused")
        return Feeder(tmp_path / "spool", start, refused, in_flight=4, retention_s=1)

    sent = await append(spool, 10)
    with pytest.raises(ZeroDivisionError, match="of ours"):
        await asyncio.wait_for(one().run(), 10)
    async with running(one()):
        await until(started(engine, 10))
    await spool.close()

    assert sorted(engine.started, key=int) == sent


async def test_starts_cancelled_from_outside_are_begun_again_by_the_next_feeder(
    tmp_path: Path,
) -> None:
    spool, engine = opened(tmp_path / "spool"), Engine()
    stuck = asyncio.Event()

    async def start(event: Event, body: bytes) -> bool:
        stuck.set()
        await asyncio.Event().wait()
        return True

    refused = partial(opened, tmp_path / "refused")
    first = Feeder(tmp_path / "spool", start, refused, in_flight=4, retention_s=1)
    sent = await append(spool, 10)
    ours = asyncio.all_tasks()
    task = asyncio.create_task(first.run())
    await asyncio.wait_for(stuck.wait(), 10)
    for each in asyncio.all_tasks() - ours - {task}:
        each.cancel()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with running(a_feeder(tmp_path, engine)):
        await until(started(engine, 10))
    await spool.close()

    assert engine.started == sent


async def test_a_crash_right_after_the_machine_was_started_anew_ends_no_going_over(
    tmp_path: Path,
) -> None:
    spool, engine = opened(tmp_path / "spool"), Engine()
    await append(spool, 5)
    async with running(a_feeder(tmp_path, engine)):
        await until(started(engine, 5))
    (tmp_path / "spool" / "boot").write_text("another boot")
    engine.started.clear()

    Progress(tmp_path / "spool", 900)  # and here the power fails
    async with running(a_feeder(tmp_path, engine)):
        await until(started(engine, 5))
    await spool.close()

    assert len(engine.started) == 5
