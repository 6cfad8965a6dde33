"""
How long what this thread is doing may still take, however many requests that needs.

Limits nest, and the nearest counts: that of an attempt, and in it that of each request.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ends: ContextVar[float] = ContextVar("ends", default=math.inf)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Around what may take so many *seconds*, or less if a limit around it is nearer."""
    before = _ends.set(min(_ends.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _ends.reset(before)


def left() -> float:
    """The seconds that are left; 0 or less if none are, infinitely many without a limit."""
    return _ends.get() - time.monotonic()
