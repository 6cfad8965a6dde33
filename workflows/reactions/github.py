"""What we answer on GitHub when we are asked."""

from contexten.app import App
from contexten.asking import labelled, mentions
from contexten.delivery import Event
from contexten.payload import number, text
from workflows import github

ON_IT = "On it."
REVIEWING = "I will review this pull request."


def register(app: App) -> None:
    """Add these reactions to *app*."""
    app.github.event("issues:labeled")(acknowledge_label)
    app.github.event("issue_comment:created")(acknowledge_mention)
    app.github.event("pull_request:labeled")(acknowledge_review)


async def acknowledge_label(event: Event) -> None:
    """Our label was put on an issue: say there that we are on it."""
    if labelled(event, event.triggers.label) and not event.sent_by_bot:
        await comment(event, number(event.payload, "issue", "number"), ON_IT)


async def acknowledge_mention(event: Event) -> None:
    """Somebody mentioned us in a comment: say there that we are on it."""
    said = text(event.payload, "comment", "body")
    if mentions(said, event.triggers.mention) and not event.sent_by_bot:
        await comment(event, number(event.payload, "issue", "number"), ON_IT)


async def acknowledge_review(event: Event) -> None:
    """A pull request was labelled for review: say there that it will be reviewed."""
    if labelled(event, event.triggers.review_label) and not event.sent_by_bot:
        await comment(event, number(event.payload, "pull_request", "number"), REVIEWING)


async def comment(event: Event, where: int | None, words: str) -> None:
    """Comment on issue or pull request *where* of the event's repository, if it names both."""
    if event.repository and where:
        await github.post_comment(event.repository, where, words)
