"""What we answer on Slack when we are asked."""

from contexten.app import App
from contexten.delivery import Event
from contexten.payload import text
from workflows import slack

ON_IT = "On it."


def register(app: App) -> None:
    """Add these reactions to *app*."""
    app.slack.event("app_mention")(acknowledge_mention)


async def acknowledge_mention(event: Event) -> None:
    """Somebody mentioned us: answer in the thread, or begin one under what they said."""
    channel = text(event.payload, "event", "channel")
    thread = text(event.payload, "event", "thread_ts") or text(event.payload, "event", "ts")
    if channel and thread and not event.sent_by_bot:
        await slack.post_reply(channel, thread, ON_IT)
