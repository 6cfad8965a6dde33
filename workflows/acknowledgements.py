"""
Reactions that only say they heard: who asks for us is told "On it.", and nothing is begun.

They are what the tests of deliveries and the measurements of them run with, and what to name
in the settings where no agents are wanted: ``REACTIONS=workflows.acknowledgements``.
"""

from contexten.app import App
from contexten.asking import labelled, mentions, ticket_labelled
from contexten.delivery import Event
from contexten.payload import number, text
from workflows import github, linear, slack

ON_IT = "On it."
REVIEWING = "I will review this pull request."

app = App()


@app.github.event("issues:labeled")
async def github_label(event: Event) -> None:
    """Our label was put on an issue: say there that we are on it."""
    if labelled(event, event.triggers.label) and not event.sent_by_bot:
        await comment(event, number(event.payload, "issue", "number"), ON_IT)


@app.github.event("issue_comment:created")
async def github_mention(event: Event) -> None:
    """Somebody mentioned us in a comment: say there that we are on it."""
    said = text(event.payload, "comment", "body")
    if mentions(said, event.triggers.mention) and not event.sent_by_bot:
        await comment(event, number(event.payload, "issue", "number"), ON_IT)


@app.github.event("pull_request:labeled")
async def github_review(event: Event) -> None:
    """A pull request was labelled for review: say there that it will be reviewed."""
    if labelled(event, event.triggers.review_label) and not event.sent_by_bot:
        await comment(event, number(event.payload, "pull_request", "number"), REVIEWING)


async def comment(event: Event, where: int | None, words: str) -> None:
    """Comment on issue or pull request *where* of the event's repository, if it names both."""
    if event.repository and where:
        await github.post_comment(event.repository, where, words)


@app.linear.event("Issue")
async def linear_label(event: Event) -> None:
    """Our label was put on a ticket: say there that we are on it."""
    issue = text(event.payload, "data", "id")
    if issue and ticket_labelled(event, event.triggers.label) and not event.sent_by_bot:
        await linear.post_comment(issue, ON_IT)


@app.linear.event("Comment:create")
async def linear_mention(event: Event) -> None:
    """Somebody mentioned us in a comment on a ticket: say there that we are on it."""
    issue = text(event.payload, "data", "issueId") or text(event.payload, "data", "issue", "id")
    said = text(event.payload, "data", "body")
    if issue and mentions(said, event.triggers.mention) and not event.sent_by_bot:
        await linear.post_comment(issue, ON_IT)


@app.slack.event("app_mention")
async def slack_mention(event: Event) -> None:
    """Somebody mentioned us: answer in the thread, or begin one under what they said."""
    channel = text(event.payload, "event", "channel")
    thread = text(event.payload, "event", "thread_ts") or text(event.payload, "event", "ts")
    if channel and thread and not event.sent_by_bot:
        await slack.post_reply(channel, thread, ON_IT)
