"""How much of a body is read, and how much all bodies under way may take together."""

from collections.abc import Awaitable, Callable, MutableMapping
from types import TracebackType
from typing import Any, Self

from starter.answers import SHED, TOO_LARGE, Gone, Refused

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class BodyMemory:
    """
    The memory that bodies under way may take together.

    Attributes:
        taken_bytes: What they take now.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self.taken_bytes = 0

    def take(self, size: int) -> None:
        """
        Count *size* bytes more.

        Raises:
            Refused: If that is too much.
        """
        if self.taken_bytes + size > self._limit_bytes:
            raise Refused(SHED)
        self.taken_bytes += size

    def give_back(self, size: int) -> None:
        """Count *size* bytes less."""
        self.taken_bytes -= size


class Body:
    """One request's body; what it takes is given back when the ``with`` ends."""

    __slots__ = ("_limit_bytes", "_memory", "_taken")

    def __init__(self, memory: BodyMemory, limit_bytes: int) -> None:
        self._memory = memory
        self._limit_bytes = limit_bytes
        self._taken = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._memory.give_back(self._taken)

    async def read(self, receive: Receive) -> bytes:
        """
        The whole body.

        Raises:
            Refused: If it is too large, or all bodies together are.
            Gone: If the sender went away in the middle.
        """
        data, more = await self._next(receive)
        if not more:
            return data
        chunks = [data]
        while more:
            data, more = await self._next(receive)
            chunks.append(data)
        return b"".join(chunks)

    async def _next(self, receive: Receive) -> tuple[bytes, bool]:
        message = await receive()
        if message["type"] != "http.request":
            raise Gone
        data: bytes = message.get("body", b"")
        if self._taken + len(data) > self._limit_bytes:
            raise Refused(TOO_LARGE)
        self._memory.take(len(data))
        self._taken += len(data)
        return data, message.get("more_body", False)
