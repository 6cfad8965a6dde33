"""Free ports, and waiting for a condition instead of for seconds."""

import asyncio
import random
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress


def free_port() -> int:
    """A port that nobody has, of those that no outgoing connection is given by chance."""
    while True:
        port = random.SystemRandom().randrange(10_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


async def until(
    condition: Callable[[], Awaitable[object]], timeout_s: float = 30.0, every_s: float = 0.02
) -> None:
    """Return once *condition* holds; fail if it does not within *timeout_s* seconds."""
    async with asyncio.timeout(timeout_s):
        while not await condition():
            await asyncio.sleep(every_s)
