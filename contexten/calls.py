"""
One platform call as the boundary sees it: what it is, and what became of its earlier attempts.

What became of them is kept by the engine, in the heartbeat details of the activity: they
outlive an attempt, its worker and the worker's process.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from contexten.errors import Category

NORMAL_PRIORITY = 3
ABOUT = "contexten"
"""The header that says what an activity is about."""


class Group(StrEnum):
    """What a call does to its platform: calls of one group share a breaker and a limit."""

    READ = "read"
    WRITE = "write"
    SEARCH = "search"


READING = frozenset({"read", "list", "get"})


@lru_cache(maxsize=1024)
def group_of(operation: str) -> Group:
    """
    The group of *operation*, by its verb.

    >>> [group_of(f"github.{verb}_issues") for verb in ("search", "list", "create")]
    [<Group.SEARCH: 'search'>, <Group.READ: 'read'>, <Group.WRITE: 'write'>]
    """
    verb = operation.partition(".")[2].partition("_")[0]
    if verb in READING:
        return Group.READ
    return Group.SEARCH if verb == "search" else Group.WRITE


@dataclass(frozen=True, slots=True)
class Tries:
    """
    What became of the attempts of one call so far.

    Attributes:
        failed: How many failed, by category.
        parked: How many were not let out.
        parked_for: How long they were told to wait, all together.
        lost: How many ended without a word: they timed out, or their worker died.
    """

    failed: Mapping[str, int] = field(default_factory=dict)
    parked: int = 0
    parked_for: timedelta = timedelta(0)
    lost: int = 0

    @property
    def seen(self) -> int:
        """How many attempts are accounted for."""
        return self.made + self.parked

    @property
    def made(self) -> int:
        """How many were let out, or may have been."""
        return sum(self.failed.values()) + self.lost

    def of(self, category: Category) -> int:
        """How many failed of *category*."""
        return self.failed.get(category, 0)

    def and_failed(self, category: Category) -> "Tries":
        """One more failed, of *category*."""
        failed = {**self.failed, category: self.of(category) + 1}
        return Tries(failed, self.parked, self.parked_for, self.lost)

    def and_parked(self, pause: timedelta) -> "Tries":
        """One more was not let out, and told to wait for *pause*."""
        return replace(self, parked=self.parked + 1, parked_for=self.parked_for + pause)

    def up_to(self, attempt: int) -> "Tries":
        """All before *attempt*, of which the first is 1: those nobody told of were lost."""
        unheard = attempt - 1 - self.seen
        return replace(self, lost=self.lost + unheard) if unheard > 0 else self

    def as_json(self) -> dict[str, Any]:
        """It as plain values."""
        return {
            "failed": dict(self.failed),
            "parked": self.parked,
            "parked_for_s": self.parked_for.total_seconds(),
            "lost": self.lost,
        }

    @classmethod
    def from_json(cls, said: Any) -> "Tries":
        """What :meth:`as_json` gave; none at all if *said* is anything else."""
        if said is None:
            return cls()
        try:
            failed = {str(Category(name)): int(many) for name, many in said["failed"].items()}
            parked_for = timedelta(seconds=float(said["parked_for_s"]))
            return cls(failed, int(said["parked"]), parked_for, int(said["lost"]))
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
            return cls()


@dataclass(frozen=True, slots=True)
class Call:
    """
    One attempt at a platform call.

    Attributes:
        operation: What it does: ``github.post_comment``.
        attempt: Which attempt it is, by the engine's count; the first is 1.
        scheduled_at: When the call was first asked for, UTC.
        queued_for: How long this attempt waited for a worker.
        workflow_id: Who asks.
        run_id: In which run.
        context: The issue, pull request, ticket or thread it is about; None if nobody said.
        repository: Where that belongs; None if nobody said.
        priority: 1 is the most urgent, 5 the least.
        tries: What became of the attempts before this one.
    """

    operation: str
    attempt: int
    scheduled_at: datetime
    queued_for: timedelta = timedelta(0)
    workflow_id: str = ""
    run_id: str = ""
    context: str | None = None
    repository: str | None = None
    priority: int = NORMAL_PRIORITY
    tries: Tries = field(default_factory=Tries)

    @property
    def platform(self) -> str:
        """Whom it goes to."""
        return self.operation.partition(".")[0]

    @property
    def group(self) -> Group:
        """What it does there."""
        return group_of(self.operation)
