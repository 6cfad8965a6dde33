"""The load generator sends what it says it sends, and counts what comes back."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bench.load import Job, do, records
from bench.payload import BODY_BYTES, SECRET, Deliveries, delivery_id, issue_of, number_in
from contexten.signature import github_genuine

WELL = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Receiver:
    """A server that keeps all it is sent, answers as told, and may hang up after each answer."""

    answer: bytes = WELL
    hangs_up: bool = False
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.decode().strip().split("\r\n")[1:]
                headers = dict(line.lower().split(": ", 1) for line in lines)
                self.got.append((headers, await reader.readexactly(int(headers["content-length"]))))
                writer.write(self.answer)
                if self.hangs_up:
                    writer.close()
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


async def test_each_delivery_is_genuine_and_its_own(receiver: Receiver) -> None:
    seen = await do(Job(receiver.port, connections=4, most=20, first=70, action="labeled"))

    assert seen.answered == 20
    assert seen.refused == 0
    ids = {headers["x-github-delivery"] for headers, _ in receiver.got}
    assert ids == {delivery_id(number) for number in range(70, 90)}
    for headers, body in receiver.got:
        number = number_in(headers["x-github-delivery"])
        assert github_genuine([SECRET.encode()], headers["x-hub-signature-256"].encode(), body)
        assert len(body) == BODY_BYTES
        assert json.loads(body)["issue"]["number"] == issue_of(number)
        assert json.loads(body)["action"] == "labeled"


async def test_connections_that_are_kept_are_kept(receiver: Receiver) -> None:
    await do(Job(receiver.port, "keep", connections=4, most=40))

    assert receiver.connections == 4


async def test_a_burst_opens_a_connection_for_each_delivery(receiver: Receiver) -> None:
    seen = await do(Job(receiver.port, "bursts", connections=8, seconds=0.1))

    assert seen.answered == 8
    assert receiver.connections == 8
    assert {headers["connection"] for headers, _ in receiver.got} == {"close"}


async def test_refusals_are_told_from_answers(receiver: Receiver) -> None:
    receiver.answer = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"

    seen = await do(Job(receiver.port, connections=2, most=6))

    assert (seen.answered, seen.refused, seen.rate) == (0, 6, 0)


async def test_a_connection_that_breaks_counts_as_refused(receiver: Receiver) -> None:
    receiver.answer, receiver.hangs_up = b"", True

    seen = await do(Job(receiver.port, connections=2, most=6))

    assert (seen.answered, seen.refused) == (0, 6)


async def test_what_is_paced_is_due_at_a_steady_rate(receiver: Receiver, tmp_path: Path) -> None:
    kept = tmp_path / "kept"

    job = Job(receiver.port, "paced", 2, rate=50, most=25, first=5, records=str(kept))

    seen = await do(job)

    sent = [due for _, (due, _) in sorted(records(kept).items())]
    assert seen.answered == len(sent) == 25
    assert min(records(kept)) == 5
    assert all(abs(later - earlier - 0.02) < 1e-3 for earlier, later in pairwise(sent))
    assert all(answered >= due for due, answered in records(kept).values())


async def test_a_connection_that_rested_too_long_is_made_anew(receiver: Receiver) -> None:
    receiver.hangs_up = True

    seen = await do(Job(receiver.port, "paced", 1, rate=50, most=5))

    assert (seen.answered, seen.refused) == (5, 0)
    assert receiver.connections == 5


def test_a_request_is_as_long_as_it_says() -> None:
    head, _, body = Deliveries(80).request(123_456_789).partition(b"\r\n\r\n")

    assert f"Content-Length: {len(body)}".encode() in head
    assert len(body) == BODY_BYTES


@pytest.mark.parametrize("mode", ["keep", "bursts", "paced"])
async def test_a_round_that_was_over_before_it_could_begin_has_a_delivery(
    receiver: Receiver, mode: Any
) -> None:
    assert (await do(Job(receiver.port, mode, seconds=0.0))).answered >= 1
