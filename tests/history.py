"""
The history checker: what was sent and acknowledged, what ran, and what stands on the platforms.

    H1  acknowledged: exactly one workflow; a second only after the first failed
    H2  each visible effect exactly once
    H3  never acknowledged: none or one
    H4  per issue, effects never go back in time: what was acknowledged before another
        was sent has its effect before the other's
    H5  nothing still open 120 s after the faults ended
    H6  accepted = completed + dead-lettered + parked; each dead letter listed, and alerted

It knows nothing of how the system works: it joins three lists and says what does not add up.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

OPEN_AT_MOST_S = 120.0


@dataclass(frozen=True, slots=True)
class Sent:
    """
    One delivery, however often it was sent.

    Attributes:
        id: The workflow id it must lead to, such as ``github/<delivery id>``.
        sent_at: When its first byte may have left, epoch seconds.
        acknowledged_at: When the first 2xx had arrived; None if none did.
        wants: How many visible effects it must have: none or one.
        context: Where its effect is to be seen, such as ``octo/hello#7``.
    """

    id: str
    sent_at: float
    acknowledged_at: float | None
    wants: int = 1
    context: str | None = None


class Ended(StrEnum):
    """How a run stands in the engine."""

    OPEN = "open"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of a workflow. *closed_at* is in epoch seconds, None while it is open."""

    id: str
    ended: Ended
    started_at: float
    closed_at: float | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What stands on a platform; *of* is the id of the delivery it answers, *n* its place there."""

    n: int
    of: str | None
    seen_at: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """
    Attributes:
        sent: Every delivery that was sent.
        ran: Every run in the engine.
        effects: Every effect in the ledger, in its order.
        dead_letters: The ids that the system itself lists as given up.
        parked: The ids that the system itself lists as kept for later.
        alerted: The ids of which somebody was alerted; None where alerts are not judged.
        faults_ended_at: Epoch seconds; None where the time to finish is not judged.
    """

    sent: tuple[Sent, ...]
    ran: tuple[Ran, ...]
    effects: tuple[Effect, ...]
    dead_letters: frozenset[str] = frozenset()
    parked: frozenset[str] = frozenset()
    alerted: frozenset[str] | None = None
    faults_ended_at: float | None = None


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """What does not add up: the rule broken, by which delivery, and how."""

    rule: str
    delivery: str
    how: str

    def __str__(self) -> str:
        return f"{self.rule} {self.delivery}: {self.how}"


@dataclass(slots=True)
class Joined:
    """One id with all that is known of it."""

    id: str
    sent: Sent | None = None
    runs: list[Ran] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)

    @property
    def acknowledged(self) -> bool:
        return self.sent is not None and self.sent.acknowledged_at is not None

    @property
    def last(self) -> Ended | None:
        """How its last run ended; None if it never ran."""
        return self.runs[-1].ended if self.runs else None


def check(history: History) -> list[Violation]:
    """Everything in *history* that breaks a rule, by rule and delivery; empty if nothing does."""
    found: list[Violation] = []
    for one in joined(history):
        found += workflows(one, history)
        found += effects(one)
        found += still_open(one, history)
        found += accounted(one, history)
    found += order(history)
    return sorted(found)


def joined(history: History) -> list[Joined]:
    """The three lists by delivery, runs in order of their start."""
    by_id: dict[str, Joined] = {}
    for sent in history.sent:
        if sent.id in by_id:
            raise ValueError(f"{sent.id} is in the list twice: give each delivery one entry")
        by_id[sent.id] = Joined(sent.id, sent)
    for ran in sorted(history.ran, key=lambda r: r.started_at):
        by_id.setdefault(ran.id, Joined(ran.id)).runs.append(ran)
    for effect in history.effects:
        name = effect.of or f"effect {effect.n} at {effect.seen_at}"
        by_id.setdefault(name, Joined(name)).effects.append(effect)
    return list(by_id.values())


def workflows(one: Joined, history: History) -> Iterator[Violation]:
    """H1 and H3, as far as workflows go."""
    rule = "H1" if one.acknowledged else "H3"
    if one.sent is None and one.runs:
        yield Violation(rule, one.id, "ran, and nobody sent it")
    elsewhere = history.dead_letters | history.parked
    if one.acknowledged and not one.runs and one.id not in elsewhere:
        yield Violation(rule, one.id, "lost: acknowledged, and no workflow ran")
    again = [run for run in one.runs[:-1] if run.ended is not Ended.FAILED]
    if again:
        how = f"ran {len(one.runs)} times, and not because it had failed"
        yield Violation(rule, one.id, how)


def effects(one: Joined) -> Iterator[Violation]:
    """H2, and H3 as far as effects go."""
    rule = "H2" if one.acknowledged else "H3"
    if one.sent is None:
        if one.effects:
            yield Violation("H2", one.id, f"{len(one.effects)} effects, and nobody asked for them")
        return
    seen, wanted = len(one.effects), one.sent.wants
    if seen > wanted:
        places = ", ".join(str(effect.n) for effect in one.effects)
        how = "doubled" if wanted else "answered unasked"
        yield Violation(rule, one.id, f"{how}: {seen} effects of {wanted}, in ledger at {places}")
    if seen < wanted and one.last is Ended.COMPLETED:
        yield Violation(rule, one.id, "silent: completed, and no effect is to be seen")


def still_open(one: Joined, history: History) -> Iterator[Violation]:
    """H5."""
    if one.id in history.parked:
        return
    for run in one.runs:
        if run.ended is Ended.OPEN:
            yield Violation("H5", one.id, "still open")
        elif history.faults_ended_at is not None and run.closed_at is not None:
            late = run.closed_at - history.faults_ended_at
            if late > OPEN_AT_MOST_S:
                yield Violation("H5", one.id, f"closed {late:.0f} s after the faults ended")


def accounted(one: Joined, history: History) -> Iterator[Violation]:
    """H6: every accepted delivery is in one of the three accounts, and in one alone."""
    dead, parked = one.id in history.dead_letters, one.id in history.parked
    completed = one.last is Ended.COMPLETED
    if one.acknowledged and one.last is Ended.FAILED and not dead:
        yield Violation("H6", one.id, "failed, and is not listed as a dead letter")
    if completed + dead + parked > 1:
        states = Counter(completed=completed, dead_lettered=dead, parked=parked)
        yield Violation("H6", one.id, f"counted twice: {', '.join(sorted(+states))}")
    if dead and history.alerted is not None and one.id not in history.alerted:
        yield Violation("H6", one.id, "a dead letter, and nobody was alerted")


def order(history: History) -> Iterator[Violation]:
    """H4. Deliveries under way at the same time may have their effects in either order."""
    by_id = {sent.id: sent for sent in history.sent if sent.context is not None}
    newest: dict[str, Sent] = {}
    for effect, sent in answered(history.effects, by_id):
        assert sent.context is not None
        before = newest.get(sent.context)
        acknowledged = sent.acknowledged_at
        if before and acknowledged is not None and acknowledged < before.sent_at:
            how = (
                f"back in time: its effect {effect.n} on {sent.context} came after that of "
                f"{before.id}, sent {before.sent_at - acknowledged:.3f} s after this was accepted"
            )
            yield Violation("H4", sent.id, how)
        if before is None or sent.sent_at > before.sent_at:
            newest[sent.context] = sent


def answered(effects: Iterable[Effect], by_id: dict[str, Sent]) -> Iterator[tuple[Effect, Sent]]:
    """The first effect of each delivery that was sent, in the ledger's order."""
    seen: set[str] = set()
    for effect in sorted(effects, key=lambda e: e.n):
        if effect.of in by_id and effect.of not in seen:
            seen.add(effect.of)
            yield effect, by_id[effect.of]


def told(violations: list[Violation], *, most: int = 20) -> str:
    """The violations in so many lines, how many of each rule first."""
    counts: dict[str, int] = defaultdict(int)
    for one in violations:
        counts[one.rule] += 1
    heads = ", ".join(f"{n} × {rule}" for rule, n in sorted(counts.items())) or "no violation"
    return "\n".join([heads, *map(str, violations[:most])])
