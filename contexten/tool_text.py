"""What a tool answered, as the text that a model is given: bounded, readable, cleaned."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from contexten.turns import LONGEST_BRIEF

LONGEST_TEXT = 64_000
"""The most characters of an answer that a model is given."""

CUT = "\n[… {many} characters are left out …]\n"


@dataclass(frozen=True, slots=True)
class Done:
    """
    What came of a call of a tool.

    Attributes:
        text: What the model is told.
        ok: Whether it went well.
        head: The commit that the branch is at now, if it was moved; None if not.
    """

    text: str
    ok: bool = True
    head: str | None = None


class Refused(Exception):  # noqa: N818 - it is an answer, told as one
    """What was asked for is not done; the message says why, in words that a model can use."""


def readable(text: str) -> str:
    r"""
    *text* without what cannot be written down as UTF-8, or cannot be shown.

    >>> readable("a\udce9\0b")
    'a\\udce9\\0b'
    """
    return text.encode(errors="backslashreplace").decode().replace("\0", "\\0")


def bounded(text: str, most: int = LONGEST_TEXT) -> str:
    r"""
    *text* if it has at most so many characters, else its beginning and its end.

    >>> bounded("a" * 60 + "b" * 60, 60)
    'aaaaaaaaaaaa\n[… 96 characters are left out …]\nbbbbbbbbbbbb'
    """
    if len(text) <= most:
        return text
    room = (most - len(CUT.format(many=len(text)))) // 2
    left_out = CUT.format(many=len(text) - 2 * room)
    return f"{text[:room]}{left_out}{text[-room:]}"


def told(text: str, clean: Callable[[str], str]) -> str:
    """*text* as a model may be told it: cleaned first, so that no secret is cut in two."""
    return bounded(clean(readable(text)))


def brief_of(text: str) -> str:
    r"""
    *text* in one line of at most ``LONGEST_BRIEF`` characters.

    >>> brief_of("two\n lines")
    'two lines'
    """
    line = " ".join(text[: 4 * LONGEST_BRIEF].split())
    return line if len(line) <= LONGEST_BRIEF else line[: LONGEST_BRIEF - 1] + "…"


def file_name_of(key: str) -> str:
    """A name for a file about *key*, whatever that holds."""
    return hashlib.sha256(key.encode(errors="backslashreplace")).hexdigest()[:32]
