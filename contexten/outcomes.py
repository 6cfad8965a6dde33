"""What became of calls: reported in batches, remembered as one letter a call."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

PARTS = 10


@dataclass(frozen=True, slots=True)
class Outcomes:
    """
    What became of some calls, counted.

    Where the order matters they are taken to have come so: failures, successes, and at the end
    the ``trailing_failures``; the slow ones were the last.

    Attributes:
        slow: How many of them all, good or bad, were slow.
        trailing_failures: How many of the failures came after the last success.
    """

    successes: int = 0
    failures: int = 0
    slow: int = 0
    trailing_failures: int = 0

    @property
    def calls(self) -> int:
        """How many there were."""
        return self.successes + self.failures

    @property
    def last(self) -> Literal["success", "failure"]:
        """What the last of them was."""
        return "failure" if self.trailing_failures else "success"

    def then(self, later: "Outcomes") -> "Outcomes":
        """These and *later* ones in one batch."""
        before = 0 if later.successes else self.trailing_failures
        return Outcomes(
            self.successes + later.successes,
            self.failures + later.failures,
            self.slow + later.slow,
            before + later.trailing_failures,
        )


@lru_cache(maxsize=4)
def outcome(*, failed: bool = False, slow: bool = False) -> Outcomes:
    """What became of one call."""
    return Outcomes(int(not failed), int(failed), int(slow), int(failed))


@dataclass(frozen=True, slots=True)
class Chunk:
    """
    The calls of a tenth of the time window.

    Attributes:
        at: When the first of them was reported.
        calls: A letter for each: ``g`` good, ``f`` failed, a capital if it was slow.
    """

    at: datetime
    calls: str


def slid(
    window: tuple[Chunk, ...], outcomes: Outcomes, most: int, lasting: timedelta, now: datetime
) -> tuple[Chunk, ...]:
    """
    *window* with *outcomes* at its end, and without what need not be known any more.

    Args:
        most: How many calls to know.
        lasting: How long to know them.
    """
    if window and (now - window[-1].at) * PARTS < lasting:
        newest = window[-1]
        calls = (newest.calls + written(outcomes, most))[-most:]
        return window if calls == newest.calls else (*window[:-1], Chunk(newest.at, calls))
    kept = tuple(one for one in window if now - one.at < lasting)
    return (*kept, Chunk(now, written(outcomes, most)))


def joined(window: tuple[Chunk, ...], most: int, lasting: timedelta, now: datetime) -> str:
    """The letters of the last *most* calls that are not older than *lasting*."""
    return "".join(one.calls for one in window if now - one.at < lasting)[-most:]


@lru_cache(maxsize=256)
def written(outcomes: Outcomes, most: int) -> str:
    """
    The letters of *outcomes*, of the last *most* of them if there are more.

    >>> written(Outcomes(successes=2, failures=4, slow=2, trailing_failures=3), 100)
    'fggfFF'
    """
    if not outcomes.failures and not outcomes.slow:
        return "g" * min(outcomes.successes, most)
    ending = outcomes.trailing_failures
    runs = ("f", outcomes.failures - ending), ("g", outcomes.successes), ("f", ending)
    letters = "".join(letter * min(times, most) for letter, times in runs)[-most:]
    if not outcomes.slow:
        return letters
    fast = max(len(letters) - outcomes.slow, 0)
    return letters[:fast] + letters[fast:].upper()
