"""
What stands on the sandbox's Slack, and how Slack shows it.

A channel exists as soon as it is addressed, unless its id is of no channel's form or
``CMISSING``; ``CARCHIVED`` is archived, and of ``CFOREIGN`` we are no member. A message
likewise: any well-formed ``ts`` of the past that nobody posted here is taken for one that
a person wrote elsewhere, so that deliveries from there can be answered. Nothing stands in
the future.
"""

import re
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack_refused import RefusedError

CHANNEL = re.compile(r"[CDG][A-Z0-9]{1,20}")
USER = re.compile(r"[UW][A-Z0-9]{1,20}")
TS = re.compile(r"[0-9]{10}\.[0-9]{6}")
TEAM = "T0SANDBOX"
BOT_USER = "U0CONTEXTEN"
BOT = "B0CONTEXTEN"
PERSON = "U0SOMEBODY"
Shown = dict[str, Any]


@dataclass(slots=True)
class Message:
    """
    A message.

    Attributes:
        ts: What names it within its channel.
        text: mrkdwn.
        ours: Whether our bot posted it; else a person did.
        thread_ts: The first message of its thread; None if it is no reply.
        metadata: What the app that posted it wants to remember of it.
        reactions: Who reacted, by emoji.
        edited: When it was last edited, as a ``ts``.
    """

    ts: str
    text: str
    ours: bool
    thread_ts: str | None = None
    metadata: Shown | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    edited: str | None = None


@dataclass(slots=True)
class Channel:
    """A channel, all messages in it by ``ts``, and the replies by the first of their thread."""

    id: str
    messages: dict[str, Message] = field(default_factory=dict)
    replies: defaultdict[str, list[Message]] = field(default_factory=lambda: defaultdict(list))

    def add(self, message: Message) -> None:
        """Put *message* where it belongs. It is later than all that were put there before."""
        self.messages[message.ts] = message
        if message.thread_ts:
            self.replies[message.thread_ts].append(message)

    def remove(self, message: Message) -> None:
        """Have *message* stand there no more."""
        del self.messages[message.ts]
        if message.thread_ts:
            self.replies[message.thread_ts].remove(message)

    def message(self, ts: str) -> Message | None:
        """The message *ts*; None if there can be none."""
        if ts not in self.messages:
            if not TS.fullmatch(ts) or float(ts) > time.time():
                return None
            self.messages[ts] = Message(ts, "", ours=False)
        return self.messages[ts]

    def thread(self, ts: str) -> Message:
        """
        The first message of the thread that the message *ts* is in, or would begin.

        Raises:
            RefusedError: ``thread_not_found``, if there is no such message.
        """
        found = self.message(ts)
        if found is None:
            raise RefusedError("thread_not_found")
        return self.thread(found.thread_ts) if found.thread_ts else found

    def history(self) -> list[Message]:
        """The messages that are no replies, newest first."""
        top = (m for m in self.messages.values() if m.thread_ts is None)
        return sorted(top, key=lambda m: m.ts, reverse=True)

    def show(self, message: Message, *, with_metadata: bool) -> Shown:
        """*message* as Slack shows it."""
        shown: Shown = {"type": "message", "ts": message.ts, "text": message.text}
        shown |= {"user": BOT_USER, "bot_id": BOT} if message.ours else {"user": PERSON}
        if replies := self.replies.get(message.ts):
            latest = replies[-1].ts
            shown |= {"thread_ts": message.ts, "reply_count": len(replies), "latest_reply": latest}
        if message.thread_ts:
            shown["thread_ts"] = message.thread_ts
        if message.edited:
            shown["edited"] = {"user": BOT_USER, "ts": message.edited}
        if message.reactions:
            shown["reactions"] = [
                {"name": name, "users": users, "count": len(users)}
                for name, users in message.reactions.items()
            ]
        if with_metadata and message.metadata is not None:
            shown["metadata"] = message.metadata
        return shown


class SlackState:
    """All channels, and the clock that names messages."""

    def __init__(self) -> None:
        self._channels: dict[str, Channel] = {}
        self.users: dict[str, Shown] = {}
        self._last_us = 0

    def channel(self, id_: str) -> Channel:
        """
        The channel *id_*, which exists once it is asked for.

        Raises:
            RefusedError: ``channel_not_found`` or ``not_in_channel``.
        """
        if id_ == "CMISSING" or not CHANNEL.fullmatch(id_):
            raise RefusedError("channel_not_found")
        if id_ == "CFOREIGN":
            raise RefusedError("not_in_channel")
        return self._channels.setdefault(id_, Channel(id_))

    def next_ts(self) -> str:
        """The time, and later than every one before."""
        self._last_us = max(time.time_ns() // 1000, self._last_us + 1)
        seconds, microseconds = divmod(self._last_us, 1_000_000)
        return f"{seconds}.{microseconds:06d}"


def user(id_: str) -> Shown:
    """
    Somebody, as Slack shows them.

    Raises:
        RefusedError: ``user_not_found``.
    """
    if id_ == "UMISSING" or not USER.fullmatch(id_):
        raise RefusedError("user_not_found")
    is_bot = id_ == BOT_USER
    name = "contexten" if is_bot else id_.lower()
    profile = {"real_name": name.title(), "display_name": name}
    profile |= {} if is_bot else {"email": f"{name}@sandbox.example"}
    shown: Shown = {"id": id_, "team_id": TEAM, "name": name, "real_name": name.title()}
    shown |= {"deleted": False, "is_bot": is_bot, "profile": profile, "tz": "Etc/UTC"}
    return shown | {"is_restricted": False, "is_ultra_restricted": False}
