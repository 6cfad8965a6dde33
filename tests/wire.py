"""HTTP as bytes on a connection, for senders such as no client library would be."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from doors import Headers, Running

GONE = (ConnectionResetError, BrokenPipeError)


@dataclass(frozen=True, slots=True)
class Said:
    """One answer off the wire."""

    status: int
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Wire:
    """A connection to a door."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        """Send *data*; what the door no longer takes is dropped."""
        with suppress(*GONE):
            self.writer.write(data)
            await self.writer.drain()

    async def trickle(self, data: bytes, every_s: float) -> None:
        """Send *data* byte by byte until all is sent or the door has closed."""
        for at in range(len(data)):
            if self.reader.at_eof() or self.writer.is_closing():
                return
            await self.send(data[at : at + 1])
            await asyncio.sleep(every_s)

    async def answer(self) -> Said:
        """The next answer."""
        raw = await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = raw.decode("latin-1").strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return Said(int(first.split()[1]), headers, body)

    async def rest(self) -> bytes:
        """Everything that still comes until the door closes."""
        data = b""
        with suppress(*GONE):
            while more := await self.reader.read(65_536):
                data += more
        return data


@asynccontextmanager
async def wire(door: Running) -> AsyncIterator[Wire]:
    """A new connection to *door*, torn down with the ``with``."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()
        with suppress(*GONE):
            await writer.wait_closed()


def head(headers: Headers, path: str = "/github/events", method: str = "POST") -> bytes:
    """The head of a request, blank line and all."""
    lines = [f"{method} {path} HTTP/1.1", "host: door", *(f"{n}: {v}" for n, v in headers.items())]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1")


def request(body: bytes, headers: Headers, path: str = "/github/events") -> bytes:
    """A whole request whose length is announced."""
    return head({**headers, "content-length": str(len(body))}, path) + body


def chunked(body: bytes, size: int) -> bytes:
    """*body* in chunks of *size* bytes, the last one included."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in [*pieces, b""])
