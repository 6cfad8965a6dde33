"""
The digest guard: a body that was taken is refused for a while under any other name.

GitHub and Linear sign the body alone, neither the delivery id nor the event name. Who has
captured one body could send it again under another id, and the engine would not know it.
The same id is let through: the engine decides, since a failed delivery may run again.

A GitHub event of a name we do not know may have any shape, so any body could be sent under
such a name. What was taken under one therefore keeps out others of that kind, but not the
event that the body really is.
"""

import asyncio
from dataclasses import dataclass, field

from contexten.delivery import Platform
from contexten.shapes import SHAPES

KEPT_BYTES = 16


def fingerprint(platform: Platform, digest: bytes, name: str | None = None) -> bytes:
    """
    What a body is remembered by: no body is signed by two platforms.

    Args:
        name: The event's name where a header says it. One that tells nothing of the body's
            shape makes another fingerprint.
    """
    known = name is None or name in SHAPES
    letter = platform[0] if known else platform[0].upper()
    return letter.encode() + digest[:KEPT_BYTES]


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
    Remembers bodies by their fingerprint, each with the one claimant it was taken under.

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

    async def admit(self, body: bytes, claimant: str, now: float) -> bool:
        """
        Whether the *body* with this fingerprint may be taken under *claimant*.

        If yes, :meth:`settle` must follow. While the same body is being taken under another
        claimant this waits: only once that one is durable may this one be called a duplicate.
        """
        ours = hash(claimant)
        while True:
            if self.taken_by_another(body, claimant, now):
                return False
            under_way = self._under_way.setdefault(body, UnderWay(ours))
            if under_way.claimant == ours:
                under_way.count += 1
                return True
            await under_way.decided.wait()

    def taken_by_another(self, body: bytes, claimant: str, now: float) -> bool:
        """Whether the *body* with this fingerprint was taken just now, and not by *claimant*."""
        seen = self._seen.get(body)
        return seen is not None and now - seen[0] < self._window_s and seen[1] != hash(claimant)

    def settle(self, body: bytes, claimant: str, now: float, *, taken: bool) -> None:
        """Say whether the body that was admitted is durable now."""
        under_way = self._under_way[body]
        under_way.count -= 1
        if taken:
            self.remember(body, claimant, now)
        if not under_way.count:
            del self._under_way[body]
        if taken or not under_way.count:
            under_way.decided.set()
            under_way.decided = asyncio.Event()

    def remember(self, body: bytes, claimant: str, now: float) -> None:
        """The *body* with this fingerprint was taken under *claimant*."""
        self._seen.pop(body, None)
        self._seen[body] = (now, hash(claimant))
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
