"""One connection of the load generator: requests go out as bytes, statuses come back."""

import asyncio


class Connection(asyncio.Protocol):
    """One connection to the receiver, with one request on it at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Future[int] | None = None
        self._got = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It stands."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """A part of an answer came."""
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        if found and len(body) >= length_in(head):
            self._got = b""
            self._settle(int(head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone; what was under way is not answered."""
        self.transport = None
        self._settle(0)

    def _settle(self, status: int) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(status)

    async def ask(self, request: bytes) -> int:
        """Send *request*; the status that came back, 0 if none did."""
        if self.transport is None or self.transport.is_closing():
            return 0
        self._waiting = self._loop.create_future()
        self.transport.write(request)
        return await self._waiting

    def close(self) -> None:
        """Let go of it."""
        if self.transport is not None:
            self.transport.close()


def length_in(head: bytes) -> int:
    """The ``Content-Length`` that *head* names; 0 if none."""
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0
