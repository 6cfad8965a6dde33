"""
The missed-delivery sweep: which failed deliveries GitHub is asked to repeat, and when.

GitHub never redelivers by itself. What our door did not take, because it was down or
answered anything but 2xx, is asked for again until it arrives, GitHub has forgotten it, or we
have asked often enough. Each pause is twice as long as the one before:

    failed   5 min   10 min   20 min   40 min  ...  3 days: GitHub has forgotten it
      │────────│────────│────────│────────│──  ...  ──┤

A ping is left alone: it says that a webhook was made, and leads to nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from contexten.github import Attempt

NOT_WORTH_REPEATING = frozenset({"ping"})


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
    """

    retention_s: float = 3 * 86_400
    first_pause_s: float = 300
    most_attempts: int = 10
    most_at_once: int = 200

    @property
    def retention(self) -> timedelta:
        """``retention_s`` as a duration."""
        return timedelta(seconds=self.retention_s)

    @property
    def first_pause(self) -> timedelta:
        """``first_pause_s`` as a duration."""
        return timedelta(seconds=self.first_pause_s)


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
        attempts: All attempts since at least the rule's retention, in any order.
        rule: How stubborn to be.
        now: The time, with its zone.
    """
    newest = [
        tried[-1] for tried in by_delivery(never_arrived(attempts)) if is_due(tried, rule, now)
    ]
    return newest[: rule.most_at_once]


def is_due(tried: Sequence[Attempt], rule: Rule, now: datetime) -> bool:
    """Whether the delivery that failed at each of *tried*, oldest first, is asked for at *now*."""
    if len(tried) >= rule.most_attempts or tried[0].delivered_at < now - rule.retention:
        return False
    pause: timedelta = rule.first_pause * 2 ** (len(tried) - 1)
    return tried[-1].delivered_at + pause <= now


def given_up(attempts: Iterable[Attempt], rule: Rule) -> int:
    """How many deliveries were tried as often as the rule allows, in vain."""
    return sum(len(tried) >= rule.most_attempts for tried in by_delivery(never_arrived(attempts)))
