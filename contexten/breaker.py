"""
The circuit breaker, as a value.

            failure_threshold failures in a row, or
            too many failed or slow in the window
    CLOSED ───────────────────────────────────────▶ OPEN
       ▲                                           │    ▲
       │ all probes                   recovery_    │    │ a probe
       │ come back well               timeout is   │    │ fails
       │                              over         ▼    │
       └──────────────────────────────────────── HALF_OPEN

Each time that a half-open breaker opens again, it refuses ``backoff`` times as long. A
probe that never reports back is given up after one more ``recovery_timeout``.

What the window knows of a call is a letter: ``g`` if it went well, ``f`` if it failed, a
capital if it was slow. The letters are kept by tenths of the time window.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from contexten.outcomes import Chunk, Outcomes, joined, slid

LONGER_AT_MOST = 64
"""After so many openings in a row a pause grows no further, or the power would overflow."""


class State(StrEnum):
    """Whether calls go out: all of them, none, or a few to see."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Forced(StrEnum):
    """
    What an operator made of a breaker, until it is released.

    OPEN refuses every call and CLOSED none, and neither looks at what becomes of them.
    METRICS_ONLY refuses none either, but goes on counting.
    """

    OPEN = "open"
    CLOSED = "closed"
    METRICS_ONLY = "metrics_only"


@dataclass(frozen=True, slots=True)
class BreakerRule:
    """
    When a breaker trips, and when it dares again.

    Attributes:
        failure_threshold: Failures in a row that open it; at least 1.
        recovery_timeout: How long it then refuses, before probes may pass.
        count_window: How many of the last calls the rates are taken of.
        time_window: How old a call may be to be one of them, give or take a tenth.
        minimum_calls: How many there must be before a rate says anything.
        failure_rate: The share of failed calls that opens it, above 0; above 1 means never.
        slow_call: How long a call may take before it is called slow.
        slow_rate: The share of slow calls that opens it, above 0; above 1 means never.
        probes: How many calls must come back well before it closes; so many may be out at once.
        longest_timeout: What ``recovery_timeout`` grows to at most.
        backoff: How many times as long it refuses with each failed recovery; at least 1.
    """

    failure_threshold: int = 5
    recovery_timeout: timedelta = timedelta(seconds=60)
    count_window: int = 100
    time_window: timedelta = timedelta(seconds=60)
    minimum_calls: int = 20
    failure_rate: float = 0.5
    slow_call: timedelta = timedelta(seconds=10)
    slow_rate: float = 0.8
    probes: int = 3
    longest_timeout: timedelta = timedelta(minutes=10)
    backoff: float = 1.0


@dataclass(frozen=True, slots=True)
class Breaker:
    """
    One breaker. Every method answers with the next one, or with itself if nothing changed.

    Attributes:
        since: When it came into this state; None from the start.
        refuses_until: OPEN: when probes may pass, None if a person must release it first.
            HALF_OPEN: when the probes that are out are given up.
        failures_in_a_row: How many came since the last success.
        window: What became of the last calls, oldest first; cleared when it opens.
        forced: What an operator made of it; None if it is free.
        probes_out: Probes that have not reported back.
        probes_well: Probes that came back well.
        probes_slow: How many of those were slow.
        openings: How often it opened since it was last closed; each makes the next pause longer.
        opened_for: Why it last opened, in plain words.
    """

    state: State = State.CLOSED
    since: datetime | None = None
    refuses_until: datetime | None = None
    failures_in_a_row: int = 0
    window: tuple[Chunk, ...] = ()
    forced: Forced | None = None
    probes_out: int = 0
    probes_well: int = 0
    probes_slow: int = 0
    openings: int = 0
    opened_for: str = ""

    @property
    def why(self) -> str:
        """Why calls are refused, or let pass regardless, in plain words; empty when all is well."""
        if self.forced is None:
            return self.opened_for
        return f"forced to {self.forced.replace('_', ' ')}"

    def ask(self, rule: BreakerRule, now: datetime) -> tuple["Breaker", bool]:
        """May a call go out at *now*? The next breaker, and yes or no."""
        if self.state is State.CLOSED:
            return self, True
        if self.refuses_until is None:
            return self, False
        over = now >= self.refuses_until
        if self.state is State.OPEN:
            return (self._probing(now)._sent_out(rule, now), True) if over else (self, False)
        waiting = replace(self, probes_out=0) if over else self
        if not waiting.probes_out or waiting.probes_out + waiting.probes_well < rule.probes:
            return waiting._sent_out(rule, now), True
        return self, False

    def reported(self, outcomes: Outcomes, rule: BreakerRule, now: datetime) -> "Breaker":
        """
        What became of calls since the last report.

        CLOSED counts them and opens if there is reason; only a failed or a slow call is one.
        OPEN has heard enough: they went out before it opened. HALF_OPEN takes a success for a
        probe's if one is out, and a failure for a probe's in any case.
        """
        if self.state is State.OPEN or self.forced is Forced.CLOSED or not outcomes.calls:
            return self
        report = self._counted if self.state is State.CLOSED else self._probed
        return report(outcomes, rule, now)

    def complaint(self, rule: BreakerRule, now: datetime) -> str:
        """What in the counts would open a closed breaker at *now*, in plain words; or nothing."""
        if self.failures_in_a_row >= rule.failure_threshold:
            return f"{self.failures_in_a_row} failures in a row"
        seen = joined(self.window, rule.count_window, rule.time_window, now)
        calls, failed, slow = len(seen), seen.lower().count("f"), seen.count("F") + seen.count("G")
        if calls < max(rule.minimum_calls, 1):
            return ""
        if failed >= rule.failure_rate * calls:
            return f"{share(failed, calls)} failed within {seconds(rule.time_window)}"
        if slow >= rule.slow_rate * calls:
            return f"{share(slow, calls)} took longer than {seconds(rule.slow_call)}"
        return ""

    def force(self, forced: Forced | None, now: datetime) -> "Breaker":
        """
        Make of it what an operator wants; None releases it.

        Released from forced open it lets probes decide, at once. Released from forced closed it
        is closed and knows nothing; from metrics only, it is closed and knows what it counted.
        """
        if forced is self.forced:
            return self
        if forced is Forced.OPEN:
            return Breaker(State.OPEN, now, forced=forced)
        if forced is not None:
            kept = forced is Forced.METRICS_ONLY
            return Breaker(
                since=now,
                failures_in_a_row=self.failures_in_a_row if kept else 0,
                window=self.window if kept else (),
                forced=forced,
            )
        if self.forced is Forced.OPEN:
            return Breaker(State.OPEN, now, now, openings=1, opened_for=self.why)
        return replace(self, since=now, forced=None)

    def to_json(self) -> dict[str, object]:
        """As plain values, times as ISO strings."""
        return {
            "state": str(self.state),
            "since": self.since and self.since.isoformat(),
            "refuses_until": self.refuses_until and self.refuses_until.isoformat(),
            "failures_in_a_row": self.failures_in_a_row,
            "window": [[one.at.isoformat(), one.calls] for one in self.window],
            "forced": self.forced and str(self.forced),
            "probes_out": self.probes_out,
            "probes_well": self.probes_well,
            "probes_slow": self.probes_slow,
            "openings": self.openings,
            "opened_for": self.opened_for,
            "why": self.why,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Self:
        """
        The breaker that :meth:`to_json` wrote; what is missing is as in a new one.

        Raises:
            ValueError: If *data* is no breaker.
        """
        try:
            window = data.get("window") or ()
            return cls(
                State(str(data.get("state", State.CLOSED))),
                moment(data.get("since")),
                moment(data.get("refuses_until")),
                int(str(data.get("failures_in_a_row", 0))),
                tuple(Chunk(datetime.fromisoformat(at), calls) for at, calls in window),  # type: ignore[attr-defined]
                Forced(str(data["forced"])) if data.get("forced") else None,
                int(str(data.get("probes_out", 0))),
                int(str(data.get("probes_well", 0))),
                int(str(data.get("probes_slow", 0))),
                int(str(data.get("openings", 0))),
                str(data.get("opened_for", "")),
            )
        except (TypeError, ValueError) as error:
            raise ValueError(f"this is no breaker: {error}") from error

    def _counted(self, outcomes: Outcomes, rule: BreakerRule, now: datetime) -> "Breaker":
        window = slid(self.window, outcomes, rule.count_window, rule.time_window, now)
        in_a_row = outcomes.trailing_failures
        if not outcomes.successes:
            in_a_row += self.failures_in_a_row
        bad = outcomes.failures or outcomes.slow
        if window is self.window and not bad and not self.failures_in_a_row:
            return self
        counted = Breaker(  # half the price of dataclasses.replace, and paid at every call
            self.state, self.since, self.refuses_until, in_a_row, window, self.forced,
            self.probes_out, self.probes_well, self.probes_slow, self.openings, self.opened_for,
        )  # fmt: skip
        if bad and self.forced is None:
            complaint = counted.complaint(rule, now)
            return counted._opened(complaint, rule, now) if complaint else counted
        return counted

    def _probed(self, outcomes: Outcomes, rule: BreakerRule, now: datetime) -> "Breaker":
        if outcomes.failures:
            return self._opened("a probe failed", rule, now)
        well = min(outcomes.successes, self.probes_out)
        seen = replace(
            self,
            probes_out=self.probes_out - well,
            probes_well=self.probes_well + well,
            probes_slow=self.probes_slow + min(outcomes.slow, well),
        )
        if seen.probes_well < rule.probes:
            return seen
        if seen.probes_slow >= rule.slow_rate * seen.probes_well:
            slow = f"{seen.probes_slow} of {seen.probes_well} probes took longer than "
            return self._opened(slow + seconds(rule.slow_call), rule, now)
        return Breaker(since=now)

    def _opened(self, why: str, rule: BreakerRule, now: datetime) -> "Breaker":
        until = now + longer(rule, self.openings)
        return Breaker(State.OPEN, now, until, openings=self.openings + 1, opened_for=why)

    def _probing(self, now: datetime) -> "Breaker":
        return replace(self, state=State.HALF_OPEN, since=now)

    def _sent_out(self, rule: BreakerRule, now: datetime) -> "Breaker":
        given_up = now + rule.recovery_timeout
        return replace(self, probes_out=self.probes_out + 1, refuses_until=given_up)


def longer(rule: BreakerRule, failed_recoveries: int) -> timedelta:
    """
    How long to refuse after so many recoveries that failed.

    >>> [longer(BreakerRule(backoff=2), n).total_seconds() for n in (0, 1, 2, 3, 4)]
    [60.0, 120.0, 240.0, 480.0, 600.0]
    """
    times = rule.backoff ** min(failed_recoveries, LONGER_AT_MOST)
    most = max(rule.longest_timeout, rule.recovery_timeout)
    return rule.recovery_timeout * min(times, most / rule.recovery_timeout)


def share(some: int, calls: int) -> str:
    """*some* of *calls*, as people say it."""
    return f"{100 * some / calls:.0f} % of {calls} calls"


def seconds(lasting: timedelta) -> str:
    """How many seconds *lasting* is, as people write it."""
    return f"{lasting.total_seconds():g} s"


def moment(written: object) -> datetime | None:
    """The time that *written* says; None if it says none."""
    return datetime.fromisoformat(str(written)) if written else None
