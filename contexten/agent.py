"""
An agent run as values: what is asked of it, on what terms, and what it has used up.

A run belongs to one context. Whatever is asked about that context while it is under way
reaches the same run, once: each ask has a key, and a key that is known is not heard again.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum

from contexten.delivery import Event
from contexten.place import Place

LONGEST_WORDS = 16_000


class Task(StrEnum):
    """What kind of work is asked for."""

    WORK = "work"
    REVIEW = "review"
    FIX_CHECKS = "fix_checks"


@dataclass(frozen=True, slots=True)
class Ask:
    """
    What somebody wants.

    Attributes:
        key: What makes it this ask and no other: the workflow id of the delivery that brought it,
            or, of a pressed button, the message that the button stood under.
        words: What they wrote; untrusted, and at most ``LONGEST_WORDS`` characters.
        by: Who wants it, by login or user id; None if nobody said.
        place: Where they are answered.
        event: The delivery, without its payload: whose effects the run's are.
        repository: ``owner/name`` of the code it is about; None if it is about none.
        task: What kind of work it is.
        title: What the issue, ticket or pull request is called; untrusted, may be empty.
        pull: The pull request to work on; None to begin a branch of its own.
        base: The branch to begin from; None for the default branch.
    """

    key: str
    words: str
    by: str | None
    place: Place
    event: Event
    repository: str | None = None
    task: Task = Task.WORK
    title: str = ""
    pull: int | None = None
    base: str | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """
    How much one run may use; whatever is used up first ends it as exhausted.

    Attributes:
        model_calls: Turns of the model.
        tool_calls: Calls of tools, good and bad.
        tokens: Tokens in and out, of all model calls.
        usd: Money, US dollars, as far as the price of a model is known.
        wall_clock_s: Seconds from the first ask to the end, whatever happens in between.
    """

    model_calls: int = 100
    tool_calls: int = 400
    tokens: int = 2_000_000
    usd: float = 10.0
    wall_clock_s: float = 7200.0


@dataclass(frozen=True, slots=True)
class Spent:
    """What a run has used up so far; the same units as :class:`Budget`."""

    model_calls: int = 0
    tool_calls: int = 0
    tokens: int = 0
    usd: float = 0.0

    def and_model_call(self, tokens: int, usd: float) -> "Spent":
        """One more call of the model."""
        return replace(
            self,
            model_calls=self.model_calls + 1,
            tokens=self.tokens + tokens,
            usd=self.usd + usd,
        )

    def and_tool_calls(self, many: int) -> "Spent":
        """So many more calls of tools."""
        return replace(self, tool_calls=self.tool_calls + many)

    def exhausted(self, budget: Budget) -> str | None:
        """
        Which part of *budget* is used up, in plain words; None if none is.

        >>> Spent(model_calls=3).exhausted(Budget(model_calls=3))
        'all 3 model calls'
        """
        if self.model_calls >= budget.model_calls:
            return f"all {budget.model_calls} model calls"
        if self.tool_calls >= budget.tool_calls:
            return f"all {budget.tool_calls} tool calls"
        if self.tokens >= budget.tokens:
            return f"all {budget.tokens} tokens"
        if self.usd >= budget.usd:
            return f"all of ${budget.usd:.2f}"
        return None


@dataclass(frozen=True, slots=True)
class Terms:
    """
    On what terms a run works, as they were set when it began.

    Attributes:
        budget: How much it may use.
        model: What answers, by the name people know it under.
        repositories: The repositories that runs may work on; every one we can reach if empty.
        repository: The one that tickets and threads are about which name none; None if unset.
        shell: Whether the tool that runs commands may be used at all.
        turns_a_history: Turns after which it goes on in another history; at least 1.
        taken_within_s: Seconds after which a machine that takes none of its work is given up.
    """

    budget: Budget = field(default_factory=Budget)
    model: str = "offline"
    repositories: tuple[str, ...] = ()
    repository: str | None = None
    shell: bool = True
    turns_a_history: int = 40
    taken_within_s: float = 30.0

    @property
    def taken_within(self) -> timedelta:
        """How long a machine may take no work: it is gone then, or somebody else's fills it."""
        return timedelta(seconds=self.taken_within_s)


class Ending(StrEnum):
    """How a run ended."""

    DONE = "done"
    FAILED = "failed"
    EXHAUSTED = "exhausted"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
