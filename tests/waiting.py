"""Free ports, and waiting for a condition instead of for seconds."""

import asyncio
from collections.abc import Awaitable, Callable

from starter import engine
from starter.console.surroundings import free_port

__all__ = ["engine_answers", "free_port", "until"]


async def until(
    condition: Callable[[], Awaitable[object]], timeout_s: float = 30.0, every_s: float = 0.02
) -> None:
    """Return once *condition* holds; fail if it does not within *timeout_s* seconds."""
    async with asyncio.timeout(timeout_s):
        while not await condition():
            await asyncio.sleep(every_s)


async def engine_answers(address: str) -> None:
    """Return once the engine at *address* answers."""
    await until(lambda: engine.answers(address))
