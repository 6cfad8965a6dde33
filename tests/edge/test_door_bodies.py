"""However large or oddly framed a request is, the door reads no more of it than it must."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from doors import Running, github, issue, served, serving
from waiting import until
from wire import chunked, head, request, wire

from starter.settings import MIB

LIMIT = 25 * MIB
SMALL_LIMIT = 2 * MIB
ENOUGH = 32 * MIB
BODY = issue()
CHUNKED = {"transfer-encoding": "chunked"}


def of_size(size: int) -> bytes:
    """A good body of *size* bytes."""
    return issue(note="x" * (size - len(issue(note=""))))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A door with little room for bodies."""
    folder = tmp_path_factory.mktemp("small")
    with served(folder, BODY_LIMIT_BYTES=SMALL_LIMIT, BODY_MEMORY_BYTES=2 * SMALL_LIMIT) as door:
        yield door


def test_a_body_of_the_very_limit_is_taken_and_one_byte_more_is_not(shared_door: Running) -> None:
    largest, larger = of_size(LIMIT), of_size(LIMIT + 1)

    taken = shared_door.deliver(largest, "largest")
    refused = shared_door.deliver(larger, "larger")

    assert (taken.status_code, refused.status_code) == (202, 413)
    assert [body for event, body in shared_door.spooled() if event.delivery_id[:5] == "large"] == [
        largest
    ]


async def test_a_body_announced_too_large_is_refused_unread(shared_door: Running) -> None:
    async with wire(shared_door) as line:
        await line.send(head({**github(BODY), "content-length": str(LIMIT + 1)}))
        said = await line.answer()

    assert said.status == 413


async def test_a_body_of_unknown_length_is_refused_once_it_is_too_large(small: Running) -> None:
    before = small.memory_bytes()
    async with wire(small) as line:
        await line.send(head({**github(BODY), **CHUNKED}))
        for _ in range(3):
            await line.send(b"%x\r\n%b\r\n" % (MIB, b"x" * MIB))
        said = await line.answer()

    assert said.status == 413
    assert small.memory_bytes() - before < 3 * SMALL_LIMIT


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_a_body_in_chunks_is_taken_as_one(small: Running, size: int) -> None:
    body = issue(size)
    async with wire(small) as line:
        await line.send(head({**github(body, f"chunks-{size}"), **CHUNKED}) + chunked(body, size))
        said = await line.answer()

    assert said.status == 202
    kept = {event.delivery_id: body for event, body in small.spooled()}
    assert kept[f"chunks-{size}"] == body


WHOLE = request(BODY, github(BODY))
NO_LENGTH = head(github(BODY))[:-2]


@pytest.mark.parametrize(
    "data",
    [
        NO_LENGTH + b"\r\n" + BODY,
        NO_LENGTH + b"content-length: -1\r\n\r\n" + BODY,
        NO_LENGTH + b"content-length: 1e3\r\n\r\n" + BODY,
        NO_LENGTH + b"content-length: 99999999999999999999999\r\n\r\n" + BODY,
        NO_LENGTH + b"content-length: 5\r\ncontent-length: 6\r\n\r\n" + BODY,
        NO_LENGTH + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n" + chunked(BODY, 9),
        request(BODY[:-1], github(BODY)) + BODY[-1:],
        NO_LENGTH + b"transfer-encoding: chunked\r\n\r\nzz\r\n",
        NO_LENGTH + b"x-name: a\0b\r\n\r\n",
        NO_LENGTH + b"x-name : b\r\n\r\n",
        NO_LENGTH + b"x-name: a\r\n b\r\n\r\n",
        WHOLE.replace(b"\r\n", b"\n"),
        WHOLE.replace(b"POST", b"BREW"),
        WHOLE.replace(b"/github", "/g\xfcthub".encode("latin-1")),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT a:80 HTTP/1.1\r\nhost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
        b"\0" * 100,
    ],
)
async def test_what_is_no_request_is_a_400_and_the_end(shared_door: Running, data: bytes) -> None:
    async with wire(shared_door) as line:
        await line.send(data)
        said = await line.answer()
        await line.rest()

    assert said.status in {400, 401}
    assert "Traceback" not in shared_door.log()


async def test_a_body_shorter_than_announced_is_no_delivery(door: Running) -> None:
    async with wire(door) as line:
        await line.send(WHOLE[:-1])

    async def forgotten() -> bool:
        return door.counted("gone") == 1

    await until(forgotten)
    assert door.spooled() == []


async def test_requests_sent_at_once_are_answered_in_turn(door: Running) -> None:
    bodies = [issue(n) for n in range(5)]
    async with wire(door) as line:
        await line.send(b"".join(request(b, github(b, f"p-{n}")) for n, b in enumerate(bodies)))
        said = [(await line.answer()).body for _ in bodies]

    assert said == [b'{"status":"accepted","id":"github/p-%d"}' % n for n in range(5)]
    assert [event.delivery_id for event, _ in door.spooled()] == [f"p-{n}" for n in range(5)]


GREEDY = {
    "one header": (head({"host": "door"})[:-2] + b"x-name: ", b"x" * 10_000),
    "an address": (b"POST /", b"x" * 10_000),
    "many headers": (head({"host": "door"})[:-2], b"x-name: value\r\n" * 1000),
    "the same header": (head({"host": "door"})[:-2], b"a:\r\n" * 4000),
    "trailers": (head(CHUNKED) + b"0\r\n", b"x-name: value\r\n" * 1000),
    "trailers after a large body": (
        head(CHUNKED) + b"%x\r\n%b\r\n0\r\n" % (2 * ENOUGH, b"x" * 2 * ENOUGH),
        b"x-name: value\r\n" * 1000,
    ),
    "the name of a trailer": (head(CHUNKED) + b"0\r\n", b"x" * 10_000),
    "the extension of a chunk": (head(CHUNKED) + b"1;", b"x" * 10_000),
}


@pytest.mark.parametrize("what", GREEDY)
async def test_headers_without_end_are_cut_off(shared_door: Running, what: str) -> None:
    first, more = GREEDY[what]
    async with wire(shared_door) as line:
        await line.send(first)
        sent = 0
        while sent < ENOUGH and not line.writer.is_closing() and not line.reader.at_eof():
            await line.send(more)
            sent += len(more)
        await line.rest()

    assert sent < ENOUGH


def test_headers_that_come_at_once_may_not_be_large_either(shared_door: Running) -> None:
    some = shared_door.post("/github/events", BODY, github(BODY) | {"x-note": "x" * 60_000})
    more = shared_door.post("/github/events", BODY, github(BODY) | {"x-note": "x" * 66_000})

    assert (some.status_code, more.status_code) == (202, 400)


async def test_bodies_that_do_not_fit_together_are_shed_and_the_room_is_given_back(
    small: Running,
) -> None:
    announced = head({**github(b""), "content-length": str(SMALL_LIMIT)})
    async with AsyncExitStack() as held:
        lines = [await held.enter_async_context(wire(small)) for _ in range(5)]
        for line in lines:
            await line.send(announced + b"x" * (SMALL_LIMIT - 1))
        await until(lambda: has_shed(small, 3))
        for line in lines:
            await line.send(b"x")
        said = [await line.answer() for line in lines]

    assert sorted(one.status for one in said) == [401, 401, 429, 429, 429]
    assert all("retry-after" in one.headers for one in said if one.status == 429)
    await until(lambda: holds_nothing(small))


async def has_shed(door: Running, count: int) -> bool:
    return door.counted("shed") == count


async def holds_nothing(door: Running) -> bool:
    """Whether no body takes room in *door* any more."""
    return "contexten_door_body_bytes 0.0" in door.get("/metrics").text


async def test_many_large_bodies_take_no_more_memory_than_allowed(tmp_path: Path) -> None:
    async with serving(tmp_path, BODY_MEMORY_BYTES=32 * MIB) as door:
        before = door.memory_bytes()
        async with AsyncExitStack() as held:
            lines = [await held.enter_async_context(wire(door)) for _ in range(20)]
            announced = {**github(BODY), "content-length": str(8 * MIB)}
            await asyncio.gather(
                *(line.send(head(announced) + b"x" * (8 * MIB - 1)) for line in lines)
            )
            await until(lambda: has_shed(door, 16))
            grown = door.memory_bytes() - before

    assert grown < 80 * MIB
