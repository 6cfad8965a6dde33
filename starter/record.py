"""What the spool keeps beside a body: the event without its payload, as JSON."""

from datetime import datetime

import orjson

from contexten.delivery import Event, Platform

FIELDS = (
    "delivery_id",
    "name",
    "action",
    "repository",
    "context",
    "sender",
    "sent_by_bot",
    "tenant",
)


def header_of(event: Event, digest: str) -> bytes:
    """
    The header of the record of *event*.

    Args:
        digest: SHA-256 of the body as it was sent, hexadecimal.
    """
    return orjson.dumps(
        {
            "platform": event.platform,
            "received_at": event.received_at.isoformat(),
            "digest": digest,
            "delivery_id": event.delivery_id,
            "name": event.name,
            "action": event.action,
            "repository": event.repository,
            "context": event.context,
            "sender": event.sender,
            "sent_by_bot": event.sent_by_bot,
            "tenant": event.tenant,
        }
    )


def event_of(header: bytes) -> Event:
    """
    The event of the record with *header*.

    Raises:
        ValueError: If *header* is not one that :func:`header_of` makes.
    """
    return event_and_digest(header)[0]


def event_and_digest(header: bytes) -> tuple[Event, str]:
    """
    The event of the record with *header*, and its body's SHA-256, hexadecimal.

    Raises:
        ValueError: If *header* is not one that :func:`header_of` makes.
    """
    try:
        kept = orjson.loads(header)
        event = Event(
            platform=Platform(kept["platform"]),
            received_at=datetime.fromisoformat(kept["received_at"]),
            **{name: kept[name] for name in FIELDS},
        )
        return event, str(kept["digest"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"the header of a record lacks {error}") from error
