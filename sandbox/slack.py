"""
Slack's Web API, as strict about tokens, arguments and limits as the real one is documented.

Every refusal is a 200 that names an error. Which channels, messages and users there are is
told in ``sandbox.slack_state``.
"""

import re
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.slack_asked import Asked, Slack, let_in
from sandbox.slack_blocks import blocks_in
from sandbox.slack_refused import RefusedError
from sandbox.slack_state import BOT, BOT_USER, TEAM, Channel, Message, Shown, user
from sandbox.world import World

EMOJI = re.compile(r"[a-z0-9_+'-]{1,100}(::skin-tone-[2-6])?")


def test_auth(asked: Asked) -> Shown:
    us = {"user": "contexten", "user_id": BOT_USER, "bot_id": BOT}
    return {"ok": True, "url": "https://sandbox.example/", "team": "Sandbox", "team_id": TEAM, **us}


def post_message(asked: Asked) -> Shown:
    channel, text, metadata = asked.writable, asked.said, asked.metadata
    blocks = blocks_in(asked.arguments.get("blocks"))
    first = channel.thread(asked.text("thread_ts")) if asked.arguments.get("thread_ts") else None
    ts = asked.slack.state.next_ts()
    message = Message(ts, text, True, first.ts if first else None, metadata)
    channel.add(message)
    kind, target = ("reply", f"{channel.id}/{first.ts}") if first else ("message", channel.id)
    asked.effect(kind, target, ts=ts, text=text, metadata=metadata, **shown_blocks(blocks))
    if asked.slack.world.losses.takes("slack", text):
        channel.remove(message)
        asked.effect("lost", target, ts=ts)
    shown = channel.show(message, with_metadata=True)
    return {"ok": True, "channel": channel.id, "ts": ts, "message": shown}


def shown_blocks(blocks: list[Shown] | None) -> Shown:
    """The blocks of a message, where it has some."""
    return {} if blocks is None else {"blocks": blocks}


def update_message(asked: Asked) -> Shown:
    channel, ts, text = asked.writable, asked.text("ts"), asked.said
    message = existing(channel, ts)
    if not message.ours:
        raise RefusedError("cant_update_message")
    message.metadata = asked.metadata or message.metadata
    if message.text != text:
        message.text, message.edited = text, asked.slack.state.next_ts()
        asked.effect("message_edited", f"{channel.id}/{ts}", text=text)
    return {"ok": True, "channel": channel.id, "ts": ts, "text": text}


def add_reaction(asked: Asked) -> Shown:
    channel, message, name = reacted_to(asked)
    users = message.reactions.setdefault(name, [])
    if BOT_USER in users:
        raise RefusedError("already_reacted")
    users.append(BOT_USER)
    asked.effect("reaction", f"{channel.id}/{message.ts}", name=name)
    return {"ok": True}


def remove_reaction(asked: Asked) -> Shown:
    channel, message, name = reacted_to(asked)
    if BOT_USER not in message.reactions.get(name, []):
        raise RefusedError("no_reaction")
    message.reactions[name].remove(BOT_USER)
    if not message.reactions[name]:
        del message.reactions[name]
    asked.effect("reaction_removed", f"{channel.id}/{message.ts}", name=name)
    return {"ok": True}


def reacted_to(asked: Asked) -> tuple[Channel, Message, str]:
    """The message that a reaction is about, its channel, and the emoji."""
    name = asked.text("name")
    if not EMOJI.fullmatch(name):
        raise RefusedError("invalid_name")
    ts = asked.text("timestamp", missing="no_item_specified")
    return asked.writable, existing(asked.channel, ts), name


def read_reactions(asked: Asked) -> Shown:
    channel = asked.channel
    message = existing(channel, asked.text("timestamp", missing="no_item_specified"))
    shown = channel.show(message, with_metadata=False)
    return {"ok": True, "type": "message", "channel": channel.id, "message": shown}


def read_history(asked: Asked) -> Shown:
    channel = asked.channel
    return asked.page(asked.between(channel.history()), channel, usual=100)


def read_replies(asked: Asked) -> Shown:
    channel = asked.channel
    first = channel.thread(asked.text("ts"))
    found = [first, *asked.between(channel.replies[first.ts])]
    return asked.page(found, channel, usual=1000)


def read_channel(asked: Asked) -> Shown:
    channel = asked.channel
    shown = {"id": channel.id, "name": channel.id.lower(), "is_channel": True, "is_member": True}
    return {"ok": True, "channel": shown | {"is_archived": channel.id == "CARCHIVED"}}


def read_user(asked: Asked) -> Shown:
    shown = user(asked.text("user"))
    return {"ok": True, "user": shown | asked.slack.state.users.get(shown["id"], {})}


def nothing(asked: Asked) -> Shown:
    raise RefusedError("unknown_method")


def existing(channel: Channel, ts: str) -> Message:
    """
    The message *ts* of *channel*.

    Raises:
        RefusedError: ``message_not_found``.
    """
    found = channel.message(ts)
    if found is None:
        raise RefusedError("message_not_found")
    return found


METHODS: dict[str, Callable[[Asked], Shown]] = {
    "auth.test": test_auth,
    "chat.postMessage": post_message,
    "chat.update": update_message,
    "conversations.history": read_history,
    "conversations.info": read_channel,
    "conversations.replies": read_replies,
    "reactions.add": add_reaction,
    "reactions.get": read_reactions,
    "reactions.remove": remove_reaction,
    "users.info": read_user,
}


def control(world: World) -> list[BaseRoute]:
    """What a test arranges: ``PUT /_slack/users``, what Slack shows of somebody besides."""
    slack = world.platforms.setdefault("slack", Slack(world))

    async def put_user(request: Request) -> Response:
        said = await request.json()
        slack.state.users[said["id"]] = said
        return Response(status_code=204)

    return [Route("/_slack/users", put_user, methods=["PUT"])]


def routes(world: World) -> list[BaseRoute]:
    """The API, to be mounted under ``/slack``."""
    slack = world.platforms.setdefault("slack", Slack(world))

    async def call(request: Request) -> Response:
        try:
            method = METHODS.get(request.path_params["method"], nothing)
            return JSONResponse(method(await let_in(slack, request)))
        except RefusedError as refused:
            return refused.answer()

    return [Route("/api/{method}", call, methods=["GET", "POST"])]
