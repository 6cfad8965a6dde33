"""
A turn of the model as values: what it is told, and what it answers.

The transcript of a run stays in the blob store. Each turn adds to it, and the engine carries
the digest of its latest part alone.
"""

from dataclasses import dataclass
from enum import StrEnum

LONGEST_INLINE = 4_000
LONGEST_BODY = 64_000
LONGEST_BRIEF = 120


class Role(StrEnum):
    """Who says something to the model."""

    SYSTEM = "system"
    USER = "user"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class Said:
    """
    One new part of the transcript.

    Attributes:
        role: Who says it.
        text: What; at most ``LONGEST_INLINE`` characters. Empty if it is kept in the blob store.
        ref: The digest of the blob that has it; None if it is in *text*.
        call_id: Which call of a tool it answers; None if it answers none.
        ok: Whether that call went well.
    """

    role: Role
    text: str = ""
    ref: str | None = None
    call_id: str | None = None
    ok: bool = True


@dataclass(frozen=True, slots=True)
class TurnAsk:
    """
    What the model is to go on from.

    Attributes:
        run: The workflow id of the run.
        trace: The id of the run's trace, a UUID: the same in all its turns.
        number: Which turn it is; the first is 1.
        transcript: The digest of what was said before; None at first.
        said: What was said since.
        tools: The names of the tools it may use.
    """

    run: str
    trace: str
    number: int
    transcript: str | None
    said: tuple[Said, ...]
    tools: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """
    What the model wants done.

    Attributes:
        id: What the result is known by; unique within the run.
        name: The tool, as the model named it: perhaps one that does not exist.
        arguments: JSON as the model wrote it, without secrets: perhaps not even JSON. Empty if
            it is longer than ``LONGEST_INLINE``, or ``LONGEST_BODY`` for a tool of a platform;
            the transcript has it then.
        brief: What it is in one line of at most ``LONGEST_BRIEF`` characters.
    """

    id: str
    name: str
    arguments: str = ""
    brief: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """
    What the model answered.

    Attributes:
        transcript: The digest of everything said up to and with this.
        calls: What it wants done; nothing if it is done.
        text: What it says, without secrets; at most ``LONGEST_BODY`` characters.
        model: Who answered: ``offline`` or ``provider:name``.
        tokens: Tokens in and out.
        usd: What it cost, US dollars; 0 if its price is not known.
        unusable: Why the answer cannot be used, in words that the model can use; None if it can.
        trace_url: Where a person sees the trace of the run; None if there is none.
    """

    transcript: str
    calls: tuple[ToolCall, ...] = ()
    text: str = ""
    model: str = ""
    tokens: int = 0
    usd: float = 0.0
    unusable: str | None = None
    trace_url: str | None = None


@dataclass(frozen=True, slots=True)
class ToolResult:
    """
    What a tool answered.

    Attributes:
        call_id: To which call.
        ok: Whether it went well.
        ref: The digest of the blob that has the text for the model; without secrets.
        brief: The same in one line of at most ``LONGEST_BRIEF`` characters.
        head: The commit that the run's branch is at now, if the tool moved it; None if not.
    """

    call_id: str
    ok: bool
    ref: str
    brief: str = ""
    head: str | None = None
