"""Everything the door answers, as values: made once where it is always the same."""

from dataclasses import dataclass
from typing import Any

import orjson

RETRY_AFTER_S = 5

JSON = (b"content-type", b"application/json")


@dataclass(frozen=True, slots=True)
class Answer:
    """
    One answer.

    Attributes:
        name: What it is counted under.
        status: The HTTP status.
        start: The ASGI message with the status and the headers.
        body: The ASGI message with the body.
    """

    name: str
    status: int
    start: dict[str, Any]
    body: dict[str, Any]


class Refused(Exception):  # noqa: N818 - it says what became of the delivery
    """A delivery that is not taken, and what its sender is told."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.name)
        self.answer = answer


class Gone(Exception):  # noqa: N818
    """The sender went away before the delivery was whole: there is nobody to answer."""


def answer(name: str, status: int, said: dict[str, Any] | None, *, later: bool = False) -> Answer:
    """
    An answer in JSON.

    Args:
        said: The JSON object; None leaves the body empty.
        later: Whether to ask the sender to try again in a few seconds.
    """
    content = b"" if said is None else orjson.dumps(said)
    headers = [(b"content-length", b"%d" % len(content))]
    if said is not None:
        headers.append(JSON)
    if later:
        headers.append((b"retry-after", b"%d" % RETRY_AFTER_S))
    start = {"type": "http.response.start", "status": status, "headers": headers}
    return Answer(name, status, start, {"type": "http.response.body", "body": content})


def refusal(name: str, status: int, reason: str, *, later: bool = False) -> Answer:
    """An answer that says no, and why."""
    return answer(name, status, {"status": "refused", "reason": reason}, later=later)


def malformed(header: str) -> Answer:
    """The answer to a delivery whose *header* is missing or cannot be what it should be."""
    return refusal("malformed", 400, f"{header} is missing or malformed")


def accepted(workflow_id: str) -> Answer:
    """The answer to a delivery that is safe with us now."""
    return answer("accepted", 202, {"status": "accepted", "id": workflow_id})


def challenged(challenge: str) -> Answer:
    """The answer to Slack's question whether it is us."""
    return answer("handshake", 200, {"challenge": challenge})


def silent(loud: Answer) -> Answer:
    """The same without a word: what answers a slash command is shown to who typed it."""
    return answer(loud.name, 200, None)


UNSIGNED = refusal("unsigned", 401, "the signature is not valid, or too old")
TOO_LARGE = refusal("too_large", 413, "the body is too large")
UNSUPPORTED = refusal("unsupported", 415, "send application/json, not encoded")
SHED = refusal("shed", 429, "too much is under way; try again", later=True)
SPOOL_FULL = refusal("spool_full", 503, "too much waits for the engine; try again", later=True)
SPOOL_BROKEN = refusal("spool_broken", 503, "the disk refused; try again", later=True)
ENGINE_AWAY = refusal("engine_away", 503, "the engine is away; try again", later=True)
DRAINING = refusal("draining", 503, "shutting down; try again", later=True)
NOT_FOUND = refusal("not_found", 404, "no such owner or repository name")

DUPLICATE = answer("duplicate", 200, {"status": "duplicate"})
IGNORED = answer("ignored", 200, {"status": "ignored"})
QUARANTINED = answer("quarantined", 202, {"status": "quarantined"})
