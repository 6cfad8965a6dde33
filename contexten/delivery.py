"""
A delivery, once it was verified and parsed: the event.

The door fills an Event from the sender's headers and body, the spool keeps it,
the delivery workflow carries it, reactions read it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Platform(StrEnum):
    """Who sends us deliveries and takes our calls."""

    GITHUB = "github"
    LINEAR = "linear"
    SLACK = "slack"


@dataclass(frozen=True, slots=True)
class Triggers:
    """
    How people ask for us. Set when the workflow starts, so that a replay reads the same.

    Attributes:
        label: The label on an issue or ticket.
        review_label: The label on a pull request.
        mention: The words in a comment.
    """

    label: str = "contexten"
    review_label: str = "review"
    mention: str = "@contexten"


@dataclass(frozen=True, slots=True)
class Event:
    """
    What happened, where, and to what.

    Attributes:
        platform: Who sent it.
        delivery_id: The sender's own id for it, the same in every redelivery.
        name: The kind of event as the platform calls it: ``issues``, ``Comment``, ``app_mention``.
        action: What was done, where the platform says so: ``labeled``, ``create``.
        received_at: When the door took it in, UTC.
        repository: Where it belongs: ``owner/name``, a Linear team key, a Slack channel; or None.
        context: The issue, pull request, ticket or thread it is about, such as
            ``github/octo/hello#12``, ``linear/ENG-7``, ``slack/C01/1700000000.000100``; or None.
        sender: Who caused it, by login or user id; or None.
        sent_by_bot: Whether the sender says of itself that it is a bot or an app.
        tenant: The ``owner/name`` of the route it came in by; None on the plain route.
        triggers: How people ask for us.
        after: The workflow id of the delivery about the same context that came before this one
            and may still be at work; or None.
        payload: The parsed body. None until a reaction is about to read it.
    """

    platform: Platform
    delivery_id: str
    name: str
    action: str | None
    received_at: datetime
    repository: str | None = None
    context: str | None = None
    sender: str | None = None
    sent_by_bot: bool = False
    tenant: str | None = None
    triggers: Triggers = Triggers()
    after: str | None = None
    payload: Any = None

    @property
    def workflow_id(self) -> str:
        """The id of the one workflow this delivery leads to: ``github/<delivery id>``."""
        return f"{self.platform}/{self.delivery_id}"

    @property
    def kind(self) -> str:
        """The name reactions are registered under: ``issues:labeled``, or ``push`` alone."""
        return f"{self.name}:{self.action}" if self.action else self.name
