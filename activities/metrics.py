"""What is counted of attempts and of standings, for whoever scrapes the worker."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from temporalio.common import MetricMeter

from contexten.degradation import LEVELS
from contexten.ledger import Attempt, Outcome
from contexten.snapshot import Snapshot

ATTEMPTS = "contexten_attempts"
LATENCY = "contexten_attempt_latency"
FLOWS = "contexten_platform_flows"
LEVEL = "contexten_service_level"
RULES = "contexten_rule_version"


class AttemptMetrics:
    """Counts attempts by operation, outcome and category, and times those that went out."""

    def __init__(self, meter: MetricMeter) -> None:
        self._attempts = meter.create_counter(ATTEMPTS, "attempts at platform calls")
        self._latency = meter.create_histogram_timedelta(
            LATENCY, "how long attempts took that went out", "duration"
        )
        self._seen: dict[tuple[str, str, str | None], Mapping[str, Any]] = {}

    def record(self, attempt: Attempt) -> None:
        """Count *attempt*."""
        labels = self._labels(attempt)
        self._attempts.add(1, labels)
        if attempt.outcome in (Outcome.OK, Outcome.FAILED):
            self._latency.record(timedelta(seconds=attempt.latency_s), labels)

    def _labels(self, attempt: Attempt) -> Mapping[str, Any]:
        """The labels of *attempt*: as many as there are operations, outcomes and categories."""
        key = (attempt.operation, attempt.outcome, attempt.category)
        found = self._seen.get(key)
        if found is None:
            found = self._seen[key] = {
                "platform": attempt.platform,
                "operation": attempt.operation,
                "outcome": str(attempt.outcome),
                "category": str(attempt.category or "none"),
            }
        return found


class StandingMetrics:
    """Shows how things stand as a process knows it: gates, the service level, the rules."""

    def __init__(self, meter: MetricMeter) -> None:
        self._flows = meter.create_gauge(FLOWS, "1 if a platform is called, 0 while it is held")
        self._level = meter.create_gauge(LEVEL, "0 full, 1 limited, 2 essential, 3 maintenance")
        self._rules = meter.create_gauge(RULES, "the version of the rule book in force")

    def show(self, snapshot: Snapshot) -> None:
        """Show *snapshot*."""
        for platform, gate in snapshot.gates.items():
            self._flows.set(int(gate.held is None), {"platform": platform})
        self._level.set(LEVELS.index(snapshot.level))
        self._rules.set(snapshot.book.version)
