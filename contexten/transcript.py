"""
The transcript of a run: everything said so far, as a model is told it.

It is kept in parts, each with the digest of the one before. What a provider refuses is put in
order here: an answer of a tool comes right after the call it answers, and each call has one.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from contexten.tools import TOOLS, Kind
from contexten.turns import LONGEST_BODY, LONGEST_BRIEF, LONGEST_INLINE, Role, ToolCall

ASSISTANT = "assistant"
LONGEST_TOLD = 600_000
KEPT_WHOLE = 20
LEFT_OUT = "(left out: this is long ago, and the transcript became too long; ask again if needed)"
UNANSWERED = "(this was not carried out)"


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool as the model wrote it; its arguments perhaps not even JSON."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """
    One thing that was said.

    Attributes:
        role: ``system``, ``user``, ``tool``, or ``assistant`` for the model itself.
        text: What.
        calls: What the model wanted done with it.
        call_id: Which call it answers; None if it answers none.
        ok: Whether that went well.
    """

    role: str
    text: str = ""
    calls: tuple[Call, ...] = ()
    call_id: str | None = None
    ok: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """
    What one turn added.

    Attributes:
        before: The digest of the part before; None if it is the first.
        messages: What was said in it.
        began: When the run began, in ISO 8601: the same in all its parts.
    """

    before: str | None
    messages: tuple[Message, ...]
    began: str = ""

    def as_text(self) -> str:
        """It as the JSON that is kept."""
        said = [
            {
                "role": one.role,
                "text": one.text,
                "calls": [asdict(call) for call in one.calls],
                "call_id": one.call_id,
                "ok": one.ok,
            }
            for one in self.messages
        ]
        return json.dumps({"prev": self.before, "began": self.began, "messages": said})

    @classmethod
    def of_text(cls, text: str) -> "Part":
        """
        What :meth:`as_text` gave.

        Raises:
            ValueError: If *text* is anything else.
        """
        try:
            kept = json.loads(text)
            messages = tuple(message_of(one) for one in kept["messages"])
            return cls(kept["prev"], messages, str(kept.get("began", "")))
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"no part of a transcript: {error!r}") from None


def message_of(kept: Any) -> Message:
    """A message out of its JSON."""
    calls = tuple(Call(one["id"], one["name"], one["arguments"]) for one in kept["calls"])
    return Message(kept["role"], kept["text"], calls, kept["call_id"], kept["ok"])


def in_order(messages: Sequence[Message]) -> tuple[Message, ...]:
    """
    *messages* so that each call is answered right after it, and nothing else is answered.

    >>> [one.text for one in in_order([Message("assistant", calls=(Call("1", "f", ""),))])]
    ['', '(this was not carried out)']
    """
    answers = {one.call_id: one for one in messages if one.role == Role.TOOL}
    calls = {call.id for one in messages for call in one.calls}
    found: list[Message] = []
    for one in messages:
        if one.role == Role.TOOL:
            if one.call_id not in calls:
                found.append(Message(Role.USER, one.text))
            continue
        found.append(one)
        for call in one.calls:
            unanswered = Message(Role.TOOL, UNANSWERED, call_id=call.id, ok=False)
            found.append(answers.get(call.id, unanswered))
    return tuple(found)


def shortened(messages: Sequence[Message], most: int = LONGEST_TOLD) -> tuple[Message, ...]:
    """
    *messages* without the oldest answers of tools, if all together are longer than *most*.

    >>> many = [Message("tool", "x" * 9, call_id="1")] * 30
    >>> [len(one.text) > 9 for one in shortened(many, 270)].count(True)
    0
    """
    over = sum(len(one.text) + sum(len(c.arguments) for c in one.calls) for one in messages) - most
    found = list(messages)
    for at, one in enumerate(messages[:-KEPT_WHOLE]):
        if over <= 0:
            break
        if one.role == Role.TOOL and len(one.text) > len(LEFT_OUT):
            found[at] = replace(one, text=LEFT_OUT)
            over -= len(one.text) - len(LEFT_OUT)
    return tuple(found)


def as_tool_calls(calls: Iterable[Call]) -> tuple[ToolCall, ...]:
    """*calls* as a workflow is told of them: what is long stays in the transcript."""
    return tuple(
        ToolCall(
            one.id,
            one.name[:LONGEST_BRIEF],
            one.arguments if len(one.arguments) <= longest_for(one.name) else "",
            brief_of(one),
        )
        for one in calls
    )


def longest_for(name: str) -> int:
    """How long the arguments of the tool *name* may be inline: those that workflows read, more."""
    tool = TOOLS.get(name)
    return LONGEST_INLINE if tool is None or tool.kind is Kind.CODE else LONGEST_BODY


def brief_of(call: Call) -> str:
    """
    *call* in one line.

    >>> brief_of(Call("1", "view_file", '{"path": "a.py", "first_line": 3}'))
    'view_file a.py 3'
    """
    said = object_in(call.arguments) or {}
    words = [call.name, *(str(value)[:LONGEST_BRIEF] for value in said.values())]
    return " ".join(" ".join(words).split())[:LONGEST_BRIEF]


def object_in(text: str) -> dict[str, Any] | None:
    """The JSON object that *text* is; None if it is none. Nothing at all is an empty one."""
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
