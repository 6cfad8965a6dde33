"""One thing that the doctor looked at."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How bad it is."""

    GOOD = "good"
    MISSING = "missing"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One thing that was looked at.

    Attributes:
        what: What it is.
        state: How bad it is; what is missing may be meant to be.
        said: What was found.
        mend: What to do about it; empty if nothing.
    """

    what: str
    state: State
    said: str
    mend: str = ""
