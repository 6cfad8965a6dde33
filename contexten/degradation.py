"""
How much of the service is on.

    unhealthy critical checks      0      1         2           3 and more
    level                        full  limited  essential  maintenance

Worse health lowers the level at once. Better health raises it by one step after it has been
better for ``calm``, so that a check that flaps does not make the service flap. A person may
pin the level, or pause everything; both end by themselves when they were given for a time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from contexten.orders import TIME_IS_OVER, Entry, Order, Pause, is_repository, logged

CALM = timedelta(minutes=2)
MOST_REPOSITORIES = 100
SHOWN_ORDERS = 20
HEALTH = "health"


class Level(StrEnum):
    """How much is on, most first."""

    FULL = "full"
    LIMITED = "limited"
    ESSENTIAL = "essential"
    MAINTENANCE = "maintenance"


class Flag(StrEnum):
    """What a level switches on or off."""

    OPTIONAL_EFFECTS = "optional_effects"
    BACKGROUND_ROUNDS = "background_rounds"
    NEW_AGENT_RUNS = "new_agent_runs"
    NORMAL_REACTIONS = "normal_reactions"
    PLATFORM_CALLS = "platform_calls"


LEVELS = tuple(Level)

SWITCHES: Mapping[Flag, frozenset[Level]] = {
    Flag.OPTIONAL_EFFECTS: frozenset(LEVELS[:1]),
    Flag.BACKGROUND_ROUNDS: frozenset(LEVELS[:2]),
    Flag.NEW_AGENT_RUNS: frozenset(LEVELS[:2]),
    Flag.NORMAL_REACTIONS: frozenset(LEVELS[:2]),
    Flag.PLATFORM_CALLS: frozenset(LEVELS[:3]),
}
"""The levels at which each flag is on."""

Switch = Callable[[Flag, Level], bool]
OPTIONAL_DEEDS = frozenset({"add_reaction", "remove_reaction"})
ESSENTIAL_PRIORITY = 1
NORMAL_PRIORITY = 3


def level_for(unhealthy_critical: int) -> Level:
    """
    The level that so many unhealthy critical checks ask for.

    >>> [str(level_for(n)) for n in (0, 1, 2, 3, 9)]
    ['full', 'limited', 'essential', 'maintenance', 'maintenance']
    """
    return LEVELS[min(max(unhealthy_critical, 0), len(LEVELS) - 1)]


def level_named(text: str) -> Level:
    """
    The level of that name, in whatever case.

    Raises:
        ValueError: If there is none.
    """
    try:
        return Level(text.strip().lower())
    except ValueError:
        raise ValueError(f"{text!r} is no level; there are {', '.join(LEVELS)}") from None


def level_in(standing: object) -> Level:
    """The level that the memo of the entity says; full if it says none."""
    said = standing.get("level") if isinstance(standing, Mapping) else None
    return Level(said) if said in LEVELS else Level.FULL


def is_on(flag: Flag, level: Level) -> bool:
    """Whether *flag* is on at *level*."""
    return level in SWITCHES[flag]


def parks(level: Level, priority_key: int | None, on: Switch = is_on) -> bool:
    """
    Whether a call waits at *level*: every one at maintenance, what is not essential before.

    Args:
        priority_key: The priority of its activity, 1 first; None or 0 if it has none.
        on: Who says what is on.
    """
    if not on(Flag.PLATFORM_CALLS, level):
        return True
    essential = priority_key is not None and 0 < priority_key <= ESSENTIAL_PRIORITY
    return not essential and not on(Flag.NORMAL_REACTIONS, level)


def skips(level: Level, operation: str, on: Switch = is_on) -> bool:
    """
    Whether *operation* is left out at *level*, as nobody misses it; *on* says what is on.

    >>> skips(Level.LIMITED, "slack.add_reaction"), skips(Level.LIMITED, "slack.post_reply")
    (True, False)
    """
    optional = operation.partition(".")[2] in OPTIONAL_DEEDS
    return optional and not on(Flag.OPTIONAL_EFFECTS, level)


@dataclass(frozen=True, slots=True)
class Degradation:
    """
    The level, what holds it there, and what was ordered. Every method answers with the next one.

    Attributes:
        measured: The level that health asks for.
        calm_since: Since when health has been better than that; None if it is not.
        unhealthy: The names of the critical checks that failed last.
        pinned_at: The level a person wants, whatever health says; None if nobody does.
        pin: Who pinned it and why; None if nobody did.
        paused: Who stopped everything and why; None if nobody did.
        repositories: The repositories that are paused, in lower case.
        orders: The latest orders, oldest first.
        version: Goes up with every change.
    """

    measured: Level = Level.FULL
    calm_since: datetime | None = None
    unhealthy: tuple[str, ...] = ()
    pinned_at: Level | None = None
    pin: Pause | None = None
    paused: Pause | None = None
    repositories: Mapping[str, Pause] = field(default_factory=dict)
    orders: tuple[Entry, ...] = ()
    version: int = 0

    @property
    def level(self) -> Level:
        """The level in force."""
        if self.paused is not None:
            return Level.MAINTENANCE
        return self.measured if self.pinned_at is None else self.pinned_at

    @property
    def why(self) -> str:
        """Why the level is what it is, in plain words."""
        if self.paused is not None:
            return self.paused.said("paused")
        if self.pin is not None:
            return self.pin.said("pinned")
        if self.measured is Level.FULL:
            return "healthy"
        return "unhealthy: " + (", ".join(self.unhealthy) or "health asked for it")

    @property
    def next_due(self) -> datetime | None:
        """When the next pause or pin ends by itself; None if none does."""
        held = [self.pin, self.paused, *self.repositories.values()]
        return min((one.until for one in held if one and one.until), default=None)

    def health_reported(
        self,
        unhealthy_critical: int,
        unhealthy: tuple[str, ...],
        now: datetime,
        calm: timedelta = CALM,
    ) -> "Degradation":
        """So many critical checks, with these names, are unhealthy now."""
        wanted = level_for(unhealthy_critical)
        now_at, asked = LEVELS.index(self.measured), LEVELS.index(wanted)
        if asked > now_at:
            return self._measured(wanted, None, unhealthy, now)
        if asked == now_at:
            return replace(self, calm_since=None, unhealthy=unhealthy)
        if self.calm_since is None:
            return replace(self, calm_since=now)
        if now - self.calm_since < calm:
            return self
        calm_since = now if asked < now_at - 1 else None
        return self._measured(LEVELS[now_at - 1], calm_since, unhealthy, now)

    def degrade(self, level: Level, order: Order, now: datetime) -> "Degradation":
        """Stay at *level*, whatever health says."""
        entry = Entry(now, f"degrade {level}", order.by, order.because)
        return self._changed(entry, pinned_at=level, pin=Pause.of(order, now))

    def release(self, order: Order, now: datetime) -> "Degradation":
        """Let health decide again."""
        entry = Entry(now, "release", order.by, order.because)
        if self.pin is None:
            return self.refused(replace(entry, refused="the level is not pinned"))
        return self._changed(entry, pinned_at=None, pin=None)

    def pause(self, order: Order, now: datetime) -> "Degradation":
        """Let every platform call wait."""
        entry = Entry(now, "pause", order.by, order.because)
        return self._changed(entry, paused=Pause.of(order, now))

    def resume(self, order: Order, now: datetime) -> "Degradation":
        """Take a pause of everything back; what was paused by itself stays so."""
        entry = Entry(now, "resume", order.by, order.because)
        if self.paused is None:
            return self.refused(replace(entry, refused="not everything is paused"))
        return self._changed(entry, paused=None)

    def pause_repository(self, name: str, order: Order, now: datetime) -> "Degradation":
        """Let every call about the repository *name* wait."""
        name = name.lower()
        entry = Entry(now, f"pause repository {name}", order.by, order.because)
        if not is_repository(name):
            return self.refused(replace(entry, refused=f"{name!r} is no owner/name"))
        if name not in self.repositories and len(self.repositories) >= MOST_REPOSITORIES:
            return self.refused(replace(entry, refused=f"{MOST_REPOSITORIES} are paused already"))
        return self._changed(entry, repositories={**self.repositories, name: Pause.of(order, now)})

    def resume_repository(self, name: str, order: Order, now: datetime) -> "Degradation":
        """Let calls about the repository *name* go out again."""
        name = name.lower()
        entry = Entry(now, f"resume repository {name}", order.by, order.because)
        if name not in self.repositories:
            return self.refused(replace(entry, refused="it is not paused"))
        left = {kept: pause for kept, pause in self.repositories.items() if kept != name}
        return self._changed(entry, repositories=left)

    def refused(self, entry: Entry) -> "Degradation":
        """Write down an order that has no effect, and why; said again and again, once."""
        last = self.orders[-1] if self.orders else None
        if last and replace(last, at=entry.at) == entry:
            return replace(self, orders=(*self.orders[:-1], entry))
        return self._changed(entry)

    def tick(self, now: datetime) -> "Degradation":
        """End the pauses and the pin whose time is over."""
        found = self
        if self.pin and self.pin.over(now):
            found = found.release(TIME_IS_OVER, now)
        if self.paused and self.paused.over(now):
            found = found.resume(TIME_IS_OVER, now)
        for name, pause in self.repositories.items():
            if pause.over(now):
                found = found.resume_repository(name, TIME_IS_OVER, now)
        return found

    def _changed(self, entry: Entry, **fields: Any) -> "Degradation":
        orders = logged(self.orders, entry)
        return replace(self, orders=orders, version=self.version + 1, **fields)

    def _measured(
        self, level: Level, calm: datetime | None, unhealthy: tuple[str, ...], now: datetime
    ) -> "Degradation":
        entry = Entry(now, f"{HEALTH}: {level}", HEALTH, ", ".join(unhealthy)[:300])
        return self._changed(entry, measured=level, calm_since=calm, unhealthy=unhealthy)

    def as_standing(self) -> dict[str, Any]:
        """What everybody may know, as plain values: for memo and query."""
        more: dict[str, Any] = {"level": str(self.level), "why": self.why}
        more["paused_repositories"] = {n: p.said("paused") for n, p in self.repositories.items()}
        return self.as_json() | more | {"orders": self.as_json()["orders"][-SHOWN_ORDERS:]}

    def as_json(self) -> dict[str, Any]:
        """All of it as plain values: what the workflow hands on to its next run."""
        return {
            "measured": str(self.measured),
            "calm_since": self.calm_since and self.calm_since.isoformat(),
            "unhealthy": list(self.unhealthy),
            "pinned_at": self.pinned_at and str(self.pinned_at),
            "pin": self.pin and self.pin.as_json(),
            "paused": self.paused and self.paused.as_json(),
            "repositories": {name: one.as_json() for name, one in self.repositories.items()},
            "orders": [one.as_json() for one in self.orders],
            "version": self.version,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Degradation":
        """What :meth:`as_json` made; what is new in it is ignored, what is missing is as new."""
        calm, pinned_at, pin, paused = map(data.get, ("calm_since", "pinned_at", "pin", "paused"))
        repositories = data.get("repositories", {}).items()
        return cls(
            measured=Level(data.get("measured", Level.FULL)),
            calm_since=datetime.fromisoformat(calm) if calm else None,
            unhealthy=tuple(data.get("unhealthy", ())),
            pinned_at=Level(pinned_at) if pinned_at else None,
            pin=Pause.from_json(pin) if pin else None,
            paused=Pause.from_json(paused) if paused else None,
            repositories={name: Pause.from_json(one) for name, one in repositories},
            orders=tuple(map(Entry.from_json, data.get("orders", ()))),
            version=data.get("version", 0),
        )
