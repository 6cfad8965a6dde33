"""Keeps what the platforms say of their limits where every process can see it."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from contexten.errors import PlatformError
from contexten.limits import Limits

log = structlog.get_logger()

LOOK_EVERY_S = 5.0


class Kept(Protocol):
    """Where they are kept. ``activities.stores.limits`` has the real place. It blocks."""

    def save(self, platform: str, said: Limits) -> None: ...


class LimitsHeard:
    """What the clients of this process were last told, by platform."""

    def __init__(self, kept: Kept, every_s: float = LOOK_EVERY_S) -> None:
        self.said: dict[str, Callable[[], Limits | None]] = {}
        self._kept = kept
        self._every_s = every_s
        self._saved: dict[str, Limits] = {}

    async def run(self) -> None:
        """Keep what is new, again and again, until cancelled; nothing waits for it."""
        while True:
            await asyncio.sleep(self._every_s)
            await self.keep(self.said)

    async def keep(self, said: Mapping[str, Callable[[], Limits | None]]) -> None:
        """Keep what is new now; what cannot be kept is tried again the next time."""
        for platform, heard in list(said.items()):
            found = heard()
            if found is None or found == self._saved.get(platform):
                continue
            try:
                await asyncio.to_thread(self._kept.save, platform, found)
            except PlatformError as error:
                log.warning("limits.not_kept", platform=platform, reason=str(error))
            else:
                self._saved[platform] = found
