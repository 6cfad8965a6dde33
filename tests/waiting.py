"""Free ports, and waiting for a condition instead of for seconds."""

import asyncio
import socket
from collections.abc import Awaitable, Callable


def free_port() -> int:
    """A port that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def until(
    condition: Callable[[], Awaitable[object]], timeout_s: float = 30.0, every_s: float = 0.02
) -> None:
    """Return once *condition* holds; fail if it does not within *timeout_s* seconds."""
    async with asyncio.timeout(timeout_s):
        while not await condition():
            await asyncio.sleep(every_s)
