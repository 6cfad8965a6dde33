"""
What we say to Slack and hear from it, as values.

A channel is Slack's id of it, such as ``C01``. A ``ts`` names a message within its channel;
that of the first message of a thread, ``thread_ts``, names the thread.

Text is Slack's mrkdwn and goes out as it is, so ``<!channel>`` in it alerts a whole channel:
put what others wrote through ``plain`` first.
"""

from dataclasses import dataclass

from contexten.effects import Effect


@dataclass(frozen=True, slots=True)
class Posted:
    """A message that now stands on Slack, by channel and ``ts``."""

    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class Message:
    """
    A message to be posted to a channel.

    Attributes:
        channel: The channel's id.
        text: mrkdwn.
        effect: What makes it this message and no other.
    """

    channel: str
    text: str
    effect: Effect


@dataclass(frozen=True, slots=True)
class Button:
    """
    A button under a message.

    Attributes:
        action_id: What a press of it is known by: ``block_actions:<action_id>`` is the event.
        label: What is on it; 75 characters at most.
        value: What comes back with the press; 2,000 characters at most.
    """

    action_id: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Reply:
    """
    A message to be posted to a thread, which it begins if there is none yet.

    Attributes:
        channel: The channel's id.
        thread_ts: The first message of the thread.
        text: mrkdwn; 3,000 characters at most if there are buttons.
        effect: What makes it this reply and no other.
        buttons: What stands under it; 25 at most.
    """

    channel: str
    thread_ts: str
    text: str
    effect: Effect
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """A message of ours, by channel and ``ts``, and the mrkdwn it is to have from now on."""

    channel: str
    ts: str
    text: str


@dataclass(frozen=True, slots=True)
class ReactionTo:
    """A message, by channel and ``ts``, and the name of an emoji for it, such as ``eyes``."""

    channel: str
    ts: str
    emoji: str


@dataclass(frozen=True, slots=True)
class Thread:
    """
    A thread to be read.

    Attributes:
        channel: The channel's id.
        ts: Its first message.
        most: How many messages to answer with at most, the first one included; at least 1.
        since: The earliest message wanted besides the first one; None for all.
    """

    channel: str
    ts: str
    most: int = 200
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """
    One message of a thread.

    Attributes:
        ts: What names it within its channel.
        user: The id of who wrote it; None if no user did.
        text: mrkdwn; empty if there is none.
        by_bot: Whether a bot wrote it.
    """

    ts: str
    user: str | None
    text: str
    by_bot: bool


@dataclass(frozen=True, slots=True)
class User:
    """
    Somebody on Slack.

    Attributes:
        id: What Slack calls them.
        name: Their short name.
        real_name: What they are called in full; empty if they do not say.
        is_bot: Whether it is a bot.
        deleted: Whether they have left.
        email: Where they get mail; None if we may not see it.
        team: The workspace they belong to; None if Slack does not say.
        is_restricted: Whether they are a guest.
        is_stranger: Whether they are of another workspace, as people in shared channels may be.
    """

    id: str
    name: str
    real_name: str
    is_bot: bool
    deleted: bool
    email: str | None
    team: str | None = None
    is_restricted: bool = False
    is_stranger: bool = False


def plain(text: str) -> str:
    """
    *text* as mrkdwn that addresses nobody and links to nothing under another name.

    >>> plain("<!channel> R&D")
    '&lt;!channel&gt; R&amp;D'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
