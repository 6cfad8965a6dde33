"""
The cheapest honest request of each group to Linear, and what its answer proves.

None of them leaves anything behind.
"""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from activities.clients import linear_documents as documents
from activities.clients.linear_answers import nodes, read
from activities.clients.linear_errors import PLATFORM
from contexten.errors import ClientError

TERM = "contexten"
NOT_FOUND = ("entity not found", "could not find")
"""How Linear is seen to say that there is no such thing."""

Ask = Callable[..., Awaitable[dict[str, Any]]]


async def probe(ask: Ask, group: str) -> str:
    """
    What one request of *group* proved.

    Args:
        ask: Makes a request for a document, with its variables by name.
        group: ``read``, ``write`` or ``search``.

    Raises:
        PlatformError: If it proved nothing.
    """
    if group not in PROBES:
        raise ClientError(f"there is no probe of {group!r}", platform=PLATFORM)
    return await PROBES[group](ask)


async def read_ourselves(ask: Ask) -> str:
    """Who we are."""
    data = await ask(documents.VIEWER)
    return f"viewer says that we are {read(lambda said: str(said['thing']['id']), data)[:40]}"


async def write_nothing(ask: Ask) -> str:
    """
    The deletion of a comment that nobody wrote: a random UUID is no comment's.

    Linear does not document whether it refuses that, as it is seen to do, or calls it done:
    either way its writing answers.
    """
    try:
        data = await ask(documents.COMMENT_DELETE, id=str(uuid.uuid4()))
    except ClientError as error:
        if not any(words in str(error).lower() for words in NOT_FOUND):
            raise
        return "commentDelete refuses an unknown comment, as it must"
    if read(lambda said: said["done"]["success"], data) is not True:
        raise ClientError("Linear did not do it, and does not say why", platform=PLATFORM)
    return "commentDelete calls an unknown comment deleted"


async def search_one(ask: Ask) -> str:
    """The best match of a word, if there is any."""
    data = await ask(documents.ISSUE_SEARCH, term=TERM, first=1)
    found = read(nodes, data.get("page"))
    return f"searchIssues answers, with {len(found)} of at most 1 issue"


PROBES: dict[str, Callable[[Ask], Awaitable[str]]] = {
    "read": read_ourselves,
    "write": write_nothing,
    "search": search_one,
}
