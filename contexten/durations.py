"""
Durations as people write them: ``250ms``, ``10s``, ``10m``, ``1h30m``, ``7d``.
"""

import re
from datetime import timedelta
from fractions import Fraction

MICROSECONDS = {
    "d": 86_400_000_000,
    "h": 3_600_000_000,
    "m": 60_000_000,
    "s": 1_000_000,
    "ms": 1_000,
}
LONGEST_TEXT = 32
PIECE = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|d|h|m|s)")
WHOLE = re.compile(rf"(?:{PIECE.pattern})+")
HOW = "write it as 250ms, 10s, 10m, 1h30m or 7d"


def duration(text: str) -> timedelta:
    """
    The span that *text* says, to the microsecond.

    Raises:
        ValueError: If it says none; the message tells how to write one.

    >>> duration("1h30m")
    datetime.timedelta(seconds=5400)
    """
    said_of = text.strip().lower() if isinstance(text, str) else ""
    if len(said_of) > LONGEST_TEXT or not WHOLE.fullmatch(said_of):
        raise ValueError(f"{str(text)[:LONGEST_TEXT]!r} is no duration; {HOW}")
    span = sum(Fraction(many) * MICROSECONDS[unit] for many, unit in PIECE.findall(said_of))
    try:
        return timedelta(microseconds=round(span))
    except OverflowError:
        raise ValueError(f"{text!r} is longer than any duration can be; {HOW}") from None


def said(span: timedelta) -> str:
    """
    *span* in the largest unit that says it exactly, as :func:`duration` reads it.

    Raises:
        ValueError: If *span* is negative, which nobody can write.

    >>> said(timedelta(seconds=90)), said(timedelta(days=7)), said(timedelta(milliseconds=250))
    ('90s', '7d', '250ms')
    """
    whole = span // timedelta(microseconds=1)
    if whole < 0:
        raise ValueError(f"{span} is negative")
    if whole == 0:
        return "0s"
    for unit, size in MICROSECONDS.items():
        if whole % size == 0:
            return f"{whole // size}{unit}"
    return f"{whole // 1_000}.{whole % 1_000:03d}".rstrip("0") + "ms"
