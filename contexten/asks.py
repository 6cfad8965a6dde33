"""
What people ask of us: which event is an ask, what it says, and where it is answered.

    GitHub   our label, an assignment to us, a mention in a comment; on a pull request also the
             review label and a request to review
    Linear   our label, an assignment to us, a mention in a comment, a session with our agent
    Slack    a mention

Whether who asks may have it done is another question: ``contexten.permission``.
"""

import re
from dataclasses import dataclass, replace

from contexten.agent import LONGEST_WORDS, Ask, Task
from contexten.asking import labelled, mentions, ticket_labelled
from contexten.delivery import Event, Platform
from contexten.payload import dig, number, text
from contexten.place import Place, place_of
from contexten.subject import agent_context

LONGEST_TITLE = 300
ADDRESSED = re.compile(r"^\s*<@[UW][A-Z0-9]+(?:\|[^>]*)?>\s*")


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    What an event asks for.

    Attributes:
        words: What it says.
        title: What the issue, ticket or pull request is called.
        task: What kind of work it is.
        pull: The pull request to work on; None if it is about none.
        session: The agent session it belongs to; None if to none.
    """

    words: str
    title: str = ""
    task: Task = Task.WORK
    pull: int | None = None
    session: str | None = None


def is_us(login: str | None, mention: str) -> bool:
    """
    Whether *login* is the account that *mention* names.

    >>> is_us("Contexten[bot]", "@contexten")
    True
    """
    ours = mention.removeprefix("@").casefold()
    return bool(ours) and (login or "").casefold().removesuffix("[bot]") == ours


def wanted_in(event: Event) -> Wanted | None:
    """What *event* asks of us; None if it asks nothing. Bots ask nothing."""
    if event.sent_by_bot:
        return None
    return WANTED[event.platform](event)


def on_github(event: Event) -> Wanted | None:
    """What a GitHub *event* asks of us."""
    if event.name == "issues":
        return of_issue(event)
    if event.name == "pull_request":
        return of_pull(event)
    said, mention = text(event.payload, "comment", "body"), event.triggers.mention
    if event.action != "created" or said is None or not mentions(said, mention):
        return None
    if event.name == "issue_comment":
        of_a_pull = isinstance(dig(event.payload, "issue", "pull_request"), dict)
        pull = number(event.payload, "issue", "number") if of_a_pull else None
        return Wanted(said, text(event.payload, "issue", "title") or "", pull=pull)
    if event.name == "pull_request_review_comment":
        path, line = (
            text(event.payload, "comment", "path"),
            number(event.payload, "comment", "line"),
        )
        where = f"{path}, line {line}: " if path and line else ""
        title = text(event.payload, "pull_request", "title") or ""
        return Wanted(where + said, title, pull=number(event.payload, "pull_request", "number"))
    return None


def of_issue(event: Event) -> Wanted | None:
    """What an issue asks by our label, or by being assigned to us."""
    by_label = event.action == "labeled" and labelled(event, event.triggers.label)
    assignee = text(event.payload, "assignee", "login")
    assigned = event.action == "assigned" and is_us(assignee, event.triggers.mention)
    return described(event, "issue") if by_label or assigned else None


def of_pull(event: Event) -> Wanted | None:
    """What a pull request asks by a label, by being assigned to us, or by our review."""
    pull, mention = number(event.payload, "pull_request", "number"), event.triggers.mention
    found = described(event, "pull_request")
    reviewer = text(event.payload, "requested_reviewer", "login")
    if event.action == "labeled" and labelled(event, event.triggers.review_label):
        return replace(found, task=Task.REVIEW, pull=pull)
    if event.action == "review_requested" and is_us(reviewer, mention):
        return replace(found, task=Task.REVIEW, pull=pull)
    by_label = event.action == "labeled" and labelled(event, event.triggers.label)
    assignee = text(event.payload, "assignee", "login")
    if by_label or (event.action == "assigned" and is_us(assignee, mention)):
        return replace(found, pull=pull)
    return None


def described(event: Event, *place: str) -> Wanted:
    """The title and the text of what stands at *place* in the payload."""
    title = text(event.payload, *place, "title") or ""
    body = text(event.payload, *place, "body") or text(event.payload, *place, "description")
    return Wanted(body or title, title)


def on_linear(event: Event) -> Wanted | None:
    """What a Linear *event* asks of us."""
    if event.name == "AgentSessionEvent":
        return of_session(event)
    if event.name == "Comment" and event.action == "create":
        said = text(event.payload, "data", "body")
        title = text(event.payload, "data", "issue", "title") or ""
        return Wanted(said, title) if said and mentions(said, event.triggers.mention) else None
    if event.name == "Issue":
        asked = ticket_labelled(event, event.triggers.label) or ticket_assigned(event)
        return described(event, "data") if asked else None
    return None


def ticket_assigned(event: Event) -> bool:
    """Whether the Linear *event* says that the ticket is ours now and was not before."""
    name = text(event.payload, "data", "assignee", "name")
    if not is_us(name, event.triggers.mention):
        return False
    before = dig(event.payload, "updatedFrom")
    return event.action == "create" or (isinstance(before, dict) and "assigneeId" in before)


def of_session(event: Event) -> Wanted | None:
    """What somebody says to our agent in a session, or began one with."""
    session = text(event.payload, "agentSession", "id")
    if session is None:
        return None
    title = text(event.payload, "agentSession", "issue", "title") or ""
    if event.action == "prompted":
        said = text(event.payload, "agentActivity", "content", "body")
    else:
        said = text(event.payload, "agentSession", "comment", "body") or text(
            event.payload, "promptContext"
        )
    words = said or text(event.payload, "agentSession", "issue", "description") or title
    return Wanted(words, title, session=session) if words else None


def on_slack(event: Event) -> Wanted | None:
    """What a Slack *event* asks of us."""
    said = text(event.payload, "event", "text")
    if event.name != "app_mention" or said is None:
        return None
    return Wanted(ADDRESSED.sub("", said) or said)


WANTED = {
    Platform.GITHUB: on_github,
    Platform.LINEAR: on_linear,
    Platform.SLACK: on_slack,
}


def place_for(event: Event, session: str | None = None) -> Place | None:
    """Where *event* is answered; a session on Linear has its own place on the ticket."""
    place = place_of(event)
    return replace(place, at=session) if place and session else place


def ask_of(
    event: Event, wanted: Wanted, *, repository: str | None, context: str | None = None
) -> Ask | None:
    """
    The ask that *event* makes; None if it can be answered nowhere.

    Args:
        event: What came.
        wanted: What it asks.
        repository: The code it is about, ``owner/name``.
        context: Whose run it is for; None if *event* itself says.
    """
    place = place_for(event, wanted.session)
    context = context or agent_context(event)
    if place is None or context is None:
        return None
    return Ask(
        key=event.workflow_id,
        words=wanted.words[:LONGEST_WORDS],
        by=event.sender,
        place=place,
        event=replace(event, context=context, payload=None),
        repository=repository,
        task=wanted.task,
        title=wanted.title[:LONGEST_TITLE],
        pull=wanted.pull,
    )
