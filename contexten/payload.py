"""
Reading a payload whose shape nobody guarantees: what is not there, or not of its kind, is None.

A signed body may be anything that is JSON.
"""

from typing import Any


def dig(payload: Any, *path: str) -> Any:
    """
    What lies at *path* in nested objects; None if any step is missing or no object.

    >>> dig({"issue": {"number": 7}}, "issue", "number")
    7
    >>> dig({"issue": ["x"]}, "issue", "number") is None
    True
    """
    for step in path:
        if not isinstance(payload, dict):
            return None
        payload = payload.get(step)
    return payload


def text(payload: Any, *path: str) -> str | None:
    """The text at *path*; None if there is none, or it is empty."""
    found = dig(payload, *path)
    return found if isinstance(found, str) and found else None


def number(payload: Any, *path: str) -> int | None:
    """The whole number at *path*; None if there is none."""
    found = dig(payload, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def objects(payload: Any, *path: str) -> list[dict[str, Any]]:
    """The objects in the list at *path*; whatever else is in it is left out."""
    found = dig(payload, *path)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
