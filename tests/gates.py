"""Gates as values, for tests: what happens to them, in few words."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from contexten.breaker import BreakerRule
from contexten.gate import WHOLE, Batch, Gate, Rules
from contexten.outcomes import Outcomes
from contexten.pace import RampRule

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
RULES = Rules(
    BreakerRule(failure_threshold=3, recovery_timeout=timedelta(seconds=60), probes=2), RampRule()
)


def seconds(many: float) -> datetime:
    """So long after noon."""
    return NOON + timedelta(seconds=many)


def good(many: int = 1, *groups: str, proof: str = "github.read_file") -> Batch:
    """So many good calls, of *groups* and of all together."""
    outcomes = Outcomes(successes=many)
    return Batch(dict.fromkeys((*groups, WHOLE), outcomes), proof=proof)


def bad(many: int = 1, *groups: str, whole: bool = True, at: datetime | None = None) -> Batch:
    """So many failures in a row, of *groups* and, if they are all there was, of the *whole*."""
    outcomes = Outcomes(failures=many, trailing_failures=many)
    names: Iterable[str] = (*groups, WHOLE) if whole else groups
    return Batch(dict.fromkeys(names, outcomes), example="503", first_failure_at=at)


@dataclass
class Story:
    """A gate, and what happens to it at so many seconds after noon."""

    gate: Gate = field(default_factory=Gate)
    rules: Rules = RULES

    def told(self, batch: Batch, at: float) -> "Story":
        """A worker tells of its calls."""
        self.gate = self.gate.reported(batch, self.rules, seconds(at))
        return self

    def tick(self, at: float) -> "Story":
        """Time passes."""
        self.gate = self.gate.tick(self.rules, seconds(at))
        return self

    def probe(self, at: float, *, well: bool, group: str = WHOLE) -> "Story":
        """A probe ends."""
        self.gate = self.gate.probed(group, well=well, rules=self.rules, now=seconds(at))
        return self

    def opened(self) -> "Story":
        """The whole breaker opens at noon."""
        return self.told(bad(3, "write"), 0)

    def probing(self) -> "Story":
        """It opened, and its probes are out since a minute past noon."""
        self.opened().tick(60)
        self.gate = self.gate.probes_taken()
        return self

    def trickling(self) -> "Story":
        """Its probes were good, at 61 s."""
        return self.probing().probe(61, well=True).probe(61, well=True)

    def ramping(self) -> "Story":
        """A trickle of two real calls passed, at 62 s."""
        return self.trickling().told(good(2), 62)
