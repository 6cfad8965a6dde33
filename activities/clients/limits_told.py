"""Reading off an answer how much its platform still lets us ask. Headers may say anything."""

from collections.abc import Mapping
from datetime import UTC, datetime

from activities.clients.pauses import number
from contexten.limits import Limits


def limits_told(
    headers: Mapping[str, str], prefix: str, now: datetime, ticks_per_s: int = 1
) -> Limits | None:
    """
    The limit that *headers* tell of; None if they do not, or make no sense.

    Args:
        headers: Names in lower case.
        prefix: What its headers begin with; ``remaining``, ``limit`` and ``reset`` follow.
        now: When it was asked, UTC.
        ticks_per_s: In what a reset is counted since 1970: 1 for seconds, 1000 for milliseconds.
    """
    remaining, limit, reset = (
        number(headers.get(f"{prefix}{name}")) for name in ("remaining", "limit", "reset")
    )
    if remaining is None or limit is None or reset is None or limit < 1:
        return None
    try:
        resets_at = datetime.fromtimestamp(reset / ticks_per_s, UTC)
    except (OverflowError, OSError, ValueError):
        return None
    return Limits(int(min(max(remaining, 0), limit)), int(limit), resets_at, now)
