"""Linear's answers as our values. What cannot be read is a garbled answer, whatever it is."""

from collections.abc import Callable
from typing import Any, TypeVar

from activities.clients.linear_errors import PLATFORM, garbled
from contexten.errors import ClientError
from contexten.linear import Found, Issue, Posted, Team, Webhook, WorkflowState

T = TypeVar("T")

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
