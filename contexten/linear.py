"""What our Linear calls take and give. Values only; ``activities.clients.linear`` does them."""

from dataclasses import dataclass
from enum import StrEnum

from contexten.effects import Effect


@dataclass(frozen=True, slots=True)
class Posted:
    """A comment that now stands on Linear: its id, and where a person finds it."""

    id: str
    url: str


@dataclass(frozen=True, slots=True)
class Comment:
    """
    A comment on an issue.

    Attributes:
        issue_id: The issue's UUID, or its identifier such as ``ENG-7``.
        body: Markdown.
        effect: What makes it this comment and no other.
    """

    issue_id: str
    body: str
    effect: Effect


@dataclass(frozen=True, slots=True)
class Target:
    """An issue, by its UUID or its identifier such as ``ENG-7``."""

    issue_id: str


@dataclass(frozen=True, slots=True)
class Issue:
    """
    An issue as it stands.

    Attributes:
        id: Its UUID.
        identifier: What people call it by: ``ENG-7``.
        url: Where a person finds it.
        title: One line.
        description: Markdown; empty if there is none.
        priority: 0 none, 1 urgent, 2 high, 3 medium, 4 low.
        state: The name of the workflow state it is in.
        state_type: That state's kind: ``unstarted``, ``started``, ``completed`` and so on.
        team_id: The UUID of its team.
        team_key: What issues of its team begin with: ``ENG``.
        assignee_id: The user it is assigned to; None if nobody.
        labels: The names of its labels.
    """

    id: str
    identifier: str
    url: str
    title: str
    description: str
    priority: int
    state: str
    state_type: str
    team_id: str
    team_key: str
    assignee_id: str | None
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """
    One issue in short: what a search found, what was created or changed.

    Attributes:
        id: Its UUID.
        identifier: What people call it by: ``ENG-7``.
        title: One line.
        url: Where a person finds it.
    """

    id: str
    identifier: str
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Search:
    """
    A search for issues.

    Attributes:
        term: The words to look for, in titles, descriptions and comments.
        most: How many to answer with at most; 1 to 100.
    """

    term: str
    most: int = 30


@dataclass(frozen=True, slots=True)
class NewIssue:
    """
    An issue to be created.

    Attributes:
        title: One line.
        description: Markdown.
        team_id: The team it belongs to, by UUID or key; None for the one that is set up.
        label_ids: The UUIDs of labels it gets at once.
        parent_id: The issue it is a part of; None if of none.
        effect: What makes it this issue and no other.
    """

    title: str
    description: str
    team_id: str | None
    label_ids: tuple[str, ...]
    parent_id: str | None
    effect: Effect


@dataclass(frozen=True, slots=True)
class IssueChange:
    """
    What an issue should become; what is None stays as it is.

    Attributes:
        issue_id: The issue's UUID, or its identifier such as ``ENG-7``.
        title: One line.
        description: Markdown.
        state_id: The UUID of a workflow state of its team.
        assignee_id: The UUID of the user who is to do it.
        priority: 0 none, 1 urgent, 2 high, 3 medium, 4 low.
    """

    issue_id: str
    title: str | None = None
    description: str | None = None
    state_id: str | None = None
    assignee_id: str | None = None
    priority: int | None = None


@dataclass(frozen=True, slots=True)
class Team:
    """
    A team.

    Attributes:
        id: Its UUID.
        key: What its issues' identifiers begin with: ``ENG``.
        name: What people call it.
    """

    id: str
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class StatesOf:
    """Whose workflow states are meant: a team by UUID or key; None for all teams."""

    team_id: str | None = None


@dataclass(frozen=True, slots=True)
class WorkflowState:
    """
    A state that issues of a team can be in.

    Attributes:
        id: Its UUID.
        name: What people call it: ``In Review``.
        type: Its kind: ``triage``, ``backlog``, ``unstarted``, ``started``, ``completed``,
            ``canceled``.
        position: Where it stands among the states of its team; the smallest comes first.
        team_id: The UUID of its team.
    """

    id: str
    name: str
    type: str
    position: float
    team_id: str


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """
    A webhook to be registered.

    Attributes:
        url: Where Linear is to send deliveries.
        resource_types: What it is to tell of: ``Issue``, ``Comment`` and so on.
        label: What people know it by; one line.
        team_id: The team it is for, by UUID or key; None for all public teams.
        effect: What makes it this webhook and no other.
    """

    url: str
    resource_types: tuple[str, ...]
    label: str
    team_id: str | None
    effect: Effect


@dataclass(frozen=True, slots=True)
class Webhook:
    """
    A webhook as it stands. Its signing secret is for a person to read, in Linear's settings.

    Attributes:
        id: Its UUID.
        url: Where Linear sends deliveries.
        enabled: Whether it does.
    """

    id: str
    url: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class CommentsOf:
    """The comments of an issue, by its UUID or identifier: the latest, and at most so many."""

    issue_id: str
    most: int = 100


@dataclass(frozen=True, slots=True)
class Remark:
    """
    A comment as it stands.

    Attributes:
        id: Its UUID.
        author_id: The user who wrote it; None if no user of the workspace did.
        body: Markdown.
        url: Where a person finds it.
    """

    id: str
    author_id: str | None
    body: str
    url: str


@dataclass(frozen=True, slots=True)
class User:
    """
    Somebody on Linear.

    Attributes:
        id: Their UUID.
        name: What people call them.
        active: Whether they may still come in.
        guest: Whether they see some teams only.
        app: Whether it is an app, not a person.
    """

    id: str
    name: str
    active: bool
    guest: bool
    app: bool


class ActivityKind(StrEnum):
    """What an agent says in a session: what it thinks, asks, answers, or why it failed."""

    THOUGHT = "thought"
    ELICITATION = "elicitation"
    RESPONSE = "response"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class AgentActivity:
    """
    What an agent says in a session.

    Attributes:
        session_id: The session's UUID.
        kind: What sort of saying it is.
        body: Markdown.
        choices: What may be answered to an elicitation; nothing if anything may be.
        effect: What makes it this activity and no other.
    """

    session_id: str
    kind: ActivityKind
    body: str
    choices: tuple[str, ...]
    effect: Effect
