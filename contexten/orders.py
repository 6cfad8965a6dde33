"""
Orders from people: who wants something, why, and for how long.

They arrive as signals, typed by hand. So an order is read leniently, and one that cannot be
read is refused with a reason and written down, without effect on what it was meant for:

    "why"                                   because
    "why" "ada" "10m"                       because, by, for
    {"because": "why", "for": "10m"}        by name, in any order
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from contexten.durations import duration

NOBODY = "operator"
THE_CLOCK = "the clock"
LONGEST_REASON = 300
LONGEST_NAME = 100
LONGEST_SPAN = timedelta(days=366)
KEPT = 50
MARKUP = re.compile(r"[|`<>*_\[\]\\!]")

IN_ORDER = ("because", "by", "for")
ALSO_CALLED = {"why": "because", "reason": "because", "lasting": "for", "who": "by"}


@dataclass(frozen=True, slots=True)
class Order:
    """
    What comes with every order.

    Attributes:
        by: Who gives it.
        because: Why, in their words.
        lasting: How long it holds; None until it is taken back.
    """

    by: str = NOBODY
    because: str = ""
    lasting: timedelta | None = None

    def until(self, now: datetime) -> datetime | None:
        """When an order given *now* ends by itself; None if it does not."""
        return None if self.lasting is None else now + self.lasting


TIME_IS_OVER = Order(THE_CLOCK, "its time is over")


@dataclass(frozen=True, slots=True)
class Pause:
    """An order that holds: whose, why, since when, and until when if that was said; UTC."""

    by: str
    because: str
    since: datetime
    until: datetime | None = None

    @classmethod
    def of(cls, order: Order, now: datetime) -> "Pause":
        """What *order*, given *now*, asks for."""
        return cls(order.by, order.because, now, order.until(now))

    def over(self, now: datetime) -> bool:
        """Whether its time has come to an end."""
        return self.until is not None and self.until <= now

    def said(self, what: str) -> str:
        """It in plain words, such as ``paused by ada: incident 42``."""
        return f"{what} by {self.by}" + (f": {self.because}" if self.because else "")

    def as_json(self) -> dict[str, Any]:
        """It as plain values."""
        until = self.until and self.until.isoformat()
        since = self.since.isoformat()
        return {"by": self.by, "because": self.because, "since": since, "until": until}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Pause":
        """What :meth:`as_json` made."""
        until = data.get("until")
        return cls(
            data["by"],
            data.get("because", ""),
            datetime.fromisoformat(data["since"]),
            datetime.fromisoformat(until) if until else None,
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One line of an entity's log of orders.

    Attributes:
        at: When it came, UTC.
        what: What was wanted, such as ``degrade limited``.
        by: Who wanted it.
        because: Why.
        refused: Why it had no effect; None if it had.
    """

    at: datetime
    what: str
    by: str = NOBODY
    because: str = ""
    refused: str | None = None

    def as_json(self) -> dict[str, Any]:
        """It as plain values."""
        return {
            "at": self.at.isoformat(),
            "what": self.what,
            "by": self.by,
            "because": self.because,
            "refused": self.refused,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Entry":
        """
        What :meth:`as_json` made; what is new in it is ignored.

        Raises:
            KeyError: If the time or the order is missing.
            ValueError: If the time is none.
        """
        return cls(
            datetime.fromisoformat(data["at"]),
            data["what"],
            data.get("by", NOBODY),
            data.get("because", ""),
            data.get("refused"),
        )


def logged(log: Sequence[Entry], entry: Entry, most: int = KEPT) -> tuple[Entry, ...]:
    """*log* with *entry* at its end, and without what is older than the last *most*."""
    return (*log, entry)[-most:]


def as_markdown(log: Sequence[Entry]) -> str:
    """*log* as the Web UI shows it, latest first."""
    rows = ["| when | order | by | because |", "|---|---|---|---|"]
    for one in reversed(log):
        why = f"refused: {one.refused}" if one.refused else one.because
        said = (f"{one.at:%Y-%m-%d %H:%M:%S}", one.what, one.by, why)
        rows.append("| " + " | ".join(map(harmless, said)) + " |")
    return "\n".join(rows)


def harmless(text: str) -> str:
    """*text* without what Markdown or HTML would take for its own."""
    return MARKUP.sub(" ", text)


def order_of(*arguments: object) -> Order:
    """
    The order that *arguments* give: strings in the order because, by, for; or one object.

    Raises:
        ValueError: If they give none; the message says what is wrong with them.

    >>> order_of("incident 42", "ada", "10m")
    Order(by='ada', because='incident 42', lasting=datetime.timedelta(seconds=600))
    >>> order_of({"for": "1h"}).lasting
    datetime.timedelta(seconds=3600)
    """
    said = named(IN_ORDER, arguments)
    return Order(
        word(said.get("by"), "by", LONGEST_NAME) or NOBODY,
        word(said.get("because"), "because", LONGEST_REASON),
        span(said.get("for")),
    )


def subject_and_order(name: str, *arguments: object) -> tuple[str, Order]:
    """
    An order about something: the first of *arguments*, or what the object has under *name*.

    Raises:
        ValueError: If it is not said about what, or the rest is no order.

    >>> subject_and_order("level", "limited", "slow", "ada")[0]
    'limited'
    >>> subject_and_order("level", {"level": "limited", "by": "ada"})[1].by
    'ada'
    """
    said = named((name, *IN_ORDER), arguments)
    subject = word(said.pop(name, None), name, LONGEST_NAME * 2)
    if not subject:
        raise ValueError(f"say which {name}")
    return subject, order_of(said)


def named(names: Sequence[str], arguments: Sequence[object]) -> dict[str, object]:
    """
    *arguments* by name, in the order of *names*; an object at their end gives the rest by name.

    Raises:
        ValueError: If there are too many, or the object has other names.
    """
    positional, last = list(arguments), dict[str, object]()
    if positional and isinstance(positional[-1], Mapping):
        last = renamed(positional[-1])
        positional.pop()
    if len(positional) > len(names):
        raise ValueError(f"{len(positional)} arguments; write {', '.join(names)}")
    if strange := sorted(map(clean, set(last) - set(names))):
        raise ValueError(f"there is no {strange[0]!r}; write {', '.join(names)}")
    return dict(zip(names, positional, strict=False)) | last


def renamed(said: Mapping[Any, object]) -> dict[str, object]:
    """An object with the names we use for what people also call otherwise."""
    return {ALSO_CALLED.get(str(name), str(name)): value for name, value in said.items()}


def word(value: object, name: str, most: int) -> str:
    """
    *value* as a line of text, cut at *most* characters; nothing if it is not given.

    Raises:
        ValueError: If it is no text.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{name} is text, not {type(value).__name__}")  # noqa: TRY004 - as all refusals
    return clean(value, most)


def clean(text: str, most: int = LONGEST_NAME) -> str:
    """*text* in one line of printable characters, cut at *most*."""
    shown = "".join(c if c.isprintable() else " " for c in text[: most * 4])
    return " ".join(shown.split())[:most]


def span(value: object) -> timedelta | None:
    """
    How long an order holds: ``10m``, or a number of seconds; None if it is not said.

    Raises:
        ValueError: If it is no duration, not above zero, or above a year.
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("write a duration as 10m, or as seconds")  # noqa: TRY004 - as all refusals
    found = duration(value if isinstance(value, str) else f"{value}s")
    if not timedelta(0) < found <= LONGEST_SPAN:
        raise ValueError(f"for {clean(str(value))}: write more than 0s and at most 366d")
    return found


def is_repository(name: str) -> bool:
    """Whether *name* is an ``owner/name``."""
    owner, _, rest = name.partition("/")
    return bool(owner and rest) and "/" not in rest and " " not in name
