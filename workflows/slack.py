"""Slack as a reaction sees it: each deed a coroutine, its options and its effect key filled in."""

from temporalio import workflow

from activities.slack import SlackActivities
from contexten.slack import Button, Edit, Message, Posted, ReactionTo, Reply, Said, Thread, User
from workflows.effects import next_effect
from workflows.options import request
from workflows.skipping import unless_refused


async def post_message(channel: str, text: str) -> Posted:
    """Post to a channel, once, whatever breaks on the way."""
    operation = "slack.post_message"
    message = Message(channel, text, next_effect(operation))
    return await workflow.execute_activity_method(
        SlackActivities.post_message, message, **await request(operation, channel)
    )


async def post_reply(
    channel: str, thread_ts: str, text: str, buttons: tuple[Button, ...] = ()
) -> Posted:
    """Post to a thread, once, whatever breaks on the way; it begins one under a single message."""
    operation = "slack.post_reply"
    reply = Reply(channel, thread_ts, text, next_effect(operation), buttons)
    return await workflow.execute_activity_method(
        SlackActivities.post_reply, reply, **await request(operation, f"{channel}/{thread_ts}")
    )


async def update_message(channel: str, ts: str, text: str) -> None:
    """Give a message of ours another text."""
    operation = "slack.update_message"
    await unless_refused(
        operation,
        workflow.execute_activity_method(
            SlackActivities.update_message,
            Edit(channel, ts, text),
            **await request(operation, f"{channel}/{ts}"),
        ),
    )


async def add_reaction(channel: str, ts: str, emoji: str) -> None:
    """React to a message with the emoji of that name, such as ``eyes``."""
    operation = "slack.add_reaction"
    await unless_refused(
        operation,
        workflow.execute_activity_method(
            SlackActivities.add_reaction,
            ReactionTo(channel, ts, emoji),
            **await request(operation, f"{channel}/{ts} {emoji}"),
        ),
    )


async def remove_reaction(channel: str, ts: str, emoji: str) -> None:
    """Take a reaction of ours off a message, where it is on it."""
    operation = "slack.remove_reaction"
    await unless_refused(
        operation,
        workflow.execute_activity_method(
            SlackActivities.remove_reaction,
            ReactionTo(channel, ts, emoji),
            **await request(operation, f"{channel}/{ts} {emoji}"),
        ),
    )


async def read_replies(
    channel: str, thread_ts: str, most: int = 200, *, since: str | None = None
) -> tuple[Said, ...]:
    """Read a thread, oldest message first: the one it began with, and those *since* another."""
    operation = "slack.read_replies"
    return await workflow.execute_activity_method(
        SlackActivities.read_replies,
        Thread(channel, thread_ts, most, since),
        **await request(operation, f"{channel}/{thread_ts}"),
    )


async def read_user(user_id: str) -> User:
    """Read who somebody is."""
    operation = "slack.read_user"
    return await workflow.execute_activity_method(
        SlackActivities.read_user, user_id, **await request(operation, user_id)
    )
