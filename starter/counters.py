"""What the door counts about itself, for Prometheus. Every label has a bounded set of values."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from contexten.delivery import Platform

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.3, 1.0, 3.0, 10.0)


class DoorCounters:
    """Deliveries by platform and answer, how long answers took, and what is held."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._answers = Counter(
            "contexten_door_deliveries_total",
            "Deliveries, by what they were answered",
            ["platform", "answer"],
            registry=self._registry,
        )
        duration = Histogram(
            "contexten_door_answer_seconds",
            "From a delivery's headers to its answer, seconds",
            ["platform"],
            buckets=BUCKETS_S,
            registry=self._registry,
        )
        self._durations = {platform: duration.labels(platform) for platform in Platform}
        self._counted: dict[tuple[Platform, str], Counter] = {}

    def answered(self, platform: Platform, answer: str, seconds: float) -> None:
        """A delivery of *platform* got *answer* after *seconds*."""
        counter = self._counted.get((platform, answer))
        if counter is None:
            counter = self._counted[platform, answer] = self._answers.labels(platform, answer)
        counter.inc()
        self._durations[platform].observe(seconds)

    def watch(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """Show what *read* says under ``contexten_door_<name>``."""
        gauge = Gauge(f"contexten_door_{name}", meaning, registry=self._registry)
        gauge.set_function(read)

    def text(self) -> bytes:
        """Everything counted, in Prometheus' text format."""
        return generate_latest(self._registry)
