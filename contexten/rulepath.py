"""
Where a rule stands in the rule book: the paths that an edit names.

    slack.base_delay                          every call to Slack
    slack.server_error.attempts               ... after failures of one category
    slack.post_message.deadline               one operation
    slack.post_message.server_error.attempts  ... after failures of one category
    slack.breaker.failure_threshold           when Slack's breaker opens
    slack.budget.ratio                        how much repetition Slack is asked to bear
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from contexten import bounds, retry
from contexten.bounds import Bound
from contexten.errors import Category
from contexten.operations import OPERATIONS, PLATFORMS

BREAKER = "breaker"
BUDGET = "budget"


class NotInBook(ValueError):  # noqa: N818 - the name that an editor is answered with
    """A path that names no rule; the message says what there is."""


@dataclass(frozen=True, slots=True)
class Path:
    """
    Where a value stands in the book.

    Attributes:
        scope: A queue, or an operation: ``slack``, ``slack.post_message``.
        part: ``breaker``, ``budget``, a category of failures, or nothing.
        name: The name of the field.
        bound: What the field may be.
    """

    scope: str
    part: str
    name: str
    bound: Bound

    def __str__(self) -> str:
        """The path as it is written."""
        return ".".join(filter(None, (self.scope, self.part, self.name)))


def path(text: str) -> Path:
    """
    The place in the book that *text* names.

    Raises:
        NotInBook: If there is none.

    >>> str(path("slack.post_message.server_error.attempts").bound)
    '0 to 1000'
    """
    scope, part, name = parted(text)
    known = fields_of(scope, part)
    if name not in known:
        raise NotInBook(f"{shown(text)}: there is no field {shown(name)} here, only {named(known)}")
    return Path(scope, part, name, known[name])


def parted(text: str) -> tuple[str, str, str]:
    """
    Scope, part and name of the path *text*.

    Raises:
        NotInBook: If its scope is none of ours, or it has more or fewer pieces than a path.
    """
    queue, *middle = text.strip().split(".")
    name = middle.pop() if middle else ""
    if queue not in retry.QUEUES:
        raise NotInBook(f"{shown(text)}: a path begins with {named(retry.QUEUES)}")
    scope = queue
    if middle and f"{queue}.{middle[0]}" in OPERATIONS:
        scope = f"{queue}.{middle.pop(0)}"
    if len(middle) > 1 or (middle and middle[0] not in parts_of(scope)):
        operations = sorted(one for one in OPERATIONS if one.startswith(f"{queue}."))
        raise NotInBook(
            f"{shown(text)}: there is no {shown('.'.join(middle))} here, only "
            f"{named([*parts_of(scope), *operations])}"
        )
    return scope, middle[0] if middle else "", name


def parts_of(scope: str) -> tuple[str, ...]:
    """What the rule of *scope* has besides its own fields."""
    return (*Category, BREAKER, BUDGET) if scope in PLATFORMS else tuple(Category)


def fields_of(scope: str, part: str) -> Mapping[str, Bound]:
    """The fields of one *part* of *scope*, with their bounds."""
    if part == BREAKER:
        return bounds.BREAKER
    if part == BUDGET:
        return bounds.BUDGET
    return bounds.of_category(Category(part)) if part else bounds.RETRY


def shown(text: str) -> str:
    """*text* as a message may repeat it."""
    return repr(text[:80])


def named(names: Iterable[str]) -> str:
    """*names* in a row."""
    return ", ".join(map(str, names))
