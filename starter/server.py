"""
The server under the door: uvicorn, made to stand slow and too many connections.

A request must have arrived whole within a time, whatever trickles in meanwhile; a
connection on which nothing is asked is closed after the same time. What is no body, such
as headers and the framing of chunks, may be a little: the parser would keep any amount.
"""

import asyncio
import contextlib
import resource
import socket
from collections.abc import Iterator
from itertools import chain
from typing import Any, cast

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

BACKLOG = 4096
MOST_CONNECTIONS = 4096
KEPT_FOR_OURSELVES = 128
SWEEP_EVERY_S = 0.5
MOST_HEADING_BYTES = 64 * 1024
HEADING_TOO_LARGE = "the headers are too large"
CLOSING = b"content-length: 0\r\nconnection: close\r\n\r\n"
FULL = b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 5\r\n" + CLOSING
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\n" + CLOSING


class BoundedProtocol(HttpToolsProtocol):
    """
    One connection.

    Attributes:
        waiting_since: Since when the rest of a request, or a next one, is waited for, by the
            loop's clock; None while we are the ones who work.
        arriving: Whether a request has begun to arrive, and not yet its body.
        framing_bytes: What arrived of the request besides its body, less as much again as
            the body before it, but never below 0: a body buys no room for what follows it.
        most_connections: As many are open at most; the next is told so and closed.
    """

    waiting_since: float | None = None
    arriving = False
    framing_bytes = 0
    most_connections = MOST_CONNECTIONS

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, unless there are too many already."""
        super().connection_made(cast(asyncio.Transport, transport))
        self.waiting_since = self.loop.time()
        if len(self.connections) > self.most_connections:
            self.transport.write(FULL)
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Take in what has come, unless it is no end of headers."""
        self.framing_bytes += len(data)
        super().data_received(data)
        if self.framing_bytes > MOST_HEADING_BYTES and not self.transport.is_closing():
            self.send_400_response(HEADING_TOO_LARGE)

    def on_message_begin(self) -> None:
        """The first bytes of a request are here."""
        super().on_message_begin()
        self.arriving = True
        self.waiting_since = self.loop.time()

    def on_headers_complete(self) -> None:
        """
        The headers are here.

        Raises:
            ValueError: If they are too large; the parser turns it into a 400.
        """
        if sum(map(len, chain.from_iterable(self.headers))) > MOST_HEADING_BYTES:
            raise ValueError(HEADING_TOO_LARGE)
        self.arriving = False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body is here."""
        self.framing_bytes = max(0, self.framing_bytes - 2 * len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request has arrived whole."""
        super().on_message_complete()
        self.framing_bytes = 0
        answered = self.cycle is None or self.cycle.response_complete
        self.waiting_since = self.loop.time() if answered else None

    def on_response_complete(self) -> None:
        """A request is answered; it may not have arrived whole, and then its time runs on."""
        super().on_response_complete()
        if self.waiting_since is None:
            self.waiting_since = self.loop.time()

    def close_if_slow(self, before: float) -> bool:
        """Close if the sender has kept us waiting since *before* or longer."""
        if self.waiting_since is None or self.waiting_since > before:
            return False
        if self._owed_an_answer():
            self.transport.write(TOO_SLOW)
        self.transport.abort()
        return True

    def _owed_an_answer(self) -> bool:
        """Whether a request has begun to arrive, and nothing was answered to it yet."""
        if self.arriving:
            return self.cycle is None or bool(self.cycle.response_complete)
        return self.cycle is not None and not self.cycle.response_started


class DoorServer(uvicorn.Server):
    """
    The server. Signals are the caller's business: :meth:`stop` begins the shutdown.

    Attributes:
        slow_closed: Connections closed because they were slow.
    """

    def __init__(self, config: uvicorn.Config, slow_request_timeout_s: float) -> None:
        super().__init__(config)
        self._slow_request_timeout_s = slow_request_timeout_s
        self.slow_closed = 0

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    def stop(self) -> None:
        """Listen no more, finish what is under way, and end."""
        self.should_exit = True

    async def sweep(self) -> None:
        """Close slow connections until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            before = loop.time() - self._slow_request_timeout_s
            for one in list(self.server_state.connections):
                self.slow_closed += cast(BoundedProtocol, one).close_if_slow(before)


def most_connections() -> int:
    """As many connections as our files allow, with room for our own."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(MOST_CONNECTIONS, max(1, files - KEPT_FOR_OURSELVES))


def server(app: FastAPI, *, slow_request_timeout_s: float, shutdown_timeout_s: float) -> DoorServer:
    """A server of *app*, to be run on a listening socket."""
    protocol: Any = type("Protocol", (BoundedProtocol,), {"most_connections": most_connections()})
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=max(1, int(slow_request_timeout_s)),
        timeout_graceful_shutdown=cast(int, shutdown_timeout_s),
    )
    return DoorServer(config, slow_request_timeout_s)


def listening(host: str, port: int) -> socket.socket:
    """
    A listening socket on *port* of *host*; 0 takes a free one.

    Raises:
        OSError: If the port is taken, or the host is none of ours.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    sock = socket.socket(family, kind, protocol)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(address)
    sock.listen(BACKLOG)
    return sock
