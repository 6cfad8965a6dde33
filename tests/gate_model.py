"""What a gate is, told again in another way: one name for where it is, and nothing clever."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contexten.breaker import Forced
from contexten.gate import Rules

TRICKLES_FOR = timedelta(seconds=10)
LONGER = 64


@dataclass
class Model:
    """
    A gate that only hears of the whole platform.

    Attributes:
        place: One of ``open``, ``held``, ``probing``, ``trickling``, ``ramping``, ``forced``.
        until: When the place is left by itself, if nothing happens.
        pauses: Who holds it besides, until when.
    """

    rules: Rules
    place: str = "open"
    until: datetime | None = None
    failures: int = 0
    openings: int = 0
    good_probes: int = 0
    good_calls: int = 0
    forced: Forced | None = None
    pauses: dict[str, datetime | None] = field(default_factory=dict)
    was_held: bool = False

    def hold(self, now: datetime) -> None:
        rule = self.rules.breaker
        pause = rule.recovery_timeout * rule.backoff ** min(self.openings, LONGER)
        self.place, self.until = "held", now + min(pause, rule.longest_timeout)
        self.openings, self.failures = self.openings + 1, 0

    def begin_ramp(self, now: datetime) -> None:
        self.place, self.until = "ramping", now + self.rules.ramp.longest
        self.failures = self.openings = 0

    def told(self, good: int, bad_after: int, now: datetime) -> None:
        """*good* calls, and then *bad_after* failures."""
        if not good and not bad_after:
            return
        if self.place in ("open", "ramping") or self.forced is Forced.METRICS_ONLY:
            self.failures = bad_after if good else self.failures + bad_after
            if self.place == "forced":
                return
            if bad_after and self.failures >= self.rules.breaker.failure_threshold:
                self.hold(now)
        elif self.place == "trickling":
            self.good_calls += good
            if bad_after:
                self.hold(now)
            elif self.good_calls >= self.rules.breaker.probes:
                self.begin_ramp(now)

    def probed(self, now: datetime, *, well: bool) -> None:
        if self.place != "probing":
            return
        if not well:
            self.hold(now)
            return
        self.good_probes += 1
        if self.good_probes == self.rules.breaker.probes:
            self.place, self.until, self.good_calls = "trickling", now + TRICKLES_FOR, 0

    def passes(self, now: datetime) -> int:
        """Time passes; how many probes are to be made."""
        self.pauses = {who: end for who, end in self.pauses.items() if end is None or end > now}
        if self.until is None or now < self.until:
            return 0
        if self.place in ("held", "probing"):
            self.place, self.good_probes = "probing", 0
            self.until = now + self.rules.breaker.recovery_timeout
            return self.rules.breaker.probes
        if self.place == "trickling":
            self.begin_ramp(now)
        elif self.place == "ramping":
            self.place, self.until = "open", None
        return 0

    @property
    def refuses(self) -> bool:
        """Whether somebody wants that no call goes out."""
        return self.forced is Forced.OPEN

    def force(self, forced: Forced | None, now: datetime) -> None:
        """Somebody wants it so; None releases it."""
        if forced is self.forced:
            return
        if forced is None:
            self.place, self.until, self.openings = "open", None, 0
            if self.refuses:
                self.place, self.until, self.openings = "held", now, 1
        else:
            self.place, self.until, self.openings = "forced", None, 0
            if forced is not Forced.METRICS_ONLY:
                self.failures = 0
        self.forced = forced

    def held(self, now: datetime) -> bool:
        """Whether the queue is held; to be looked at after everything that happens."""
        shut = self.place in ("held", "probing") or (self.place == "forced" and self.refuses)
        is_held = shut or bool(self.pauses)
        if self.was_held and not is_held and self.place in ("open", "ramping"):
            self.place, self.until = "ramping", now + self.rules.ramp.longest
        self.was_held = is_held
        return is_held
