"""An engine that is not ready for us yet costs no delivery; what it never takes is set aside."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from doors import issue, serving
from fakes import event
from temporalio.client import Client
from waiting import engine_answers, free_port, until

from contexten.delivery import Event, Triggers
from starter import attributes, engine
from starter.feeder import Feeder, Taken
from starter.order import Order
from starter.record import event_of, header_of
from starter.settings import MIB
from starter.spool import Spool, records, segments
from starter.start import Starter, Unstartable, start
from workflows.attributes import CONTEXT_KEY

IMPATIENT_S = 0.2


@asynccontextmanager
async def serving_engine(folder: Path, without: Callable[[str], bool]) -> AsyncIterator[str]:
    """The address of an engine that lacks the search attributes of which *without* says so."""
    port = free_port()
    line = engine.command(folder / "temporal.db", port=port, ui_port=free_port())
    for place in reversed(range(len(line))):
        if line[place] == "--search-attribute" and without(line[place + 1].partition("=")[0]):
            del line[place : place + 2]
    with (folder / "engine.log").open("wb") as log:
        server = subprocess.Popen(line, stdout=log, stderr=log)
    try:
        await engine_answers(f"127.0.0.1:{port}")
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
async def bare(tmp_path: Path) -> AsyncIterator[str]:
    """The address of an engine without any search attribute of ours."""
    async with serving_engine(tmp_path, lambda _: True) as address:
        yield address


@pytest.fixture
async def contextless(tmp_path: Path) -> AsyncIterator[str]:
    """The address of an engine that takes no delivery about a context, and all others."""
    async with serving_engine(tmp_path, lambda name: name == CONTEXT_KEY.name) as address:
        yield address


def opened(folder: Path) -> Spool:
    return Spool(folder, segment_bytes=MIB, limit_bytes=64 * MIB)


@asynccontextmanager
async def feeding(folder: Path, address: str, events: list[Event]) -> AsyncIterator[Feeder]:
    """A feeder at work on a spool with *events*."""
    spool = opened(folder / "spool")
    for one in events:
        await spool.append(header_of(one, "digest"), b"{}")
    client = await Client.connect(address)
    starter = Starter(client, Triggers(), Order(), eager=False, patience_s=IMPATIENT_S)
    refused = partial(opened, folder / "refused")
    feeder = Feeder(folder / "spool", starter, refused, in_flight=4, retention_s=900)
    running = asyncio.create_task(feeder.run())
    try:
        yield feeder
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await spool.close()


def taken(feeder: Feeder, what: Taken, count: int) -> Callable[[], Awaitable[bool]]:
    async def condition() -> bool:
        return feeder.counts[what] >= count

    return condition


def set_aside(folder: Path) -> list[str]:
    found = [record for path in segments(folder / "refused") for record in records(path)]
    return [event_of(record.header).delivery_id for record in found]


async def test_search_attributes_can_be_used_once_they_were_made(bare: str) -> None:
    client = await Client.connect(bare)

    made = await attributes.ensure(client)

    assert CONTEXT_KEY.name in made
    assert all([await start(client, event(), b"{}", eager=False) for _ in range(20)])


async def test_what_an_engine_is_not_ready_for_is_started_once_it_is(
    bare: str, tmp_path: Path
) -> None:
    events = [replace(event(), context=f"github/octo/hello#{n}") for n in range(10)]
    async with feeding(tmp_path, bare, events) as feeder:
        with pytest.raises(TimeoutError):
            await until(taken(feeder, Taken.REFUSED, 1), 10 * IMPATIENT_S)
        await attributes.ensure(await Client.connect(bare))
        await until(taken(feeder, Taken.STARTED, len(events)))

    assert feeder.counts == {Taken.STARTED: 10, Taken.DUPLICATE: 0, Taken.REFUSED: 0}
    assert set_aside(tmp_path) == []


async def test_those_refused_while_others_start_well_are_set_aside_in_time_and_hold_up_nothing(
    contextless: str, tmp_path: Path
) -> None:
    refused = [replace(event(), context=f"github/octo/hello#{n}") for n in range(6)]
    well = [replace(event(), context=None) for _ in range(3)]
    async with feeding(tmp_path, contextless, [*refused, *well]) as feeder:
        await until(taken(feeder, Taken.STARTED, len(well)))
        await until(taken(feeder, Taken.REFUSED, len(refused)))

    assert sorted(set_aside(tmp_path)) == sorted(one.delivery_id for one in refused)


async def test_a_crowd_behind_one_that_is_refused_holds_up_nothing(
    contextless: str, tmp_path: Path
) -> None:
    crowd = [replace(event(), context="github/octo/hello#1") for _ in range(8)]
    async with feeding(tmp_path, contextless, [*crowd, replace(event(), context=None)]) as feeder:
        await until(taken(feeder, Taken.STARTED, 1))
        await until(taken(feeder, Taken.REFUSED, 1))

    assert set(set_aside(tmp_path)) <= {one.delivery_id for one in crowd}


async def test_what_is_too_large_for_any_engine_is_never_tried_again(bare: str) -> None:
    client = await Client.connect(bare)
    await attributes.ensure(client)
    nameless = replace(event(), delivery_id="x" * 2000)

    with pytest.raises(Unstartable, match="exceeds"):
        await start(client, nameless, b"{}", eager=False)


async def test_a_door_that_leans_on_an_engine_not_ready_yet_says_come_back(
    bare: str, tmp_path: Path
) -> None:
    async with serving(tmp_path, DURABILITY="engine", TEMPORAL_ADDRESS=bare) as door:
        before = await asyncio.to_thread(door.deliver, issue(1), "a-1")
        await attributes.ensure(await Client.connect(bare))
        after = await asyncio.to_thread(door.deliver, issue(1), "a-1")
        quarantined = door.get("/readyz").json()["quarantined"]

    assert (before.status_code, after.status_code, quarantined) == (503, 202, 0)
    assert int(before.headers["retry-after"]) > 0
