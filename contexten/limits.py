"""What a platform last said of how much it still lets us ask."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Limits:
    """
    One rate limit, as an answer told of it.

    Attributes:
        remaining: How much was left then.
        limit: How much there is between two resets, at least 1.
        resets_at: When all of it is there again, UTC.
        asked_at: When what we know of it was asked for, UTC.
    """

    remaining: int
    limit: int
    resets_at: datetime
    asked_at: datetime

    @property
    def share(self) -> float:
        """Which part of it was left, from 0 to 1."""
        return self.remaining / self.limit

    def left(self, now: datetime) -> int:
        """How much may be left *now*: all of it, once it was reset."""
        return self.limit if now >= self.resets_at else self.remaining


def tightest(several: Iterable[Limits]) -> Limits | None:
    """The one of *several* of which the least part is left; None if there is none."""
    return min(several, key=lambda one: one.share, default=None)
