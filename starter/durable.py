"""The two places that make an acknowledgement durable: the spool, and the engine itself."""

import asyncio
from collections.abc import Awaitable, Callable

from temporalio.service import RPCError

from contexten.delivery import Event
from starter.answers import ENGINE_AWAY, Refused
from starter.door import Unacceptable
from starter.record import header_of
from starter.spool import Spool
from starter.start import Unstartable

Start = Callable[[Event, bytes], Awaitable[bool]]


class InSpool:
    """Deliveries are safe once they are on the disk; the feeder hands them to the engine."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    async def accept(self, event: Event, digest: str, body: bytes) -> None:
        """
        Keep *event* with its *body* on the disk.

        Raises:
            SpoolError: If it cannot be kept.
        """
        await self._spool.append(header_of(event, digest), body)


class InEngine:
    """Deliveries are safe once the engine has them: for doors without a disk that outlives them."""

    def __init__(self, start: Start, timeout_s: float) -> None:
        """
        Args:
            start: Starts a delivery's workflow; answers False if the engine had it already.
            timeout_s: Seconds the engine has.
        """
        self._start = start
        self._timeout_s = timeout_s

    async def accept(self, event: Event, digest: str, body: bytes) -> None:
        """
        Start the workflow of *event*.

        Raises:
            Refused: If the engine is away, too slow or not ready, or a large body cannot be kept.
            Unacceptable: If the engine says that it can never be started.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._start(event, body)
        except Unstartable as error:
            raise Unacceptable(f"the engine refused it: {error}") from error
        except (RPCError, OSError, RuntimeError) as error:
            raise Refused(ENGINE_AWAY) from error
