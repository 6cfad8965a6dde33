"""
From what a sender wrote to an event: a few fields, each read only if it is what it should be.

A signed body may be anything that is JSON, so nothing here raises. What cannot be the
event it claims to be is Unfit, with the reason; what is merely missing is None.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contexten.delivery import Event, Platform
from contexten.payload import dig, number, objects, text
from contexten.shapes import fits

ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
TICKET = re.compile(r"([A-Za-z0-9_]{1,40})-[0-9]{1,12}")
TICKET_IN_URL = re.compile(r"/issue/([A-Za-z0-9_]{1,40}-[0-9]{1,12})(?:[/#?]|$)")
LONGEST = 255


@dataclass(frozen=True, slots=True)
class Claim:
    """
    What is known of a delivery besides its body.

    Attributes:
        platform: Who sent it.
        delivery_id: The sender's id for it; for Slack the one to take if the body has none.
        name: The kind of event the headers claim; None where the body says it.
        tenant: The ``owner/name`` of the route it came in by, if any.
        received_at: When the door took it in, UTC.
    """

    platform: Platform
    delivery_id: str
    name: str | None
    tenant: str | None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Unfit:
    """A body that cannot be what it claims to be, and why."""

    reason: str


def read(claim: Claim, body: Any) -> Event | Unfit:
    """The event that *body* tells of, whatever *body* is."""
    if not isinstance(body, dict):
        return Unfit("the body is no JSON object")
    return READERS[claim.platform](claim, body)


def short(payload: Any, *path: str) -> str | None:
    """The text at *path*, if it is one of up to 255 characters."""
    found = text(payload, *path)
    return found if found and len(found) <= LONGEST else None


def name_in(payload: Any, *path: str) -> str | None:
    """The name at *path*, if it is made of letters, digits, dots, dashes and underscores."""
    found = text(payload, *path)
    return found if found and NAME.fullmatch(found) else None


def read_github(claim: Claim, body: dict[str, Any]) -> Event | Unfit:
    """A GitHub body; ordinary repositories have no organization, installation or enterprise."""
    if claim.name is None or not fits(claim.name, body):
        return Unfit(f"the body is not that of a GitHub event {claim.name!r}")
    repository = short(body, "repository", "full_name")
    about = number_about(body)
    return Event(
        platform=claim.platform,
        delivery_id=claim.delivery_id,
        name=claim.name,
        action=short(body, "action"),
        received_at=claim.received_at,
        repository=repository,
        context=f"github/{repository}#{about}" if repository and about is not None else None,
        sender=short(body, "sender", "login"),
        sent_by_bot=dig(body, "sender", "type") == "Bot",
        tenant=claim.tenant,
    )


def number_about(body: dict[str, Any]) -> int | None:
    """The number of the issue, pull request or discussion that a GitHub *body* is about."""
    for thing in ("issue", "pull_request", "discussion"):
        if (found := number(body, thing, "number")) is not None:
            return found
    for thing in ("check_run", "check_suite", "workflow_run"):
        if (found := number_checked(body, thing)) is not None:
            return found
    return None


def number_checked(body: dict[str, Any], thing: str) -> int | None:
    """The number of the one pull request of this repository that *thing*, a check, belongs to."""
    pulls = objects(body, thing, "pull_requests")
    home = number(body, "repository", "id")
    if len(pulls) != 1 or home is None or number(pulls[0], "base", "repo", "id") != home:
        return None
    return number(pulls[0], "number")


def read_linear(claim: Claim, body: dict[str, Any]) -> Event | Unfit:
    """A Linear body: it names its type and when it was sent, and holds what it is about."""
    name = name_in(body, "type")
    if name is None or number(body, "webhookTimestamp") is None:
        return Unfit("a Linear body needs `type` and `webhookTimestamp`")
    ticket = ticket_about(body)
    return Event(
        platform=claim.platform,
        delivery_id=claim.delivery_id,
        name=name,
        action=short(body, "action"),
        received_at=claim.received_at,
        repository=short(body, "data", "team", "key") or (ticket and ticket.rpartition("-")[0]),
        context=f"linear/{ticket}" if ticket else None,
        sender=linear_sender(body),
        sent_by_bot=sent_by_app(body),
        tenant=claim.tenant,
    )


def linear_sender(body: dict[str, Any]) -> str | None:
    """Who caused what a Linear *body* tells of; in an agent's session, who speaks to it."""
    places = (("actor", "id"), ("agentActivity", "userId"), ("agentSession", "creatorId"))
    return next((found for place in places if (found := short(body, *place))), None)


def ticket_about(body: dict[str, Any]) -> str | None:
    """The ticket, such as ``ENG-7``, that a Linear *body* is about."""
    places = (("data",), ("data", "issue"), ("agentSession", "issue"), ("notification", "issue"))
    for place in places:
        found = text(body, *place, "identifier")
        if found and TICKET.fullmatch(found):
            return found
    urls = [text(body, "url"), *(text(body, *place, "url") for place in places)]
    named = (TICKET_IN_URL.search(url) for url in urls if url)
    return next((one[1] for one in named if one), None)


def sent_by_app(body: dict[str, Any]) -> bool:
    """Whether a Linear *body* says that an app or integration did it, not a person."""
    kind = text(body, "actor", "type")
    by_app = kind is not None and kind.casefold() != "user"
    return by_app or isinstance(dig(body, "data", "botActor"), dict)


def read_slack(claim: Claim, body: dict[str, Any]) -> Event | Unfit:
    """A Slack body: an event, a slash command, or something a person did to a message of ours."""
    if body.get("type") == "event_callback":
        return read_slack_event(claim, body)
    if "type" not in body and text(body, "command"):
        return slack_event(
            claim, body, "slash_command", short(body, "command"), short(body, "channel_id"), None
        )
    name = name_in(body, "type")
    if name is None:
        return Unfit("a Slack body needs `type` or `command`")
    channel = short(body, "channel", "id") or short(body, "container", "channel_id")
    return slack_event(claim, body, name, action_of(body), channel, thread_of(body))


def read_slack_event(claim: Claim, body: dict[str, Any]) -> Event | Unfit:
    """What Slack's Events API sends: an envelope with its own id around the event."""
    name = name_in(body, "event", "type")
    event_id = text(body, "event_id")
    if name is None or event_id is None or not ID.fullmatch(event_id):
        return Unfit("a Slack event needs `event.type` and `event_id`")
    event = body["event"]
    channel = (
        short(event, "channel") or short(event, "channel", "id") or short(event, "item", "channel")
    )
    action = short(event, "subtype")
    return slack_event(claim, body, name, action, channel, thread_of(event), event_id)


def slack_event(
    claim: Claim,
    body: dict[str, Any],
    name: str,
    action: str | None,
    channel: str | None,
    thread: str | None,
    event_id: str | None = None,
) -> Event:
    """The event of a Slack *body* of which the rest is known."""
    return Event(
        platform=claim.platform,
        delivery_id=event_id or claim.delivery_id,
        name=name,
        action=action,
        received_at=claim.received_at,
        repository=channel,
        context=f"slack/{channel}/{thread}" if channel and thread else None,
        sender=slack_sender(body),
        sent_by_bot=sent_by_slack_bot(body),
        tenant=claim.tenant,
    )


def action_of(body: dict[str, Any]) -> str | None:
    """The name that the app gave to the button, dialog or shortcut a Slack *body* is about."""
    actions = objects(body, "actions")
    if actions:
        return short(actions[0], "action_id")
    return short(body, "callback_id") or short(body, "view", "callback_id")


def thread_of(event: Any) -> str | None:
    """The thread that a Slack *event* belongs to, or begins."""
    for place in ((), ("message",), ("container",)):
        if found := short(event, *place, "thread_ts"):
            return found
    places = (("message", "ts"), ("ts",), ("container", "message_ts"), ("item", "ts"))
    return next((found for place in places if (found := short(event, *place))), None)


def slack_sender(body: dict[str, Any]) -> str | None:
    """Who caused what a Slack *body* tells of: a user id, else a bot id."""
    places = (
        ("event", "user"),
        ("event", "user", "id"),
        ("event", "message", "user"),
        ("event", "bot_id"),
        ("user", "id"),
        ("user_id",),
    )
    return next((found for place in places if (found := short(body, *place))), None)


def sent_by_slack_bot(body: dict[str, Any]) -> bool:
    """Whether a bot, or the very user we act as, caused what a Slack *body* tells of."""
    event = body.get("event")
    if text(event, "bot_id") or text(event, "message", "bot_id"):
        return True
    if text(event, "subtype") == "bot_message":
        return True
    ours = [one.get("user_id") for one in objects(body, "authorizations") if one.get("is_bot")]
    return text(event, "user") in ours if text(event, "user") else False


READERS = {
    Platform.GITHUB: read_github,
    Platform.LINEAR: read_linear,
    Platform.SLACK: read_slack,
}
