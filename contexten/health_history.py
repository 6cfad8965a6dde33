"""What is kept of the health rounds, and how it is asked for."""

from dataclasses import dataclass
from datetime import datetime

from contexten.health import Family, Status
from contexten.health_round import Standing

MOST_ROUNDS = 500


@dataclass(frozen=True, slots=True)
class HistoryWanted:
    """
    Which history is asked for.

    Attributes:
        family: Only checks of this family; None for all.
        most: Of how many rounds at most, the latest; 1 to ``MOST_ROUNDS``.
    """

    family: Family | None = None
    most: int = 40

    def __post_init__(self) -> None:
        """
        Raises:
            ValueError: If ``most`` is out of bounds.
        """
        if not 1 <= self.most <= MOST_ROUNDS:
            raise ValueError(f"most is 1 to {MOST_ROUNDS}, not {self.most}")


@dataclass(frozen=True, slots=True)
class Kept:
    """
    What is kept of one check in one round.

    Attributes:
        at: When the round was, UTC.
        status: What the check was taken for.
        found: What it found in that round.
        since: Since when it was taken for that.
    """

    at: datetime
    name: str
    family: Family
    critical: bool
    status: Status
    found: Status
    value: float | None
    unit: str
    said: str
    since: datetime
    took_s: float

    @classmethod
    def of(cls, standing: Standing, at: datetime) -> "Kept":
        """What to keep of *standing* in the round of that time."""
        one = standing.result
        return cls(
            at,
            one.name,
            one.family,
            one.critical,
            standing.status,
            one.status,
            one.value,
            one.unit,
            one.said,
            standing.since,
            one.took_s,
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """
    How a check stands, and how it stood before.

    Attributes:
        latest: The latest round it was in.
        before: What it found in the rounds up to that one, oldest first.
        values: What it measured in them.
    """

    latest: Kept
    before: tuple[Status, ...]
    values: tuple[float | None, ...]
