"""A gate does what its naive twin does, whatever happens to it, and never waits for nothing."""

from dataclasses import replace
from datetime import datetime, timedelta

from gate_model import Model
from gates import NOON
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from contexten.breaker import BreakerRule, Forced, State
from contexten.gate import WHOLE, Batch, Gate, Rules
from contexten.orders import Pause
from contexten.outcomes import Outcomes
from contexten.standing import next_due, rate, standing, understood

EVERYBODY = ("ada", "health")


def place_of(gate: Gate) -> str:
    """The one name for where *gate* is."""
    if gate.whole.forced:
        return "forced"
    if gate.whole.state is State.OPEN:
        return "held"
    if gate.whole.state is State.HALF_OPEN:
        return "trickling" if gate.trickling_since else "probing"
    return "ramping" if gate.ramping_since else "open"


class Twins(RuleBasedStateMachine):
    """Both, and what is done to them."""

    @initialize(
        threshold=st.integers(1, 6),
        probes=st.integers(1, 5),
        timeout=st.sampled_from([1, 20, 60]),
        backoff=st.sampled_from([1.0, 2.0, 3.5]),
    )
    def choose(self, threshold: int, probes: int, timeout: int, backoff: float) -> None:
        breaker = BreakerRule(
            failure_threshold=threshold,
            probes=probes,
            recovery_timeout=timedelta(seconds=timeout),
            backoff=backoff,
            minimum_calls=10_000,
            count_window=10_000,
        )
        self.rules = Rules(breaker)
        self.gate, self.model, self.now = Gate(), Model(self.rules), NOON

    def settle(self) -> None:
        """What the entity does after everything that happened."""
        self.gate = self.gate.tick(self.rules, self.now)
        probes = self.model.passes(self.now)
        assert self.gate.to_probe.count(WHOLE) == probes
        self.gate = self.gate.probes_taken()
        held = rate(self.gate, self.rules, self.now).rps == 0
        assert held == self.model.held(self.now)
        self.gate = self.gate.spanned(held=held, now=self.now)

    @rule(good=st.integers(0, 4), bad=st.integers(0, 4))
    def told(self, good: int, bad: int) -> None:
        outcomes = Outcomes(good, bad, trailing_failures=bad)
        self.gate = self.gate.reported(Batch({WHOLE: outcomes}), self.rules, self.now)
        self.model.told(good, bad, self.now)
        self.settle()

    @rule(well=st.sampled_from([True, True, True, False]))
    def probed(self, well: bool) -> None:
        self.gate = self.gate.probed(WHOLE, well=well, rules=self.rules, now=self.now)
        self.model.probed(self.now, well=well)
        self.settle()

    @rule(took=st.floats(0.001, 200))
    def time_passes(self, took: float) -> None:
        self.now += timedelta(seconds=took)
        self.settle()

    @rule()
    def it_is_due(self) -> None:
        due = next_due(self.gate, self.rules, self.now)
        if due is None:
            assert self.gate.tick(self.rules, self.now + timedelta(days=99)) == self.gate
            return
        self.now = max(self.now, due)
        self.settle()

    @rule(forced=st.sampled_from([None, None, *Forced]))
    def force(self, forced: Forced | None) -> None:
        self.gate = self.gate.forced(forced, self.now)
        self.model.force(forced, self.now)
        self.settle()

    @rule(who=st.sampled_from(EVERYBODY), lasts=st.none() | st.floats(0.1, 100))
    def pause(self, who: str, lasts: float | None) -> None:
        until = None if lasts is None else self.now + timedelta(seconds=lasts)
        self.holds(who, Pause(who, "", self.now, until))
        self.model.pauses[who] = until
        self.settle()

    @rule(who=st.sampled_from(EVERYBODY))
    def resume(self, who: str) -> None:
        self.holds(who, None)
        self.model.pauses.pop(who, None)
        self.settle()

    def holds(self, who: str, pause: Pause | None) -> None:
        gate = self.gate
        self.gate = replace(gate, paused=pause) if who == "ada" else replace(gate, held=pause)

    @invariant()
    def same(self) -> None:
        assert place_of(self.gate) == self.model.place
        assert self.gate.whole.refuses_until == (
            self.model.until
            if self.model.place in ("held", "probing")
            else self.gate.whole.refuses_until
        )

    @invariant()
    def what_is_due_is_still_to_come(self) -> None:
        due = next_due(self.gate, self.rules, self.now)
        assert due is None or due > self.now

    @invariant()
    def spans_do_not_overlap(self) -> None:
        ends: list[datetime] = [at for span in self.gate.spans for at in span if at]
        assert ends == sorted(ends)
        assert all(until for _, until in self.gate.spans[:-1])

    @invariant()
    def workers_know_what_is_so(self) -> None:
        known = understood(standing(self.gate, self.rules, self.now))
        assert (known.held is not None) == self.model.was_held
        assert known.spans == self.gate.spans
        assert known.lenient == (self.model.place == "forced" and not self.model.refuses)


Twins.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestTwins = Twins.TestCase
