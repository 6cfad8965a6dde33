"""
A platform's gate: whether its calls may go out, for the whole cluster, as a value.

    open ──▶ the breaker trips ──▶ held ──▶ probing ──▶ trickling ──▶ ramping ──▶ open
                                    ▲         │ a probe    │ a real call
                                    └─────────┴── fails ───┘ fails

Held, a queue has the rate 0: work waits in the engine and no attempt is spent. Probes make
the cheapest honest equivalent of what failed. When all are good, a trickle of the real calls
must pass as well before the breaker closes, and then the rest returns in a ramp. A person or
maintenance holds a gate just so. Each group of calls (read, write, search) has a breaker of
its own besides; it holds no queue, since a queue knows no groups: workers refuse its calls.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from contexten.breaker import Breaker, BreakerRule, Forced, State
from contexten.calls import Group
from contexten.orders import Pause
from contexten.outcomes import Outcomes
from contexten.pace import Pace, RampRule
from contexten.times import LONG_AGO, Span

WHOLE = "all"
"""The breaker of all groups together."""

SPANS_KEPT = 100
SPANS_FOR = timedelta(days=9)
UNPROVEN_AFTER = timedelta(seconds=10)
"""How long a trickle waits for a real call before the probes count as proof."""

LONGEST_LIMIT = timedelta(days=1)
"""A limit that is said to last longer is asked after again by then."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The breaker's and the ramp's rule, and the version of the book they are from."""

    breaker: BreakerRule = field(default_factory=BreakerRule)
    ramp: RampRule = field(default_factory=RampRule)
    version: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """
    What a worker's calls to the platform came to since it last told of them.

    Attributes:
        outcomes: By group, and of all together under ``all``, in the order they happened.
        limited: By group, until when the platform wants none of it, UTC.
        example: What the latest failure said.
        proof: The latest call that was good.
        fatal: What the latest failure said that no repetition and no probe will mend.
        first_failure_at: When the first failure of those happened.
    """

    outcomes: Mapping[str, Outcomes] = field(default_factory=dict)
    limited: Mapping[str, datetime] = field(default_factory=dict)
    example: str = ""
    proof: str = ""
    fatal: str = ""
    first_failure_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """
    Everything that decides whether a platform's calls may go out. Every method gives the next.

    Attributes:
        breakers: One for each group, and one for all together.
        paused: A person's hold.
        held: The hold of a service level that makes no calls.
        forced_until: When a person's order to the breakers ends by itself; None if it does not.
        limited: By group, until when the platform wants no calls.
        pace: How many calls it usually gets.
        trickling_since: Since when real calls prove that it is well again.
        ramping_since: Since when work returns.
        to_probe: Groups to be probed now.
        probed_well: How many probes were good in this round.
        spans: When the queue was held.
        version: Grows whenever a breaker changes its state.
    """

    breakers: Mapping[str, Breaker] = field(default_factory=lambda: dict(ALL_CLOSED))
    paused: Pause | None = None
    held: Pause | None = None
    forced_until: datetime | None = None
    limited: Mapping[str, datetime] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)
    trickling_since: datetime | None = None
    ramping_since: datetime | None = None
    to_probe: tuple[str, ...] = ()
    probed_well: int = 0
    spans: tuple[Span, ...] = ()
    version: int = 0

    @property
    def whole(self) -> Breaker:
        """The breaker of all groups together."""
        return self.breakers[WHOLE]

    @property
    def is_held(self) -> bool:
        """Whether the queue was held when that was last looked at."""
        return bool(self.spans) and self.spans[-1][1] is None

    @property
    def flows(self) -> bool:
        """Whether calls come at their usual pace."""
        return self.whole.state is State.CLOSED and not self.ramping_since and not self.is_held

    def with_breaker(self, group: str, breaker: Breaker) -> "Gate":
        """With another *breaker* for *group*; a new version if its state differs."""
        before = self.breakers[group]
        changed = (before.state, before.forced) != (breaker.state, breaker.forced)
        return replace(
            self,
            breakers={**self.breakers, group: breaker},
            version=self.version + changed,
        )

    def reported(self, batch: Batch, rules: Rules, now: datetime) -> "Gate":
        """A worker told of its calls."""
        at_most = now + LONGEST_LIMIT
        limited = {group: min(until, at_most) for group, until in batch.limited.items()}
        next_ = replace(self, limited=later(self.limited, limited))
        of_all = batch.outcomes.get(WHOLE, Outcomes())
        if self.flows:
            next_ = replace(next_, pace=self.pace.counting(of_all.calls, now))
        for group, outcomes in batch.outcomes.items():
            next_ = next_.one_reported(group, outcomes, rules, now)
        return next_

    def one_reported(self, group: str, outcomes: Outcomes, rules: Rules, now: datetime) -> "Gate":
        """The calls of one *group* came to *outcomes*."""
        breaker = self.breakers.get(group)
        if breaker is None or (breaker.state is State.HALF_OPEN and not self.proves(group)):
            return self  # made before it opened: they prove nothing
        after = self.with_breaker(group, breaker.reported(outcomes, rules.breaker, now))
        if group != WHOLE or after.whole.state is breaker.state:
            return after
        return after.whole_turned(now)

    def proves(self, group: str) -> bool:
        """Whether a real call that is good now proves that *group* is well."""
        return group == WHOLE and self.trickling_since is not None

    def whole_turned(self, now: datetime) -> "Gate":
        """The breaker of all has just opened or closed: what follows for the rest."""
        if self.whole.state is State.CLOSED:
            fresh = {g: b if b.forced else Breaker() for g, b in self.breakers.items()}
            return replace(
                self,
                breakers={**fresh, WHOLE: self.whole},
                trickling_since=None,
                ramping_since=now,
                probed_well=0,
                to_probe=(),
            )
        return replace(self, trickling_since=None, ramping_since=None, probed_well=0, to_probe=())

    def tick(self, rules: Rules, now: datetime) -> "Gate":
        """What the time alone changes: orders that are over, breakers to be probed, proofs."""
        over = self.forced_until is not None and now >= self.forced_until
        next_ = self.forced(None, now) if over else self
        next_ = replace(
            next_,
            paused=None if self.paused and self.paused.over(now) else self.paused,
            held=None if self.held and self.held.over(now) else self.held,
            limited={group: until for group, until in self.limited.items() if until > now},
        )
        for group in next_.breakers:
            next_ = next_.probing(group, rules, now)
        return next_.unasked(now).ramped(rules, now)

    def probing(self, group: str, rules: Rules, now: datetime) -> "Gate":
        """With probes of *group* wanted, if its breaker has been open for long enough."""
        breaker = self.breakers[group]
        until = breaker.refuses_until
        waits = breaker.state is State.CLOSED or until is None or now < until
        covered = group != WHOLE and self.whole.state is not State.CLOSED
        trickles = group == WHOLE and self.trickling_since is not None
        if waits or breaker.forced or covered or trickles:
            return self
        wanted: list[str] = []
        for _ in range(rules.breaker.probes):
            breaker, may = breaker.ask(rules.breaker, now)
            wanted += [group] if may else []
        asked = self.with_breaker(group, breaker)
        return replace(asked, to_probe=(*self.to_probe, *wanted), probed_well=0)

    def probes_taken(self) -> "Gate":
        """Those probes that were wanted are under way."""
        return replace(self, to_probe=())

    def probed(self, group: str, *, well: bool, rules: Rules, now: datetime) -> "Gate":
        """A probe of *group* ended."""
        breaker = self.breakers[group]
        if breaker.state is not State.HALF_OPEN or (self.trickling_since and group == WHOLE):
            return self
        if not well:
            bad = Outcomes(failures=1, trailing_failures=1)
            after = self.with_breaker(group, breaker.reported(bad, rules.breaker, now))
            return after.whole_turned(now) if group == WHOLE else after
        if group != WHOLE:
            good = Outcomes(successes=1)
            return self.with_breaker(group, breaker.reported(good, rules.breaker, now))
        passed = replace(self, probed_well=self.probed_well + 1)
        if passed.probed_well < rules.breaker.probes:
            return passed
        return replace(passed, trickling_since=now)

    def unasked(self, now: datetime) -> "Gate":
        """With the probes as proof, if for a while no real call came to prove anything."""
        since = self.trickling_since
        if since is None or self.whole.state is not State.HALF_OPEN or now - since < UNPROVEN_AFTER:
            return self
        return self.with_breaker(WHOLE, Breaker(since=now)).whole_turned(now)

    def ramped(self, rules: Rules, now: datetime) -> "Gate":
        """Without the ramp, if it has lasted for long enough."""
        since = self.ramping_since
        over = since is not None and now - since >= rules.ramp.longest
        return replace(self, ramping_since=None) if over else self

    def drained(self) -> "Gate":
        """No work waits any more."""
        return replace(self, ramping_since=None)

    def forced(self, forced: Forced | None, now: datetime, until: datetime | None = None) -> "Gate":
        """
        A person wants the breakers *forced* until that time, or not any more.

        If they are so already, only the time may change.
        """
        if all(breaker.forced is forced for breaker in self.breakers.values()):
            return self if until == self.forced_until else replace(self, forced_until=until)
        next_ = self
        for group, breaker in self.breakers.items():
            next_ = next_.with_breaker(group, breaker.force(forced, now))
        next_ = replace(next_, trickling_since=None, ramping_since=None)
        return replace(next_, forced_until=until, probed_well=0, to_probe=())

    def spanned(self, *, held: bool, now: datetime) -> "Gate":
        """With the queue *held* from now on, or not any more."""
        if held == self.is_held:
            return self
        kept = tuple(s for s in self.spans if s[1] is None or now - s[1] < SPANS_FOR)
        spans = (*kept, (now, None)) if held else (*kept[:-1], (self.spans[-1][0], now))
        closed = self.whole.state is State.CLOSED and self.whole.forced is None
        ramp = now if closed and not held else self.ramping_since  # what waited is no burst
        pace = Pace(self.pace.usual)  # a stretch without calls says nothing of it
        return replace(self, spans=spans[-SPANS_KEPT:], ramping_since=ramp, pace=pace)


ALL_CLOSED: dict[str, Breaker] = {name: Breaker() for name in (WHOLE, *Group)}


def later(one: Mapping[str, datetime], other: Mapping[str, datetime]) -> dict[str, datetime]:
    """Of each group the later time."""
    both = {**one}
    for group, until in other.items():
        both[group] = max(until, both.get(group, LONG_AGO))
    return both
