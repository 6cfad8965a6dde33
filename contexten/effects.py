"""
Effect keys: how a deed that may run twice is seen only once.

A worker can die after a comment was posted and before it could say so. So each
visible effect carries a key, the same in every attempt, and the deed looks for
it before it creates.
"""

import hashlib
import re
import uuid
from dataclasses import dataclass
from datetime import datetime

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
