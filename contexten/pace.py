"""How many calls a platform usually gets, and how it gets them back after an outage."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from contexten.times import LONG_AGO

BUCKET = timedelta(seconds=10)
WEIGHT = 0.3
"""What the latest bucket counts for in the average; the rest is what came before."""


@dataclass(frozen=True, slots=True)
class Pace:
    """
    Calls a second while all is well: an exponentially weighted average over buckets of time.

    Attributes:
        usual: The average, calls a second; 0 if nothing is known.
        counted: Calls in the bucket under way.
        since: When that bucket began.
    """

    usual: float = 0.0
    counted: int = 0
    since: datetime = LONG_AGO

    def counting(self, calls: int, now: datetime) -> "Pace":
        """*calls* more were made until *now*."""
        took = now - self.since
        if took < BUCKET:
            return Pace(self.usual, self.counted + calls, self.since)
        if took > 30 * BUCKET:  # nothing is known of so long a silence
            return Pace(self.usual, calls, now)
        rate = self.counted / took.total_seconds()
        usual = rate if not self.usual else self.usual * (1 - WEIGHT) + rate * WEIGHT
        return Pace(usual, calls, now)


@dataclass(frozen=True, slots=True)
class RampRule:
    """
    How work returns once a platform is well again.

    Attributes:
        trickle: Calls a second while the first real ones prove that it is.
        least: Calls a second that a ramp allows at its end, however quiet it was before.
        most_ratio: What a ramp allows at its end, in multiples of the usual pace.
        doubles_every: How long until it allows twice as many.
        longest: When it ends even if work still waits.
    """

    trickle: float = 2.0
    least: float = 10.0
    most_ratio: float = 1.9
    doubles_every: timedelta = timedelta(seconds=3)
    longest: timedelta = timedelta(hours=1)

    def rate(self, usual: float, since: datetime, now: datetime) -> float:
        """Calls a second that a ramp allows at *now* which began at *since*."""
        most = max(self.least, usual * self.most_ratio)
        doublings = min((now - since) / self.doubles_every, 30.0)
        return float(min(most, max(self.trickle, most / 8) * 2.0 ** int(doublings)))
