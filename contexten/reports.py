"""What the health round reports: how many critical checks are unhealthy, and which."""

from collections.abc import Mapping, Sequence

from contexten.orders import clean

MOST_NAMES = 20


def report_of(*arguments: object) -> tuple[int, tuple[str, ...]]:
    """
    How many critical checks are unhealthy, and their names as far as they are said.

    Raises:
        ValueError: If *arguments* do not say how many.

    >>> report_of({"unhealthy_critical": 1, "unhealthy": ["github answers"]})
    (1, ('github answers',))
    >>> report_of(2)
    (2, ())
    """
    said = arguments[0] if arguments else None
    names: object = ()
    if isinstance(said, Mapping):
        names = said.get("unhealthy", ())
        said = said.get("unhealthy_critical")
    if isinstance(said, bool) or not isinstance(said, int) or said < 0:
        raise ValueError("a health report says unhealthy_critical, a count")
    return said, tuple(clean(name) for name in listed(names) if isinstance(name, str))


def listed(names: object) -> Sequence[object]:
    """The first of *names*, if they are a list."""
    if isinstance(names, Sequence) and not isinstance(names, str):
        return names[:MOST_NAMES]
    return ()
