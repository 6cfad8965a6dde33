"""
Effect keys: how a deed that may run twice is seen only once.

A worker can die after a comment was posted and before it could say so. So each
visible effect carries a key, the same in every attempt, and the deed looks for
it before it creates.
"""

import hashlib
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from contexten.delivery import Event, Platform
from contexten.payload import number, text

CLOCK_SKEW = timedelta(minutes=5)
RESENT_WITHIN = timedelta(days=4)
"""GitHub sends a delivery again for three days, and its calls may take one more."""

SET_BY_GITHUB = ("updated_at", "created_at", "submitted_at")
MARKER = re.compile(r"<!-- contexten:([0-9a-f]{32}) -->")


@dataclass(frozen=True, slots=True)
class Effect:
    """
    The identity of one visible effect.

    Attributes:
        key: 32 hexadecimal digits, the same in every attempt and every run of the same delivery.
        since: Nothing with this key can be older than this, so looking further back is vain; UTC.
    """

    key: str
    since: datetime


def effect_key(workflow_id: str, reaction: str, operation: str, ordinal: int) -> str:
    """
    The key of the *ordinal*-th *operation* of *reaction* in the delivery *workflow_id*.

    >>> effect_key("github/1", "greet", "github.post_comment", 0)
    'd3abf7806ceb319ec026219629c3122c'
    """
    named = "\n".join((workflow_id, reaction, operation, str(ordinal)))
    return hashlib.sha256(named.encode()).hexdigest()[:32]


def earliest(event: Event) -> datetime:
    """
    The moment before which *event* can have had no effect, in this run or an earlier one; UTC.

    A delivery that is sent again arrives anew, with the same body. So what the platform itself
    wrote into the body counts, not the arrival: a body is made after every time it tells of.
    Where it tells of none, or of long ago, we look back as far as deliveries are sent again.
    """
    said = [at for at in times_in(event.platform, event.payload) if at <= event.received_at]
    return max([event.received_at - RESENT_WITHIN, *said]) - CLOCK_SKEW


def times_in(platform: Platform, payload: Any) -> Iterator[datetime]:
    """The times that *platform*, and nobody else, wrote into *payload*; UTC."""
    if platform is Platform.SLACK:
        if (seconds := number(payload, "event_time")) is not None and 0 < seconds < 2**33:
            yield datetime.fromtimestamp(seconds, UTC)
        return
    if platform is not Platform.GITHUB or not isinstance(payload, dict):
        return
    for thing in payload.values():
        for name in SET_BY_GITHUB:
            if (at := time_of(text(thing, name))) is not None:
                yield at


def time_of(said: str | None) -> datetime | None:
    """An ISO 8601 time with its zone; None if *said* is none."""
    try:
        found = datetime.fromisoformat(said or "")
    except ValueError:
        return None
    return found if found.tzinfo else None


def marker(key: str) -> str:
    """The HTML comment that carries *key* in Markdown without being shown."""
    return f"<!-- contexten:{key} -->"


def with_marker(text: str, key: str) -> str:
    """*text* with its key at the end, where a reader does not see it."""
    return f"{text}\n\n{marker(key)}"


def keys_in(text: str | None) -> set[str]:
    """All effect keys that *text* carries."""
    return set(MARKER.findall(text or ""))


def as_uuid(key: str) -> str:
    """*key* as the version 4 UUID that platforms take as an id chosen by the client."""
    return str(uuid.UUID(hex=key, version=4))
