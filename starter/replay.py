"""
The digest guard: a body that was taken is refused for a while under any other name.

GitHub and Linear sign the body alone, neither the delivery id nor the event name. Who has
captured one body could send it again under another id, and the engine would not know it.
The same id is let through: the engine decides, since a failed delivery may run again.
"""

import asyncio
from dataclasses import dataclass, field

from contexten.delivery import Platform

KEPT_BYTES = 16


def claimant(platform: Platform, delivery_id: str, name: str | None) -> str:
    """
    Under what a body is claimed: whatever no signature covers.

    Args:
        name: The event's name where a header says it; None where the body does.
    """
    return f"{platform}/{delivery_id}/{name or ''}"


@dataclass(slots=True)
class UnderWay:
    """A body being made durable: who claims it, how often at once, and when it is decided."""

    claimant: int
    count: int = 0
    decided: asyncio.Event = field(default_factory=asyncio.Event)


class ReplayGuard:
    """
    Remembers bodies by their digest, each with the one claimant it was taken under.

    Times are seconds, on any one clock. The oldest are forgotten first when there are more
    than fit.
    """

    def __init__(self, window_s: float, most: int = 100_000) -> None:
        self._window_s = window_s
        self._most = most
        self._seen: dict[bytes, tuple[float, int]] = {}
        self._under_way: dict[bytes, UnderWay] = {}

    def __len__(self) -> int:
        return len(self._seen)

    async def admit(self, digest: bytes, claimant: str, now: float) -> bool:
        """
        Whether the body with *digest* may be taken under *claimant*.

        If yes, :meth:`settle` must follow. While the same body is being taken under another
        claimant this waits: only once that one is durable may this one be called a duplicate.
        """
        digest = digest[:KEPT_BYTES]
        ours = hash(claimant)
        while True:
            seen = self._seen.get(digest)
            if seen is not None and now - seen[0] < self._window_s and seen[1] != ours:
                return False
            under_way = self._under_way.setdefault(digest, UnderWay(ours))
            if under_way.claimant == ours:
                under_way.count += 1
                return True
            await under_way.decided.wait()

    def settle(self, digest: bytes, claimant: str, now: float, *, taken: bool) -> None:
        """Say whether the body that was admitted is durable now."""
        kept = digest[:KEPT_BYTES]
        under_way = self._under_way[kept]
        under_way.count -= 1
        if taken:
            self.remember(digest, claimant, now)
        if not under_way.count:
            del self._under_way[kept]
        if taken or not under_way.count:
            under_way.decided.set()

    def remember(self, digest: bytes, claimant: str, now: float) -> None:
        """The body with *digest* was taken under *claimant*."""
        digest = digest[:KEPT_BYTES]
        self._seen.pop(digest, None)
        self._seen[digest] = (now, hash(claimant))
        self._forget(now)

    def _forget(self, now: float) -> None:
        """Let go of what is too old, or too much: two a call keep up with one new one."""
        for _ in range(2):
            oldest = next(iter(self._seen), None)
            if oldest is None:
                return
            if len(self._seen) <= self._most and now - self._seen[oldest][0] < self._window_s:
                return
            del self._seen[oldest]
