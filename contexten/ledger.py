"""
The attempt ledger, as values: one row for each attempt, and what may be asked of the rows.

An attempt is one try of one activity. Temporal's history keeps the last failure of each
activity only, so what failed before it is known from here or not at all.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MESSAGE_CHARACTERS = 300
MOST_ROWS = 1000


class Outcome(StrEnum):
    """What became of an attempt."""

    OK = "ok"
    FAILED = "failed"
    PARKED = "parked"
    LOST = "lost"
    SKIPPED = "skipped"


BAD = (Outcome.FAILED, Outcome.LOST)
"""The outcomes that count as a failure: the call went out, and nothing good is known of it."""

TRIED = (Outcome.OK, *BAD)
"""The outcomes of attempts that reached for the platform at all."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    One try of one activity: a row of the ledger.

    Attributes:
        at: When it ended, UTC.
        platform: Who was called: ``github``, ``linear``, ``slack``, ``model``, ``tools``.
        operation: The activity: ``github.post_comment``.
        attempt: Which try it was, from 1.
        outcome: ``ok``, ``failed``, ``parked`` (held back, nothing went out), ``lost`` (its
            worker died or it ran out of time) or ``skipped`` (left out at this service level).
        category: The error's category; None if there was no error.
        error_type: The error's class name; None if there was no error.
        status: The HTTP status that came back; None if none did.
        retry_after_s: Seconds the platform asked us to wait; None if it did not say.
        latency_s: Seconds the attempt took.
        queue_wait_s: Seconds it waited for a worker, after it was due.
        rule_version: The version of the rule book in force.
        workflow_id: The workflow it was for.
        run_id: The run of that workflow.
        context: The issue, pull request, ticket or thread it was about; or None.
        repository: Where that belongs: ``owner/name``, a team key, a channel; or None.
        message: What the error said, at most ``MESSAGE_CHARACTERS``; or None.
    """

    at: datetime
    platform: str
    operation: str
    attempt: int
    outcome: str
    category: str | None = None
    error_type: str | None = None
    status: int | None = None
    retry_after_s: float | None = None
    latency_s: float = 0.0
    queue_wait_s: float = 0.0
    rule_version: int = 0
    workflow_id: str = ""
    run_id: str = ""
    context: str | None = None
    repository: str | None = None
    message: str | None = None


class By(StrEnum):
    """What failures are put together by."""

    PLATFORM = "platform"
    OPERATION = "operation"
    CATEGORY = "category"
    TYPE = "type"


@dataclass(frozen=True, slots=True)
class FailuresWanted:
    """
    A question to the ledger: which failed and lost attempts. What is None does not matter.

    Attributes:
        since: Only those from then on, UTC.
        platform: Only calls to this platform.
        operation: Only this operation.
        category: Only errors of this category.
        most: How many at most, the latest; 1 to ``MOST_ROWS``.
        by: What a summary puts together; a list of rows pays no heed to it.
    """

    since: datetime | None = None
    platform: str | None = None
    operation: str | None = None
    category: str | None = None
    most: int = 50
    by: By = By.OPERATION

    def __post_init__(self) -> None:
        """
        Raises:
            ValueError: If ``most`` is out of bounds.
        """
        if not 1 <= self.most <= MOST_ROWS:
            raise ValueError(f"most is 1 to {MOST_ROWS}, not {self.most}")


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """
    What failed alike.

    Attributes:
        name: The platform, operation, category or error type; empty if a row has none.
        attempts: How many attempts of it reached for the platform, good ones too. A good one
            has neither category nor type, so by those this is the number of failures.
        failures: How many of them failed or were lost.
        workflows: How many workflows these failures struck.
        first_at: When the first of them ended, UTC.
        last_at: When the last of them ended, UTC.
    """

    name: str
    attempts: int
    failures: int
    workflows: int
    first_at: datetime
    last_at: datetime

    @property
    def share(self) -> float:
        """
        The share of the attempts that failed.

        >>> at = datetime(2026, 1, 1)
        >>> FailureGroup("slack", 8, 2, 2, at, at).share
        0.25
        """
        return self.failures / self.attempts


def shortened(message: str) -> str:
    """
    *message* as a row keeps it.

    >>> len(shortened("x" * 1000)), shortened("503")
    (300, '503')
    """
    if len(message) <= MESSAGE_CHARACTERS:
        return message
    return message[: MESSAGE_CHARACTERS - 1] + "…"
