"""What is in force, as one worker process knows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from contexten.degradation import Level, Switch, is_on
from contexten.rulebook import DEFAULT_BOOK, RuleBook
from contexten.standing import Standing


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    Attributes:
        book: The rules.
        gates: Each platform's gate.
        level: How much of the service is on.
        paused: The repositories that are paused, and why.
        on: Who says what a level switches on.
    """

    book: RuleBook = DEFAULT_BOOK
    gates: Mapping[str, Standing] = field(default_factory=dict)
    level: Level = Level.FULL
    paused: Mapping[str, str] = field(default_factory=dict)
    on: Switch = is_on

    def gate(self, platform: str) -> Standing:
        """The gate of *platform*; open if nothing is known."""
        return self.gates.get(platform, ALL_OPEN)


ALL_OPEN = Standing()
