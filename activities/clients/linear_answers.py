"""Linear's answers as our values. What cannot be read is a garbled answer, whatever it is."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from activities.clients.linear_errors import PLATFORM, garbled
from contexten.errors import ClientError
from contexten.linear import Found, Issue, Posted, Remark, Team, User, Webhook, WorkflowState

T = TypeVar("T")

LONGEST_TOGETHER = 200_000
GARBLED = (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError)


def read(shape: Callable[[Any], T], answer: Any) -> T:
    """
    *answer* in the given *shape*.

    Raises:
        TransientError: If it does not have that shape.
    """
    try:
        return shape(answer)
    except GARBLED as error:
        raise garbled(type(error).__name__) from None


def done(answer: Any) -> Any:
    """
    What a mutation created or changed.

    Raises:
        ClientError: If Linear says that it did not.
    """
    if answer["done"]["success"] is not True:
        raise ClientError("Linear did not do it, and does not say why", platform=PLATFORM)
    return answer["done"]["thing"]


def posted(thing: Any) -> Posted:
    """A comment."""
    return Posted(str(thing["id"]), str(thing["url"]))


def found(thing: Any) -> Found:
    """An issue, in short."""
    return Found(str(thing["id"]), str(thing["identifier"]), str(thing["title"]), str(thing["url"]))


def issue(thing: Any) -> Issue:
    """An issue as it stands."""
    assignee = thing["assignee"]
    return Issue(
        id=str(thing["id"]),
        identifier=str(thing["identifier"]),
        url=str(thing["url"]),
        title=str(thing["title"]),
        description=thing["description"] or "",
        priority=int(thing["priority"]),
        state=str(thing["state"]["name"]),
        state_type=str(thing["state"]["type"]),
        team_id=str(thing["team"]["id"]),
        team_key=str(thing["team"]["key"]),
        assignee_id=str(assignee["id"]) if assignee else None,
        labels=tuple(str(label["name"]) for label in thing["labels"]["nodes"]),
    )


def remark(thing: Any) -> Remark:
    """A comment as it stands."""
    author = thing["user"]
    author_id = str(author["id"]) if author else None
    return Remark(str(thing["id"]), author_id, str(thing["body"]), str(thing["url"]))


def remarks(thing: Any) -> list[Remark]:
    """The comments of an issue, oldest first; Linear gives the newest first."""
    found = sorted(nodes(thing["comments"]), key=lambda one: str(one["createdAt"]))
    return [remark(one) for one in found]


def latest(found: Sequence[Remark]) -> tuple[Remark, ...]:
    """The last of *found* that are not too long together."""
    kept: list[Remark] = []
    left = LONGEST_TOGETHER
    for one in reversed(found):
        left -= len(one.body)
        if left < 0:
            break
        kept.append(one)
    return tuple(reversed(kept))


def user(thing: Any) -> User:
    """Somebody on Linear."""
    flags = (bool(thing[name]) for name in ("active", "guest", "app"))
    return User(str(thing["id"]), str(thing["name"]), *flags)


def id_of(thing: Any) -> str:
    """What it is known by."""
    return str(thing["id"])


def team(thing: Any) -> Team:
    """A team."""
    return Team(str(thing["id"]), str(thing["key"]), str(thing["name"]))


def workflow_state(thing: Any) -> WorkflowState:
    """A workflow state."""
    return WorkflowState(
        id=str(thing["id"]),
        name=str(thing["name"]),
        type=str(thing["type"]),
        position=float(thing["position"]),
        team_id=str(thing["team"]["id"]),
    )


def webhook(thing: Any) -> Webhook:
    """A webhook."""
    return Webhook(str(thing["id"]), str(thing["url"]), bool(thing["enabled"]))


def nodes(page: Any) -> list[Any]:
    """
    What stands on a page.

    Raises:
        TypeError: If that is no list.
    """
    if not isinstance(page["nodes"], list):
        raise TypeError("not a list")
    return page["nodes"]


def next_cursor(page: Any) -> str | None:
    """Where the page after this one begins; None if it is the last."""
    info = page["pageInfo"]
    return str(info["endCursor"]) if info["hasNextPage"] else None
