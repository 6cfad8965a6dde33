"""One request to the sandbox's Slack: let in, its arguments read and checked, its answer paged."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from sandbox.slack_refused import RefusedError
from sandbox.slack_state import Channel, Message, Shown, SlackState
from sandbox.world import World

LONGEST_TEXT = 40_000
LARGEST_PAGE = 1000
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@dataclass(slots=True)
class Slack:
    """Slack as a whole: what stands there, and where it is written down."""

    world: World
    state: SlackState = field(default_factory=SlackState)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was let in: what it was asked of, and its arguments."""

    slack: Slack
    arguments: dict[str, Any]

    def text(self, name: str, *, missing: str | None = None) -> str:
        """
        The argument *name*, which must be there and be a text.

        Raises:
            RefusedError: *missing* if it is not there; ``invalid_arguments`` otherwise.
        """
        value = self.arguments.get(name)
        if value in (None, ""):
            if missing is None:
                raise RefusedError("invalid_arguments", f"[ERROR] missing required field: {name}")
            raise RefusedError(missing)
        if not isinstance(value, str):
            raise RefusedError(
                "invalid_arguments", f"[ERROR] must be a string [json-pointer:/{name}]"
            )
        return value

    def flag(self, name: str) -> bool:
        """Whether the argument *name* is set."""
        return self.arguments.get(name) in (True, 1, "1", "true", "True")

    @property
    def channel(self) -> Channel:
        """The channel that is addressed."""
        return self.slack.state.channel(self.text("channel"))

    @property
    def writable(self) -> Channel:
        """
        The channel that is addressed, to change something there.

        Raises:
            RefusedError: ``is_archived``.
        """
        channel = self.channel
        if channel.id == "CARCHIVED":
            raise RefusedError("is_archived")
        return channel

    @property
    def said(self) -> str:
        """
        What is to be said.

        Raises:
            RefusedError: ``no_text`` or ``msg_too_long``.
        """
        text = self.text("text", missing="no_text")
        if len(text) > LONGEST_TEXT:
            raise RefusedError("msg_too_long")
        return text

    @property
    def metadata(self) -> Shown | None:
        """
        What is to be remembered of a message.

        Raises:
            RefusedError: ``invalid_metadata_format``.
        """
        given = self.arguments.get("metadata")
        if isinstance(given, str):
            try:
                given = json.loads(given)
            except ValueError:
                raise RefusedError("invalid_metadata_format") from None
        if given is None:
            return None
        whole = isinstance(given, dict) and set(given) == {"event_type", "event_payload"}
        if not whole or not isinstance(given["event_payload"], dict):
            raise RefusedError("invalid_metadata_format")
        if not isinstance(given["event_type"], str) or not given["event_type"]:
            raise RefusedError("invalid_metadata_format")
        return dict(given)

    def effect(self, kind: str, target: str, **details: Any) -> None:
        """Write down that *kind* now stands at *target*."""
        self.slack.world.ledger.effect("slack", kind, target, **details)

    def between(self, messages: Sequence[Message]) -> list[Message]:
        """Those of *messages* later than ``oldest`` and earlier than ``latest``."""
        oldest, latest = self._moment("oldest", 0.0), self._moment("latest", float("inf"))
        if self.flag("inclusive"):
            return [m for m in messages if oldest <= float(m.ts) <= latest]
        return [m for m in messages if oldest < float(m.ts) < latest]

    def _moment(self, name: str, usual: float) -> float:
        try:
            return float(self.arguments.get(name) or usual)
        except (ValueError, TypeError):
            raise RefusedError(f"invalid_ts_{name}") from None

    def page(self, messages: Sequence[Message], channel: Channel, usual: int) -> Shown:
        """The asked page of *messages*, and where the next one begins."""
        begin, size = self._cursor(messages), self._limit(usual)
        further = messages[begin + size : begin + size + 1]
        answer: Shown = {"ok": True, "has_more": bool(further), "messages": []}
        for message in messages[begin : begin + size]:
            shown = channel.show(message, with_metadata=self.flag("include_all_metadata"))
            answer["messages"].append(shown)
        if further:
            cursor = base64.b64encode(f"next_ts:{further[0].ts}".encode()).decode()
            answer["response_metadata"] = {"next_cursor": cursor}
        return answer

    def _limit(self, usual: int) -> int:
        try:
            limit = int(self.arguments.get("limit") or usual)
        except (ValueError, TypeError):
            raise RefusedError("invalid_limit") from None
        if not 1 <= limit <= LARGEST_PAGE:
            raise RefusedError("invalid_limit")
        return limit

    def _cursor(self, messages: Sequence[Message]) -> int:
        cursor = self.arguments.get("cursor")
        if not cursor:
            return 0
        try:
            ts = base64.b64decode(str(cursor), validate=True).decode().removeprefix("next_ts:")
            return [message.ts for message in messages].index(ts)
        except (binascii.Error, ValueError):
            raise RefusedError("invalid_cursor") from None


async def let_in(slack: Slack, request: Request) -> Asked:
    """
    The request, if it bears our token: as a bearer's, or in a form.

    Raises:
        RefusedError: ``not_authed`` or ``invalid_auth``, or that the body cannot be read.
    """
    arguments = await arguments_of(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        by_form = request.headers.get("content-type", "").startswith(FORM)
        token = str(arguments.get("token", "")) if by_form else ""
    if not token:
        raise RefusedError("not_authed")
    if token != slack.world.tokens["slack"]:
        raise RefusedError("invalid_auth")
    return Asked(slack, arguments)


async def arguments_of(request: Request) -> dict[str, Any]:
    """
    What is in the query, and in a body of either form.

    Raises:
        RefusedError: If the body is of another form, or not what it claims to be.
    """
    query: dict[str, Any] = dict(request.query_params)
    body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not body:
        return query
    if kind == FORM:
        try:
            return query | dict(parse_qsl(body.decode(), keep_blank_values=True))
        except ValueError:
            raise RefusedError("invalid_form_data") from None
    if kind != JSON:
        raise RefusedError("invalid_post_type" if kind else "missing_post_type")
    try:
        given = json.loads(body)
    except ValueError:
        raise RefusedError("invalid_json") from None
    if not isinstance(given, dict):
        raise RefusedError("json_not_object")
    return query | given
