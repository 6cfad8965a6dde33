"""
What the sandbox's model answers: whatever a test arranged, else what it is told, to the letter.

It obeys every line ``CALL tool_name {json}`` in any text it reads, whoever wrote it: each once,
in their order. So it is the worst model that an agent can be given.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

CALL = re.compile(r"^[^\n]*?\bCALL (\w[\w-]*) *(\{[^\n]*)?$", re.MULTILINE)


@dataclass(slots=True)
class Scripted:
    """
    One answer that a test arranged.

    Attributes:
        text: What it says.
        calls: What it wants done: a name and arguments, as an object or as any text.
        finish_reason: Why it stops; what fits if None.
        stream: ``whole``; ``cut`` in the middle; ``garbage``; ``endless``.
        size: How many characters it says besides.
        again: Whether it is the answer for ever.
    """

    text: str = ""
    calls: list[dict[str, Any]] = field(default_factory=list)
    finish_reason: str | None = None
    stream: str = "whole"
    size: int = 0
    again: bool = False

    @property
    def reason(self) -> str:
        """Why it stops."""
        return self.finish_reason or ("tool_calls" if self.calls else "stop")


def obedient(messages: Sequence[dict[str, Any]]) -> Scripted:
    """What follows from *messages* for one who does whatever a text says."""
    told = [one for said in messages if said["role"] != "assistant" for one in orders_in(said)]
    orders = list(dict.fromkeys(told))
    done = sum(len(said.get("tool_calls") or ()) for said in messages)
    if done >= len(orders):
        return Scripted(f"I did all that I was told: {done} calls.")
    name, arguments = orders[done]
    return Scripted(calls=[{"name": name, "arguments": arguments}])


def orders_in(said: dict[str, Any]) -> list[tuple[str, str]]:
    """The orders in one message."""
    return [(name, arguments or "{}") for name, arguments in CALL.findall(text_of(said))]


def text_of(said: dict[str, Any]) -> str:
    """The text of a message, whichever of the documented forms it has."""
    content = said.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text", "")) for part in content)
