"""What the ledger saw go out of late, and how healthy that is."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from contexten.health import Bounds, Reading, Status
from contexten.limits import Limits


@dataclass(frozen=True, slots=True)
class TrafficRule:
    """
    What is judged by.

    Attributes:
        window: How far back our own work is looked at.
        recent: How far back a platform's calls are looked at.
        minimum_calls: How many there must be before a share of them says anything.
        latency_s: Bounds of the 95th percentile of what a call takes, seconds.
        error_rate: Bounds of the share of calls that fail, 0 to 1.
        used: Bounds of the share of a platform's limit that is used up, 0 to 1.
        quiet: After how long without a call a platform is probed.
        quiet_after_failure: The same where the last call failed.
    """

    window: timedelta = timedelta(minutes=5)
    recent: timedelta = timedelta(minutes=1)
    minimum_calls: int = 10
    latency_s: Bounds = field(default_factory=lambda: Bounds(5.0, 15.0))
    error_rate: Bounds = field(default_factory=lambda: Bounds(0.1, 0.5))
    used: Bounds = field(default_factory=lambda: Bounds(0.9, 1.0))
    quiet: timedelta = timedelta(minutes=1)
    quiet_after_failure: timedelta = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Traffic:
    """
    Calls that went out within a while.

    Attributes:
        platform: Whither; empty for all of them.
        calls: How many.
        failures: How many of them failed by the platform's doing, or by what it thinks of us;
            not those in which we asked wrongly, or are set up wrongly.
        limited: How many were told to slow down; no failures.
        p95_s: What 95 % of them took at most, seconds; None if there were none.
        well_at: When the last one went well; None if none did.
        failed_at: When the last one failed; None if none did.
        said: What that one failed of.
    """

    platform: str = ""
    calls: int = 0
    failures: int = 0
    limited: int = 0
    p95_s: float | None = None
    well_at: datetime | None = None
    failed_at: datetime | None = None
    said: str = ""

    @property
    def failure_rate(self) -> float:
        """The share that failed; 0 if there were none."""
        return self.failures / self.calls if self.calls else 0.0

    @property
    def seen_at(self) -> datetime | None:
        """When the last one ended; None if there were none that say anything."""
        return max((at for at in (self.well_at, self.failed_at) if at), default=None)

    @property
    def ended_well(self) -> bool:
        """Whether the last one that says anything went well."""
        return self.well_at is not None and self.well_at == self.seen_at

    def probed(self, probe: "Probe | None") -> "Traffic":
        """With a call that the ledger may not have yet."""
        if probe is None:
            return self
        counted = replace(self, calls=self.calls + 1, p95_s=max(self.p95_s or 0.0, probe.took_s))
        if probe.well:
            return replace(counted, well_at=probe.at)
        failures = self.failures + 1
        return replace(counted, failures=failures, failed_at=probe.at, said=probe.said)


@dataclass(frozen=True, slots=True)
class Probe:
    """
    A cheap real call, made to see how a platform does.

    Attributes:
        well: Whether it went well.
        said: What came of it.
        took_s: How long it took, seconds.
        at: When it ended, UTC.
    """

    platform: str
    well: bool
    said: str
    took_s: float
    at: datetime


def latency(traffic: Traffic, rule: TrafficRule) -> Reading:
    """How long calls take."""
    if traffic.p95_s is None or traffic.calls < rule.minimum_calls:
        return too_few(traffic, rule)
    said = f"95 % of {traffic.calls} calls took {traffic.p95_s:.2f} s at most"
    return Reading(rule.latency_s.status(traffic.p95_s), said, traffic.p95_s, "s")


def error_rate(traffic: Traffic, rule: TrafficRule) -> Reading:
    """How many calls fail."""
    if traffic.calls < rule.minimum_calls:
        return too_few(traffic, rule)
    said = f"{traffic.failures} of {traffic.calls} calls failed"
    status = rule.error_rate.status(traffic.failure_rate)
    return Reading(status, said, 100 * traffic.failure_rate, "%")


def throughput(traffic: Traffic, rule: TrafficRule) -> Reading:
    """How many calls go out: a measure, not a judgement."""
    rate = traffic.calls / (rule.window / timedelta(minutes=1))
    return Reading(Status.HEALTHY, f"{traffic.calls} calls went out", rate, "calls/min")


def too_few(traffic: Traffic, rule: TrafficRule) -> Reading:
    """There is nothing to judge by."""
    minutes = rule.window / timedelta(minutes=1)
    return Reading(Status.UNKNOWN, f"only {traffic.calls} calls in the last {minutes:g} min")


def integration(traffic: Traffic, rule: TrafficRule) -> Reading:
    """
    How a platform does, by its latest calls.

    Few calls are judged by the last of them, many by how many of them failed.
    """
    if not traffic.calls:
        return Reading(Status.UNKNOWN, f"no call in the last {rule.recent.total_seconds():g} s")
    said = f"{traffic.failures} of {traffic.calls} calls failed"
    if traffic.limited:
        said += f", {traffic.limited} were told to slow down"
    if traffic.failures and traffic.said:
        said += f"; the last of: {traffic.said}"
    if traffic.seen_at is None:
        return Reading(Status.UNKNOWN, f"{said}; none went well")
    return Reading(
        status_of(traffic, rule), said, traffic.p95_s, "s", traffic.seen_at, traffic.well_at
    )


def allowance(said: Limits | None, rule: TrafficRule, now: datetime) -> Reading:
    """How much a platform still lets us ask, by what it last said."""
    if said is None:
        return Reading(Status.UNKNOWN, "it has said nothing of a limit yet")
    left, again = said.left(now), now >= said.resets_at
    status = rule.used.status(1 - left / said.limit)
    told = f"{left} of {said.limit} requests left"
    if not again:
        told += f", all of them again at {said.resets_at:%H:%M:%S} UTC"
    heard_at = said.resets_at if again else said.asked_at
    return Reading(status, told, left, "requests", heard_at, heard_at)


def status_of(traffic: Traffic, rule: TrafficRule) -> Status:
    """How a platform with such calls stands."""
    if traffic.calls >= rule.minimum_calls:
        status = rule.error_rate.status(traffic.failure_rate)
    elif traffic.failures and not traffic.ended_well:
        status = Status.UNHEALTHY
    else:
        status = Status.DEGRADED if traffic.failures else Status.HEALTHY
    return Status.DEGRADED if status is Status.HEALTHY and traffic.limited else status


def is_quiet(seen_at: datetime | None, status: Status, rule: TrafficRule, now: datetime) -> bool:
    """
    Whether a platform should be probed *now*.

    Args:
        seen_at: When its last call that says anything ended; None if none is known.
        status: What it found of the platform.
    """
    if seen_at is None or status is Status.UNKNOWN:
        return True
    patience = rule.quiet_after_failure if status is Status.UNHEALTHY else rule.quiet
    return now - seen_at >= patience


def is_left_alone(standing: Any) -> bool:
    """
    Whether a platform wants no probe of ours, by what its entity shows of it; None if nothing.

    It is paused by a person, limits us, or its breaker is open: then the entity probes it
    itself. One that is only held for the service level is probed, or the level could never
    rise again.
    """
    if not isinstance(standing, Mapping):
        return False
    held = standing.get("rate") == 0 and not str(standing.get("because", "")).startswith("held")
    return held or bool(standing.get("limited"))
