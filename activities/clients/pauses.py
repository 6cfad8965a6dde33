"""How long to wait: as a platform's headers ask, which may say anything, or until it is sure."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from contexten.errors import ServerError, TransientError

SHORTEST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(hours=1)
UNANSWERED_PAUSE = timedelta(seconds=5)
"""How long after we gave a write up the platform may still be carrying it out."""


@contextmanager
def looked_up_before_repeated() -> Iterator[None]:
    """
    Around a write whose repeat looks first whether it was done.

    If it ends without the platform's own answer it may be done a moment later, so the repeat
    must not look too soon.
    """
    try:
        yield
    except (TransientError, ServerError) as error:
        if error.retry_after is None:
            error.retry_after = UNANSWERED_PAUSE
        raise


def bounded(seconds: float) -> timedelta:
    """
    A pause of *seconds*, at least a second and at most an hour, in whole seconds.

    >>> bounded(-3.5), bounded(1.2), bounded(1e9)
    (datetime.timedelta(seconds=1), datetime.timedelta(seconds=2), datetime.timedelta(seconds=3600))
    """
    least, most = SHORTEST_PAUSE.total_seconds(), LONGEST_PAUSE.total_seconds()
    return timedelta(seconds=math.ceil(min(max(seconds, least), most)))


def seconds_until(text: str | None, now: datetime) -> float | None:
    """A ``Retry-After`` in seconds; None if it is neither a number nor a date."""
    seconds = number(text)
    if seconds is not None or not text:
        return seconds
    try:
        date = parsedate_to_datetime(text)
        return (date.replace(tzinfo=date.tzinfo or now.tzinfo) - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None


def number(text: str | None) -> float | None:
    """*text* as a finite number; None if it is none."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
