"""Slack as it really is: each deed as few requests as it takes, looked up before it is done."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from activities.clients import slack_probes
from activities.clients.credential import Credential
from activities.clients.pauses import looked_up_before_repeated
from activities.clients.slack_errors import GARBLED, PLATFORM, garbled
from activities.clients.slack_session import PER_PAGE, SlackSession
from contexten.effects import Effect
from contexten.errors import ClientError
from contexten.limits import Limits
from contexten.slack import Edit, Message, Posted, ReactionTo, Reply, Said, Thread, User

EVENT_TYPE = "contexten_effect"
LONGEST_SECTION = 3_000
LONGEST_LABEL = 75

T = TypeVar("T")


class SlackClient:
    """
    Our deeds on Slack, through slack-sdk's asynchronous client. Nothing is retried.

    What we post carries its effect key as message metadata, which Slack shows to nobody but
    us. The bot needs the scopes ``chat:write``, ``reactions:write``, ``users:read`` and, to
    find its own messages again, ``channels:history`` (``groups:history`` in private channels,
    ``im:history`` in direct messages). Text goes out as it is; see ``contexten.slack``.

    Every deed raises one of the errors of ``contexten.errors`` and nothing else.
    """

    def __init__(
        self,
        base_url: str,
        token: str | None,
        timeout_s: float,
        connections: int,
        *,
        again: Callable[[], str | None] | None = None,
    ) -> None:
        """
        Args:
            base_url: Slack's Web API.
            token: The bot's token; without one, every deed raises FatalError.
            timeout_s: How long one request may take from its first byte to its last.
            connections: How many requests may be under way at once.
            again: Reads the token anew; see ``Credential``.
        """
        credential = Credential(PLATFORM, token, again)
        self._session = SlackSession(base_url, credential, timeout_s, connections)
        self._home: frozenset[str] | None = None

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    def renew(self) -> None:
        """Have the token read anew by the next deed."""
        self._home = None
        self._session.renew()

    def limits(self) -> Limits | None:
        """None: Slack tells of a limit only when it is passed."""
        return None

    async def probe(self, group: str) -> str:
        """What the cheapest honest request of *group* proved; nothing is changed by it."""
        return await slack_probes.probe(self._session.ask, group)

    async def post_message(self, message: Message) -> Posted:
        """Post *message*, unless one with its key stands already."""
        place = {"channel": message.channel}
        found = await self._found("conversations.history", place, message.effect)
        return found or await self._post(place, message.text, message.effect)

    async def post_reply(self, reply: Reply) -> Posted:
        """Post *reply*, unless one with its key stands already."""
        thread = {"channel": reply.channel, "ts": reply.thread_ts}
        found = await self._found("conversations.replies", thread, reply.effect)
        place = {"channel": reply.channel, "thread_ts": reply.thread_ts}
        return found or await self._post(place, reply.text, reply.effect, **blocks(reply))

    async def _found(self, method: str, place: Mapping[str, str], effect: Effect) -> Posted | None:
        """What at *place* carries the key of *effect*; None if nothing does."""
        oldest = f"{effect.since.timestamp():.6f}"
        wanted = {**place, "oldest": oldest, "include_all_metadata": "true"}
        async for page in self._session.pages(method, **wanted):
            for message in read(messages, page):
                if key_of(message) == effect.key:
                    return Posted(place["channel"], read(ts, message))
        return None

    async def _post(
        self, place: Mapping[str, str], text: str, effect: Effect, **more: str
    ) -> Posted:
        metadata = {"event_type": EVENT_TYPE, "event_payload": {"key": effect.key}}
        with looked_up_before_repeated():
            answer = await self._session.ask(
                "chat.postMessage", **place, **more, text=text, metadata=json.dumps(metadata)
            )
        return read(posted, answer)

    async def update_message(self, edit: Edit) -> None:
        """Give a message of ours another text."""
        await self._session.ask("chat.update", channel=edit.channel, ts=edit.ts, text=edit.text)

    async def add_reaction(self, reaction: ReactionTo) -> None:
        """React; a reaction of ours that is there already is no error."""
        await self._react("reactions.add", reaction, done="already_reacted")

    async def remove_reaction(self, reaction: ReactionTo) -> None:
        """Take a reaction of ours off; one that is not there is no error."""
        await self._react("reactions.remove", reaction, done="no_reaction")

    async def _react(self, method: str, reaction: ReactionTo, *, done: str) -> None:
        name = reaction.emoji.strip(":")
        try:
            await self._session.ask(
                method, channel=reaction.channel, timestamp=reaction.ts, name=name
            )
        except ClientError as error:
            if not str(error).endswith(f": {done}"):
                raise

    async def read_replies(self, thread: Thread) -> tuple[Said, ...]:
        """The messages of *thread*, oldest first, at most as many as it wants."""
        found: dict[str, Said] = {}
        wanted: dict[str, Any] = {"channel": thread.channel, "ts": thread.ts}
        if thread.since is not None:
            wanted |= {"oldest": thread.since, "inclusive": "true"}
        limit = min(max(thread.most, 1), PER_PAGE)
        pages = self._session.pages("conversations.replies", **wanted, limit=limit)
        async for page in pages:
            found |= {one.ts: one for one in map(said_in, read(messages, page))}
            if len(found) >= thread.most:
                break
        return tuple(found.values())[: thread.most]

    async def read_user(self, user_id: str) -> User:
        """Who *user_id* is, and whether they are of our own workspace or organisation."""
        answer = await self._session.ask("users.info", user=user_id)
        found = read(user, answer)
        if self._home is None:
            self._home = read(home, await self._session.ask("auth.test"))
        stranger = found.is_stranger or not read(homes, answer) & self._home
        return replace(found, is_stranger=stranger)


def blocks(reply: Reply) -> dict[str, str]:
    """What *reply* looks like, where it has buttons: its text, and they beneath."""
    if not reply.buttons:
        return {}
    text = {"type": "section", "text": {"type": "mrkdwn", "text": reply.text[:LONGEST_SECTION]}}
    shown = [
        {
            "type": "button",
            "action_id": one.action_id,
            "text": {"type": "plain_text", "text": one.label[:LONGEST_LABEL]},
            "value": one.value,
        }
        for one in reply.buttons
    ]
    return {"blocks": json.dumps([text, {"type": "actions", "elements": shown}])}


def read(shape: Callable[[Any], T], answer: Any) -> T:
    """
    *answer* in the given *shape*.

    Raises:
        TransientError: If it does not have that shape.
    """
    try:
        return shape(answer)
    except GARBLED as error:
        raise garbled(type(error).__name__) from None


def messages(answer: Any) -> list[dict[str, Any]]:
    """
    The messages of a channel or thread, as they came.

    Raises:
        TypeError: If it is anything else.
    """
    found = answer["messages"]
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise TypeError("not a list of messages")
    return found


def key_of(message: Mapping[str, Any]) -> str | None:
    """The effect key that *message* carries; None if it carries none."""
    metadata = message.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("event_type") != EVENT_TYPE:
        return None
    payload = metadata.get("event_payload")
    key = payload.get("key") if isinstance(payload, dict) else None
    return key if isinstance(key, str) else None


def ts(answer: Any) -> str:
    """What names a message within its channel."""
    return str(answer["ts"])


def posted(answer: Any) -> Posted:
    """A message that was posted, under the id that Slack gives its channel."""
    return Posted(str(answer["channel"]), ts(answer))


def said(answer: Any) -> Said:
    """A message of a thread."""
    by_bot = bool(answer.get("bot_id")) or answer.get("subtype") == "bot_message"
    author = answer.get("user")
    return Said(ts(answer), str(author) if author else None, str(answer.get("text") or ""), by_bot)


def said_in(answer: Any) -> Said:
    """As ``said``, and garbled if it is none."""
    return read(said, answer)


def home(answer: Any) -> frozenset[str]:
    """The workspace of a token, and the organisation that is in."""
    return frozenset(str(answer[n]) for n in ("team_id", "enterprise_id") if answer.get(n))


def homes(answer: Any) -> frozenset[str]:
    """The workspace of a user, and the organisation that they are in."""
    found = answer["user"]
    at = [found.get("team_id"), (found.get("enterprise_user") or {}).get("enterprise_id")]
    return frozenset(str(one) for one in at if one)


def user(answer: Any) -> User:
    """Somebody on Slack."""
    found = answer["user"]
    profile = found.get("profile") or {}
    return User(
        id=str(found["id"]),
        name=str(found["name"]),
        real_name=str(found.get("real_name") or profile.get("real_name") or ""),
        is_bot=bool(found.get("is_bot")),
        deleted=bool(found.get("deleted")),
        email=profile.get("email"),
        team=str(found["team_id"]) if found.get("team_id") else None,
        is_restricted=bool(found.get("is_restricted") or found.get("is_ultra_restricted")),
        is_stranger=bool(found.get("is_stranger")),
    )
