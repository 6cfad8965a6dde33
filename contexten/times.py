"""Moments, as entities keep them and as JSON carries them."""

from datetime import UTC, datetime, timedelta
from typing import Any

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def iso(at: datetime | None) -> str | None:
    """*at* as ISO 8601; None if there is none."""
    return at.isoformat() if at else None


def moment(said: Any) -> datetime | None:
    """
    The time in ISO 8601 that *said* is; None if it is none, or has no zone.

    >>> moment("2026-01-01T12:00:00+00:00").hour
    12
    """
    try:
        found = datetime.fromisoformat(said)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else None


Span = tuple[datetime, datetime | None]
"""From when until when; None for a stretch that is not over."""


def overlap(spans: tuple[Span, ...], since: datetime, until: datetime) -> timedelta:
    """
    How much of the time from *since* to *until* lies in *spans*, which do not overlap.

    >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> overlap(((noon, None),), noon - timedelta(hours=1), noon + timedelta(minutes=5))
    datetime.timedelta(seconds=300)
    """
    zero = timedelta(0)
    return sum((max(zero, min(to or until, until) - max(of, since)) for of, to in spans), zero)
