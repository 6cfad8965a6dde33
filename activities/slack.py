"""What we do on Slack, one deed each, safe to repeat."""

from typing import Protocol

from temporalio import activity

from contexten.slack import Edit, Message, Posted, ReactionTo, Reply, Said, Thread, User


class SlackApi(Protocol):
    """The part of Slack we need. ``activities.clients.slack`` is the real one."""

    async def post_message(self, message: Message) -> Posted: ...
    async def post_reply(self, reply: Reply) -> Posted: ...
    async def update_message(self, edit: Edit) -> None: ...
    async def add_reaction(self, reaction: ReactionTo) -> None: ...
    async def remove_reaction(self, reaction: ReactionTo) -> None: ...
    async def read_replies(self, thread: Thread) -> tuple[Said, ...]: ...
    async def read_user(self, user_id: str) -> User: ...
    def renew(self) -> None: ...

    async def probe(self, group: str) -> str: ...


class SlackActivities:
    """
    The deeds of the ``slack`` queue.

    Besides what each says, every deed may raise TransientError (Slack is slow or out of
    reach), RateLimitedError (we called too often), ServerError (Slack broke),
    AuthenticationError (our token was refused, lacks the scope, or our bot is not in the
    channel) and FatalError (we have no token, or a wrong address).
    """

    def __init__(self, api: SlackApi) -> None:
        self._api = api

    @activity.defn(name="slack.post_message")
    async def post_message(self, message: Message) -> Posted:
        """
        Post *message*, or find the one already posted under its key.

        Safe to repeat: a second call with the same key changes nothing.

        Raises:
            ClientError: The channel is gone or archived, or the text is empty or too long.
        """
        return await self._api.post_message(message)

    @activity.defn(name="slack.post_reply")
    async def post_reply(self, reply: Reply) -> Posted:
        """
        Post *reply* to its thread, or find the one already posted under its key.

        Safe to repeat: a second call with the same key changes nothing.

        Raises:
            ClientError: The thread is gone, or the text is empty or too long.
        """
        return await self._api.post_reply(reply)

    @activity.defn(name="slack.update_message")
    async def update_message(self, edit: Edit) -> None:
        """
        Give a message of ours another text.

        Safe to repeat: the text is the same afterwards.

        Raises:
            ClientError: The message is gone, or not ours.
        """
        await self._api.update_message(edit)

    @activity.defn(name="slack.add_reaction")
    async def add_reaction(self, reaction: ReactionTo) -> None:
        """
        React to a message with an emoji.

        Safe to repeat: Slack keeps one of each of ours.

        Raises:
            ClientError: The message is gone, or there is no such emoji.
        """
        await self._api.add_reaction(reaction)

    @activity.defn(name="slack.remove_reaction")
    async def remove_reaction(self, reaction: ReactionTo) -> None:
        """
        Take a reaction of ours off a message.

        Safe to repeat: a reaction that is not there is no error.

        Raises:
            ClientError: The message is gone.
        """
        await self._api.remove_reaction(reaction)

    @activity.defn(name="slack.read_replies")
    async def read_replies(self, thread: Thread) -> tuple[Said, ...]:
        """
        Read the messages of *thread*, oldest first.

        Raises:
            ClientError: There is no such thread.
        """
        return await self._api.read_replies(thread)

    @activity.defn(name="slack.read_user")
    async def read_user(self, user_id: str) -> User:
        """
        Read who *user_id* is.

        Raises:
            ClientError: There is nobody of that id.
        """
        return await self._api.read_user(user_id)

    @activity.defn(name="slack.probe_group")
    async def probe_group(self, group: str) -> str:
        """
        Find out whether Slack answers calls of *group* (``read``, ``write``, ``search``) again.

        One cheap request of that kind; the answer says in plain words what it proved. Safe to
        repeat: it changes nothing.

        Raises:
            ClientError: Slack refused it for another reason than it must.
        """
        return await self._api.probe(group)
