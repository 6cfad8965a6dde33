"""How an outage went: what was sent, what took effect, what the platform counted meanwhile."""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WINDOW_S = 1.0


@dataclass(frozen=True, slots=True)
class Sample:
    """
    What the platform had counted at a moment.

    Attributes:
        at: When, epoch seconds.
        calls: Requests that had reached it by then, good or bad.
    """

    at: float
    calls: int


@dataclass(frozen=True, slots=True)
class Course:
    """
    One outage, with all times in epoch seconds.

    Attributes:
        sent: When each delivery was due to be sent, by its number.
        effects: When each took effect on the platform; more than once if it was doubled.
        samples: What the platform counted, in order.
        broke_at: From when on the platform refused every call.
        healed_at: From when on it was well again.
    """

    sent: Mapping[int, float]
    effects: Mapping[int, Sequence[float]]
    samples: Sequence[Sample]
    broke_at: float
    healed_at: float

    def offered(self, since: float, until: float) -> int:
        """How many deliveries were sent in that time."""
        return sum(since <= at < until for at in self.sent.values())

    def calls(self, since: float, until: float) -> float:
        """How many calls the platform got in that time."""
        return counted_by(self.samples, until) - counted_by(self.samples, since)

    def load_ratio(self, since: float, until: float) -> float:
        """Calls at the platform for each delivery that was sent in that time."""
        offered = self.offered(since, until)
        return self.calls(since, until) / offered if offered else math.nan

    @property
    def usual(self) -> float:
        """Calls a second before it broke."""
        first = min(self.sent.values())
        return self.calls(first, self.broke_at) / (self.broke_at - first)

    @property
    def peak(self) -> float:
        """The most calls in any second once it was well again."""
        return self.peak_between(self.healed_at, math.inf)

    @property
    def usual_peak(self) -> float:
        """The most calls in any second before it broke."""
        return self.peak_between(min(self.sent.values()), self.broke_at - WINDOW_S)

    def peak_between(self, since: float, until: float) -> float:
        """The most calls in any second that began in that time."""
        begun = [one.at for one in self.samples if since <= one.at < until]
        return max((self.calls(at, at + WINDOW_S) for at in begun), default=math.nan)

    @property
    def first_good_at(self) -> float:
        """When the first call was good once it was well again."""
        good = (at for times in self.effects.values() for at in times)
        return min((at for at in good if at >= self.healed_at), default=math.nan)

    def waiting(self, at: float) -> int:
        """How many deliveries had been sent and had not taken effect."""
        done = sum(min(times) <= at for times in self.effects.values())
        return sum(due <= at for due in self.sent.values()) - done

    @property
    def backlog(self) -> int:
        """How many waited when the first call was good again."""
        return self.waiting(self.first_good_at)

    @property
    def drained_at(self) -> float:
        """When, after that, no more waited than are sent in a second."""
        ordinary = max(1.0, self.usual * WINDOW_S)
        since = self.first_good_at
        ends = sorted(min(times) for times in self.effects.values() if min(times) >= since)
        return next((at for at in ends if self.waiting(at) <= ordinary), math.nan)

    @property
    def lost(self) -> int:
        """How many deliveries did not take effect exactly once."""
        return sum(len(self.effects.get(number, ())) != 1 for number in self.sent)


def counted_by(samples: Sequence[Sample], at: float) -> float:
    """What the platform had counted by *at*: between two samples, in proportion."""
    after = bisect_right(samples, at, key=lambda one: one.at)
    if not 0 < after < len(samples):
        return float(samples[min(after, len(samples) - 1)].calls)
    one, other = samples[after - 1], samples[after]
    share = (at - one.at) / (other.at - one.at)
    return one.calls + share * (other.calls - one.calls)
