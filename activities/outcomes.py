"""What a worker's calls to one platform came to, until the platform's entity is told."""

from datetime import datetime

from contexten.calls import Call
from contexten.errors import Category, Failure, Recovery
from contexten.gate import WHOLE, Batch, later
from contexten.outcomes import Outcomes


class Count:
    """Outcomes of calls, counted in place."""

    __slots__ = ("failures", "slow", "successes", "trailing_failures")

    def __init__(self) -> None:
        self.successes = self.failures = self.slow = self.trailing_failures = 0

    def succeeded(self, *, slow: bool) -> None:
        """One more was good."""
        self.successes += 1
        self.slow += slow
        self.trailing_failures = 0

    def failed(self, *, slow: bool) -> None:
        """One more was bad."""
        self.failures += 1
        self.slow += slow
        self.trailing_failures += 1

    def value(self) -> Outcomes:
        """It as a value."""
        return Outcomes(self.successes, self.failures, self.slow, self.trailing_failures)

    def after(self, earlier: Outcomes) -> None:
        """Count *earlier* outcomes as well."""
        both = earlier.then(self.value())
        self.successes, self.failures = both.successes, both.failures
        self.slow, self.trailing_failures = both.slow, both.trailing_failures


class Tally:
    """
    The outcomes of one platform's calls since its entity was last told.

    Attributes:
        urgent: Whether there is something that must be told at once.
    """

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self.urgent = False
        self._counts: dict[str, Count] = {}
        self._limited: dict[str, datetime] = {}
        self._example = self._proof = self._fatal = ""
        self._first_failure_at: datetime | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self._counts or self._limited or self._fatal)

    def succeeded(self, call: Call, *, slow: bool) -> None:
        """*call* was good."""
        self._answered(call, slow=slow)
        self._proof = call.operation

    def _answered(self, call: Call, *, slow: bool) -> None:
        for name in (call.group, WHOLE):
            self._count(name).succeeded(slow=slow)
        self.urgent = self.urgent or slow

    def failed(self, call: Call, failure: Failure, *, slow: bool, now: datetime) -> None:
        """
        *call* failed. Only limits are told of a failure that is not the platform's fault: it
        answered, which is no proof of health but counts as well; or nobody knows what it did.
        """
        if failure.limited and failure.retry_after:
            until = now + failure.retry_after
            self._limited[call.group] = max(until, self._limited.get(call.group, until))
        elif failure.recovery is Recovery.STOP:
            self._fatal = failure.message
        elif failure.category is Category.UNKNOWN:
            return
        elif not failure.counts_against_platform:
            self._answered(call, slow=slow)
            return
        else:
            for name in (call.group, WHOLE):
                self._count(name).failed(slow=slow)
            self._example = f"{call.operation}: {failure.message}"
            self._first_failure_at = self._first_failure_at or now
        self.urgent = True

    def _count(self, name: str) -> Count:
        found = self._counts.get(name)
        if found is None:
            found = self._counts[name] = Count()
        return found

    def taken(self) -> Batch:
        """All of it, to be told; what comes from now on is for the next time."""
        batch = Batch(
            outcomes={str(name): count.value() for name, count in self._counts.items()},
            limited={str(name): until for name, until in self._limited.items()},
            example=self._example,
            proof=self._proof,
            fatal=self._fatal,
            first_failure_at=self._first_failure_at,
        )
        self._clear()
        return batch

    def put_back(self, batch: Batch, *, urgent: bool) -> None:
        """What was taken could not be told: it is told with what came since."""
        self.urgent = self.urgent or urgent
        for name, outcomes in batch.outcomes.items():
            self._count(name).after(outcomes)
        self._limited = later(self._limited, batch.limited)
        self._example = self._example or batch.example
        self._proof = self._proof or batch.proof
        self._fatal = self._fatal or batch.fatal
        self._first_failure_at = batch.first_failure_at or self._first_failure_at
