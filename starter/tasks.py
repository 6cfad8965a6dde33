"""Tasks that end together: the first to end ends the others."""

import asyncio
from collections.abc import Sequence
from typing import Any


async def first_of(*tasks: asyncio.Task[Any]) -> None:
    """Return once one of *tasks* has ended."""
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)


async def put_down(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancel what still runs of *tasks*; raise what one of them died of."""
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome
