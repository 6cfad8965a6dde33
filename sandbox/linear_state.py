"""
What stands on the sandbox's Linear.

There are two teams, ``ENG`` and ``OPS``, with six workflow states each, and two labels,
``bug`` and ``contexten``. An issue exists once it is addressed by a UUID, or by an
identifier such as ``ENG-7``, so that payloads from elsewhere can be answered without being
arranged first; except UUIDs that begin with ``ffffffff``, numbers from 900000 on, and ids
that an ``issueCreate`` asked for and did not get. Users exist as soon as they are named.
"""

import re
import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.linear_refused import invalid, not_found, taken

FIRST_MISSING = 900_000
MISSING = "ffffffff"
IDENTIFIER = re.compile(r"([A-Z][A-Z0-9]*)-([1-9]\d*)")
STATES = {
    "Backlog": "backlog",
    "Todo": "unstarted",
    "In Progress": "started",
    "In Review": "started",
    "Done": "completed",
    "Canceled": "canceled",
}
Shown = dict[str, Any]


def known(name: str) -> str:
    """The id of what is there from the start, the same in every sandbox."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}.sandbox.example"))


def now() -> str:
    """The time as Linear writes it, UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def is_uuid(text: str) -> bool:
    """Whether *text* is a UUID as Linear writes it."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def chosen(given: Shown) -> str:
    """
    The id that the caller chose, or a new one.

    Raises:
        GraphQLError: If it is no version 4 UUID.
    """
    id_ = given.get("id")
    if id_ is None:
        return str(uuid.uuid4())
    if not is_uuid(id_) or uuid.UUID(id_).version != 4:
        raise invalid("id must be a UUID.")
    return str(id_).lower()


@dataclass(slots=True)
class Team:
    """A team, and the highest number among its issues."""

    key: str
    name: str
    highest: int = 1000

    @property
    def id(self) -> str:
        return known(self.key)

    def states(self) -> list[Shown]:
        """Its workflow states, first to last."""
        return [
            {"id": known(f"{self.key} {name}"), "name": name, "type": kind}
            | {"position": float(place), "team": self}
            for place, (name, kind) in enumerate(STATES.items())
        ]


@dataclass(slots=True)
class Issue:
    """An issue. Its fields are called what Linear's inputs call them."""

    id: str
    team: Team
    number: int
    fields: Shown = field(default_factory=dict)

    @property
    def identifier(self) -> str:
        return f"{self.team.key}-{self.number}"


@dataclass(slots=True)
class Record:
    """A comment, a webhook or what an agent said: its id, and what was given."""

    id: str
    fields: Shown
    issue: Issue | None = None
    created_at: str = field(default_factory=now)


class LinearState:
    """Everything, by id."""

    def __init__(self) -> None:
        self.teams = [Team("ENG", "Engineering"), Team("OPS", "Operations")]
        self.labels = {known(f"label {name}"): name for name in ("bug", "contexten")}
        self.issues: dict[str, Issue] = {}
        self.comments: dict[str, Record] = {}
        self.webhooks: dict[str, Record] = {}
        self.activities: dict[str, Record] = {}
        self.users: dict[str, Shown] = {}
        self._asked_for: set[str] = set()

    def team(self, id_: str) -> Team:
        """
        The team with that UUID; where something is created, Linear takes no keys.

        Raises:
            GraphQLError: If it is no UUID, or there is no such team.
        """
        if not is_uuid(id_):
            raise invalid("teamId must be a UUID.")
        for team in self.teams:
            if team.id == id_:
                return team
        raise not_found("Team")

    def user(self, id_: str) -> Shown:
        """
        The user with that UUID, who is a member unless it was arranged otherwise.

        Raises:
            GraphQLError: If it is no UUID, or one of those that belong to nobody.
        """
        if not is_uuid(id_) or id_.startswith(MISSING):
            raise not_found("User")
        usual = {"id": id_, "name": "Somebody", "active": True, "guest": False, "app": False}
        return {**usual, **self.users.get(id_, {})}

    def issue(self, id_: str) -> Issue:
        """
        The issue with that UUID or identifier, which exists once it is asked for.

        Raises:
            GraphQLError: If it is one of those that do not, or neither UUID nor identifier.
        """
        named = IDENTIFIER.fullmatch(id_)
        if named:
            return self._issue_called(named[1], int(named[2]))
        if not is_uuid(id_):
            raise not_found("Issue")
        id_ = id_.lower()
        if id_ not in self.issues:
            if id_.startswith(MISSING) or id_ in self._asked_for:
                raise not_found("Issue")
            self._add(id_, self.teams[0], None)
        return self.issues[id_]

    def _issue_called(self, key: str, number: int) -> Issue:
        """The issue ``<key>-<number>``, which exists once it is asked for."""
        for issue in self.issues.values():
            if (issue.team.key, issue.number) == (key, number):
                return issue
        team = next((team for team in self.teams if team.key == key), None)
        if team is None or number >= FIRST_MISSING:
            raise not_found("Issue")
        return self._add(str(uuid.uuid4()), team, number)

    def _add(self, id_: str, team: Team, number: int | None) -> Issue:
        number = number or team.highest + 1
        team.highest = max(team.highest, number)
        self.issues[id_] = Issue(id_, team, number, {"title": f"Issue {number}"})
        return self.issues[id_]

    def new_issue(self, given: Shown) -> Issue:
        """
        Create an issue.

        Raises:
            GraphQLError: If its id is taken, or a field is not one Linear takes.
        """
        id_ = chosen(given)
        if id_ in self.issues:
            raise taken("Issue", id_)
        self._asked_for.add(id_)
        team = self.team(given["teamId"])
        fields = {name: value for name, value in given.items() if name not in ("id", "teamId")}
        self.check(team, {"title": None, **fields})
        issue = self._add(id_, team, None)
        issue.fields = {"stateId": team.states()[1]["id"], **fields}
        return issue

    def check(self, team: Team, given: Shown) -> None:
        """
        Raises:
            GraphQLError: If a field for an issue of *team* is not one Linear takes.
        """
        if "title" in given and not given["title"]:
            raise invalid("title must be longer than or equal to 1 characters.")
        if not 0 <= (given.get("priority") or 0) <= 4:
            raise invalid("priority must not be greater than 4.")
        if given.get("assigneeId") and not is_uuid(given["assigneeId"]):
            raise invalid("assigneeId must be a UUID.")
        if given.get("stateId"):
            states = [state["id"] for state in team.states()]
            among("stateId", given["stateId"], states, "WorkflowState")
        for label in given.get("labelIds") or ():
            among("each value in labelIds", label, self.labels, "IssueLabel")
        if given.get("parentId"):
            self.issue(given["parentId"])


def among(field_name: str, id_: str, there: Collection[str], what: str) -> None:
    """
    Raises:
        GraphQLError: If *id_* is no UUID, or not one of *there*.
    """
    if not is_uuid(id_):
        raise invalid(f"{field_name} must be a UUID.")
    if id_ not in there:
        raise not_found(what)


def found_in(records: dict[str, Record], id_: str | None, what: str) -> Record:
    """
    The record with that id.

    Raises:
        GraphQLError: If there is none.
    """
    if id_ is None or id_ not in records:
        raise not_found(what)
    return records[id_]
