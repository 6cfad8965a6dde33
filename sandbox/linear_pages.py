"""Pages of lists on the sandbox's Linear, and what filters want."""

from collections.abc import Sequence
from typing import Any

from sandbox.linear_refused import invalid
from sandbox.linear_state import Shown, Team

MOST_PER_PAGE = 250
USUAL_PER_PAGE = 50


def paged(items: Sequence[Any], given: Shown) -> Shown:
    """The page of *items* that was asked for by ``first`` and ``after``, a place in the list."""
    size = given.get("first") or USUAL_PER_PAGE
    after = given.get("after") or "0"
    if not 1 <= size <= MOST_PER_PAGE:
        raise invalid(f"first must not be greater than {MOST_PER_PAGE}.")
    if not after.isdecimal():
        raise invalid("after must be a cursor.")
    begin = int(after)
    nodes = list(items[begin : begin + size])
    info = {
        "hasNextPage": begin + size < len(items),
        "hasPreviousPage": begin > 0,
        "startCursor": str(begin) if nodes else None,
        "endCursor": str(begin + len(nodes)) if nodes else None,
    }
    return {"nodes": nodes, "pageInfo": info, "totalCount": len(items)}


def fits(wanted: Shown | None, value: str) -> bool:
    """Whether *value* is what a comparator wants; without one everything is."""
    return not wanted or wanted.get("eq") in (None, value)


def team_fits(wanted: Shown | None, team: Team) -> bool:
    """Whether *team* is one that a filter wants."""
    wanted = wanted or {}
    return fits(wanted.get("id"), team.id) and fits(wanted.get("key"), team.key)
