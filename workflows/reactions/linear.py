"""What we answer on Linear when we are asked."""

from contexten.app import App
from contexten.asking import mentions, ticket_labelled
from contexten.delivery import Event
from contexten.payload import text
from workflows import linear

ON_IT = "On it."


def register(app: App) -> None:
    """Add these reactions to *app*."""
    app.linear.event("Issue")(acknowledge_label)
    app.linear.event("Comment:create")(acknowledge_mention)


async def acknowledge_label(event: Event) -> None:
    """Our label was put on a ticket: say there that we are on it."""
    issue = text(event.payload, "data", "id")
    if issue and ticket_labelled(event, event.triggers.label) and not event.sent_by_bot:
        await linear.post_comment(issue, ON_IT)


async def acknowledge_mention(event: Event) -> None:
    """Somebody mentioned us in a comment on a ticket: say there that we are on it."""
    issue = text(event.payload, "data", "issueId") or text(event.payload, "data", "issue", "id")
    said = text(event.payload, "data", "body")
    if issue and mentions(said, event.triggers.mention) and not event.sent_by_bot:
        await linear.post_comment(issue, ON_IT)
