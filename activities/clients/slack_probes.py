"""
The cheapest honest request of each group to Slack, and what its answer proves.

None of them leaves anything behind. There is no search among our calls, so it is asked for as
reading is.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from activities.clients.slack_errors import GARBLED, PLATFORM, garbled
from contexten.errors import ClientError

NOWHERE = "C_NO_SUCH_CHANNEL"
"""No channel's id holds an underscore, and no channel's name a capital."""

Ask = Callable[..., Awaitable[dict[str, Any]]]


async def probe(ask: Ask, group: str) -> str:
    """
    What one request of *group* proved.

    Args:
        ask: Makes a request for a method, with its arguments by name.
        group: ``read``, ``write`` or ``search``.

    Raises:
        PlatformError: If it proved nothing.
    """
    if group not in PROBES:
        raise ClientError(f"there is no probe of {group!r}", platform=PLATFORM)
    return await PROBES[group](ask)


async def read_ourselves(ask: Ask) -> str:
    """Who we are, which Slack looks up by our token."""
    answer = await ask("auth.test")
    try:
        return f"auth.test says that we are {str(answer['user_id'])[:40]}"
    except GARBLED as error:
        raise garbled(type(error).__name__) from None


async def write_nowhere(ask: Ask) -> str:
    """
    A message to a channel that cannot be.

    Slack asks for our token and its scope first, then for the channel: whoever is refused for
    the channel would have been let in to another.
    """
    try:
        await ask("chat.postMessage", channel=NOWHERE, text="probe")
    except ClientError as error:
        if ": channel_not_found" not in str(error):
            raise
        return "chat.postMessage refuses an unknown channel, as it must"
    raise garbled("it posted to a channel that cannot be")


PROBES: dict[str, Callable[[Ask], Awaitable[str]]] = {
    "read": read_ourselves,
    "write": write_nowhere,
    "search": read_ourselves,
}
