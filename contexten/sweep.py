"""
The missed-delivery sweep: which failed deliveries GitHub is asked to repeat, and when.

GitHub never redelivers by itself. What our door did not take, because it was down or
answered anything but 2xx, is asked for again until it arrives, GitHub has forgotten it, or we
have asked often enough. Each pause is twice as long as the one before:

    failed   5 min   10 min   20 min   40 min  ...  3 days: GitHub has forgotten it
      │────────│────────│────────│────────│──  ...  ──┤

A ping is left alone: it says that a webhook was made, and leads to nothing. So are the
webhooks of others: what a deployment missed may do harm when it comes a day late.

Looking costs calls, a hundred deliveries each. So most sweeps glance at the last half
hour, and one an hour looks at all that GitHub remembers. A delivery of which only
repetitions are in sight is left to the thorough look, which sees how often it was tried.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import SplitResult, urlsplit

from contexten.github import Attempt, Scope

NOT_WORTH_REPEATING = frozenset({"ping"})
DOOR = "/github/events"
USUAL_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Rule:
    """
    How stubbornly what did not arrive is asked for again. It travels, so its times are numbers.

    Attributes:
        retention_s: How long GitHub remembers an attempt, and so can repeat it.
        first_pause_s: How long after a first attempt failed it is asked for again; each pause
            is twice the one before.
        most_attempts: Attempts in all, GitHub's own first one included.
        most_at_once: How many deliveries of one scope are asked for in one sweep; the oldest first.
        glance_s: How far back most sweeps look.
        thorough_every_s: How often a sweep looks back as far as GitHub remembers.
    """

    retention_s: float = 3 * 86_400
    first_pause_s: float = 300
    most_attempts: int = 10
    most_at_once: int = 200
    glance_s: float = 1800
    thorough_every_s: float = 3600

    @property
    def retention(self) -> timedelta:
        """``retention_s`` as a duration."""
        return timedelta(seconds=self.retention_s)

    @property
    def first_pause(self) -> timedelta:
        """``first_pause_s`` as a duration."""
        return timedelta(seconds=self.first_pause_s)


@dataclass(frozen=True, slots=True)
class Look:
    """
    What to look at.

    Attributes:
        scope: Whose webhooks.
        since: How far back, UTC.
        now: The time it is, UTC.
        rule: How stubborn to be.
        door: The public base address of our door; None if it is not known.
    """

    scope: Scope
    since: datetime
    now: datetime
    rule: Rule
    door: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """
    What a look has shown.

    Attributes:
        missing: How many deliveries never arrived.
        given_up: How many of them were tried as often as the rule allows.
        due: The attempts to have repeated now, the newest of each delivery that is due.
    """

    missing: int
    given_up: int
    due: tuple[Attempt, ...]


def is_thorough(rule: Rule, last: datetime | None, now: datetime) -> bool:
    """Whether the sweep at *now* looks back all the way, when the *last* to do so was then."""
    return last is None or now - last >= timedelta(seconds=rule.thorough_every_s)


def leads_to_us(url: str, door: str | None) -> bool:
    """
    Whether a webhook that sends to *url* is ours.

    Where the base address of our *door* is known it begins with that; otherwise it has the path
    under which a door takes deliveries, on whatever host.

    >>> leads_to_us("https://ci.example.org/deploy", None)
    False
    """
    try:
        leads, ours = urlsplit(url), urlsplit(door or url)
        same_origin = origin(leads) == origin(ours)
    except ValueError:
        return False
    if door is None:
        return leads.path.endswith(DOOR)
    return same_origin and f"{leads.path}/".startswith(f"{ours.path.rstrip('/')}/")


def origin(address: SplitResult) -> tuple[str, str | None, int | None]:
    """
    The scheme, host and port of *address*.

    Raises:
        ValueError: If its port is no number.
    """
    port = address.port or USUAL_PORTS.get(address.scheme)
    return address.scheme, address.hostname, port


def seen(attempts: Iterable[Attempt], look: Look) -> Seen:
    """
    What *attempts* amount to.

    Args:
        attempts: Those since ``look.since``, in any order.
        look: Why we looked.
    """
    missing = never_arrived(attempts)
    tried_in_vain = [tried for tried in by_delivery(missing) if spent(tried, look.rule)]
    return Seen(
        missing=len(by_delivery(missing)),
        given_up=len(tried_in_vain),
        due=tuple(due(missing, look.rule, look.now)),
    )


def arrived(attempt: Attempt) -> bool:
    """Whether the door took it: nothing but a 2xx says so."""
    return 200 <= attempt.status_code < 300


def by_delivery(attempts: Iterable[Attempt]) -> list[list[Attempt]]:
    """
    The attempts of each delivery to each webhook, oldest first; the oldest delivery first.

    One event goes to several webhooks under one guid, so both together name a delivery.
    """
    found: dict[tuple[int | None, str], list[Attempt]] = defaultdict(list)
    for attempt in sorted(attempts, key=lambda a: (a.delivered_at, a.id)):
        found[attempt.hook_id, attempt.guid].append(attempt)
    return list(found.values())


def never_arrived(attempts: Iterable[Attempt]) -> list[Attempt]:
    """The attempts of those deliveries of which none arrived, and that are worth repeating."""
    return [
        attempt
        for tried in by_delivery(attempts)
        if not any(map(arrived, tried)) and tried[0].event not in NOT_WORTH_REPEATING
        for attempt in tried
    ]


def due(attempts: Iterable[Attempt], rule: Rule, now: datetime) -> Sequence[Attempt]:
    """
    Which attempts to have repeated at *now*: for each delivery that is due, its newest one.

    Args:
        attempts: All attempts that are in sight, in any order.
        rule: How stubborn to be.
        now: The time, with its zone.
    """
    newest = [
        tried[-1] for tried in by_delivery(never_arrived(attempts)) if is_due(tried, rule, now)
    ]
    return newest[: rule.most_at_once]


def is_due(tried: Sequence[Attempt], rule: Rule, now: datetime) -> bool:
    """Whether the delivery that failed at each of *tried*, oldest first, is asked for at *now*."""
    first, last = tried[0], tried[-1]
    if spent(tried, rule) or first.redelivery or first.delivered_at < now - rule.retention:
        return False
    pause: timedelta = rule.first_pause * 2 ** (len(tried) - 1)
    return last.delivered_at + pause <= now


def spent(tried: Sequence[Attempt], rule: Rule) -> bool:
    """Whether a delivery was tried as often as the rule allows."""
    return len(tried) >= rule.most_attempts
