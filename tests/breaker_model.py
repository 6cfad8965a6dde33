"""The breaker once more, written naively: each call is kept in a list, nothing is aggregated."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from contexten.breaker import BreakerRule, Forced
from contexten.outcomes import Outcomes


@dataclass(slots=True)
class Call:
    at: datetime
    failed: bool
    slow: bool = False


@dataclass(slots=True)
class Model:
    """What a breaker is held to."""

    rule: BreakerRule
    state: str = "closed"
    forced: Forced | None = None
    calls: list[Call] = field(default_factory=list)
    in_a_row: int = 0
    out: int = 0
    well: list[bool] = field(default_factory=list)
    until: datetime | None = None
    openings: int = 0

    def ask(self, now: datetime) -> bool:
        if self.state == "closed":
            return True
        if self.until is None or (self.state == "open" and now < self.until):
            return False
        if self.state == "open":
            self.state, self.out, self.well = "half_open", 0, []
        elif now >= self.until:
            self.out = 0
        if self.out + len(self.well) >= self.rule.probes:
            return False
        self.out += 1
        self.until = now + self.rule.recovery_timeout
        return True

    def report(self, outcomes: Outcomes, now: datetime) -> None:
        calls = in_order(outcomes, self.tenth(now))
        if not calls or self.forced is Forced.CLOSED:
            return
        if self.state == "closed":
            self.count(calls, now)
        elif self.state == "half_open":
            self.judge(calls, now)

    def count(self, calls: list[Call], now: datetime) -> None:
        self.calls = (self.calls + calls)[-1500:]
        for call in calls:
            self.in_a_row = self.in_a_row + 1 if call.failed else 0
        nothing_bad = not any(call.failed or call.slow for call in calls)
        if nothing_bad or self.forced:
            return
        seen = self.seen(now)
        bad = sum(c.failed for c in seen) / len(seen)
        slow = sum(c.slow for c in seen) / len(seen)
        enough = len(seen) >= self.rule.minimum_calls
        by_rate = enough and (bad >= self.rule.failure_rate or slow >= self.rule.slow_rate)
        if by_rate or self.in_a_row >= self.rule.failure_threshold:
            self.open(now)

    def seen(self, now: datetime) -> list[Call]:
        """The calls that the rates are taken of."""
        live = [call for call in self.calls if now - call.at < self.rule.time_window]
        return live[-self.rule.count_window :]

    def letters(self, now: datetime) -> str:
        """The same, as a breaker writes them."""
        return "".join("gfGF"[call.failed + 2 * call.slow] for call in self.seen(now))

    def judge(self, calls: list[Call], now: datetime) -> None:
        if any(call.failed for call in calls):
            self.open(now)
            return
        probes = calls[len(calls) - min(len(calls), self.out) :]
        self.out -= len(probes)
        self.well += [probe.slow for probe in probes]
        if len(self.well) < self.rule.probes:
            return
        if sum(self.well) / len(self.well) >= self.rule.slow_rate:
            self.open(now)
        else:
            self.__init__(self.rule)  # type: ignore[misc]

    def open(self, now: datetime) -> None:
        pause = self.rule.recovery_timeout
        for _ in range(self.openings):
            pause = min(pause * self.rule.backoff, self.rule.longest_timeout)
        self.state, self.until = "open", now + pause
        self.openings, self.calls, self.in_a_row, self.out, self.well = (
            self.openings + 1,
            [],
            0,
            0,
            [],
        )

    def force(self, forced: Forced | None, now: datetime) -> None:
        before, self.forced = self.forced, forced
        if forced is before:
            return
        if forced is None and before is Forced.OPEN:
            self.state, self.until, self.openings = "open", now, 1
        elif forced is not None:
            keeps = forced is Forced.METRICS_ONLY
            calls, in_a_row = self.calls * keeps, self.in_a_row * keeps
            self.__init__(self.rule, forced=forced, calls=calls, in_a_row=in_a_row)  # type: ignore[misc]
            self.state = "open" if forced is Forced.OPEN else "closed"

    def tenth(self, now: datetime) -> datetime:
        """When the tenth of the time window began in which *now* is."""
        last = self.calls[-1].at if self.calls else None
        return last if last and (now - last) * 10 < self.rule.time_window else now


def in_order(outcomes: Outcomes, at: datetime) -> list[Call]:
    """The calls of a batch, one by one."""
    early = outcomes.failures - outcomes.trailing_failures
    kinds = [True] * early + [False] * outcomes.successes + [True] * outcomes.trailing_failures
    calls = [Call(at, failed) for failed in kinds]
    for call in calls[len(calls) - outcomes.slow :]:
        call.slow = True
    return calls


def some_rule(dice: Random) -> BreakerRule:
    """Any rule, tight enough that a few steps reach every state."""
    return BreakerRule(
        failure_threshold=dice.choice([1, 2, 5, 8, 1000]),
        recovery_timeout=timedelta(seconds=dice.choice([1, 10, 60])),
        count_window=dice.choice([1, 10, 30, 100]),
        time_window=timedelta(seconds=dice.choice([1, 10, 60])),
        minimum_calls=dice.choice([1, 5, 20]),
        failure_rate=dice.choice([0.1, 0.5, 1.0, 2.0]),
        slow_rate=dice.choice([0.3, 0.8, 1.0, 2.0]),
        probes=dice.choice([1, 2, 3, 10]),
        longest_timeout=timedelta(seconds=dice.choice([60, 300, 600])),
        backoff=dice.choice([1.0, 2.0, 3.5]),
    )


def some_outcomes(dice: Random, badness: float) -> Outcomes:
    """One call mostly, a batch sometimes; *badness* of them fail."""
    many = 1 if dice.random() < 0.8 else dice.randrange(0, 30)
    failures = sum(dice.random() < badness for _ in range(many))
    ending = dice.randint(0, failures) if many > failures else failures
    slow = sum(dice.random() < badness for _ in range(many))
    return Outcomes(many - failures, failures, slow, ending)
