"""How much of everything a bench does: in full for figures, in little to see that it runs."""

from collections.abc import Callable
from dataclasses import dataclass

USUAL_SECONDS = 2.5
ROUND_APART = 50_000


@dataclass(slots=True)
class Scale:
    """
    Attributes:
        seconds: How long one round of load lasts.
        rounds: Rounds of each side, taken in turn.
        deliveries: Deliveries of one round where they are counted.
        paced_seconds: How long a paced round lasts.
        open: Deliveries held open at once, one figure each.
        tell: Where progress goes.
    """

    seconds: float = USUAL_SECONDS
    rounds: int = 3
    deliveries: int = 300
    paced_seconds: float = 10.0
    open: tuple[int, ...] = (1000,)
    tell: Callable[[str], None] = lambda _: None
    _next: int = 0

    def first(self) -> int:
        """The number of a round's first delivery: fifty thousand further with each asking."""
        self._next += ROUND_APART
        return self._next - ROUND_APART


def scale_of(seconds: float, *, full: bool, tell: Callable[[str], None]) -> Scale:
    """
    The scale whose rounds last *seconds*; everything else in proportion.

    Args:
        full: Hold 5,000 deliveries open as well.
    """
    share = min(1.0, seconds / USUAL_SECONDS)
    held = (1000, 5000) if full else (1000,)
    return Scale(
        seconds=seconds,
        rounds=3 if share == 1 else 1,
        deliveries=max(10, round(300 * share)),
        paced_seconds=max(1.0, 10 * share),
        open=held if share == 1 else (max(10, round(1000 * share)),),
        tell=tell,
    )
