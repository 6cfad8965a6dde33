"""The breaker does what its naive twin does, step by step, whoever calls at once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Barrier, Lock

import pytest
from breaker_model import Model, some_outcomes, some_rule
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from contexten.breaker import Breaker, BreakerRule, Forced, State
from contexten.outcomes import Outcomes, joined, outcome

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
STEPS_OF_AN_EPISODE = 500
STEPS = {"S": 100_000, "L": 1_000_000}
RULE = BreakerRule(probes=7, backoff=2.0)


class Pair:
    """A breaker and its twin; each deed is done to both, and what they are is compared."""

    def __init__(self, breaker_rule: BreakerRule) -> None:
        self.rule, self.breaker, self.model = breaker_rule, Breaker(), Model(breaker_rule)
        self.now = NOON

    def ask(self) -> None:
        self.breaker, may_call = self.breaker.ask(self.rule, self.now)
        assert may_call == self.model.ask(self.now)

    def report(self, outcomes: Outcomes) -> None:
        self.breaker = self.breaker.reported(outcomes, self.rule, self.now)
        self.model.report(outcomes, self.now)

    def force(self, forced: Forced | None) -> None:
        self.breaker = self.breaker.force(forced, self.now)
        self.model.force(forced, self.now)

    def write_down(self) -> None:
        self.breaker = Breaker.from_json(self.breaker.to_json())

    def same(self) -> None:
        model, breaker = self.model, self.breaker
        found = (breaker.state, breaker.forced, breaker.refuses_until, breaker.openings)
        assert found == (model.state, model.forced, model.until, model.openings)
        assert breaker.failures_in_a_row == model.in_a_row
        window = self.rule.count_window, self.rule.time_window, self.now
        assert joined(breaker.window, *window) == model.letters(self.now)
        assert (breaker.probes_out, breaker.probes_well) == (model.out, len(model.well))
        assert breaker.probes_out + breaker.probes_well <= self.rule.probes


def step(pair: Pair, dice: Random, badness: float) -> None:
    """One random deed."""
    chance = dice.random()
    if chance < 0.35:
        pair.ask()
    elif chance < 0.85:
        pair.report(some_outcomes(dice, badness))
    elif chance < 0.98:
        longest = dice.choice([10, 150, 1500, 7000, 61_000])
        pair.now += timedelta(milliseconds=dice.randint(1, longest))
    elif chance < 0.99:
        pair.write_down()
    else:
        pair.force(dice.choice([None, None, None, *Forced]))


def test_a_million_random_steps_end_as_the_twin_says(size: str) -> None:
    reached: set[State] = set()
    for seed in range(STEPS[size] // STEPS_OF_AN_EPISODE):
        dice = Random(seed)
        pair, badness = Pair(some_rule(dice)), dice.choice([0.02, 0.1, 0.3, 0.6])
        for n in range(STEPS_OF_AN_EPISODE):
            if n % 50 == 49:
                badness = dice.choice([0.0, 0.02, 0.1, 0.3, 0.6, 1.0])
            step(pair, dice, badness)
            pair.same()
            reached.add(pair.breaker.state)

    assert reached == set(State)


class Twins(RuleBasedStateMachine):
    @initialize(seed=st.integers(0, 1000))
    def choose(self, seed: int) -> None:
        self.pair = Pair(some_rule(Random(seed)))

    @rule()
    def ask(self) -> None:
        self.pair.ask()

    @rule(
        good=st.integers(0, 5), early=st.integers(0, 5), last=st.integers(0, 5), slow=st.integers(0)
    )
    def report(self, good: int, early: int, last: int, slow: int) -> None:
        early = early if good else 0
        calls = good + early + last
        self.pair.report(Outcomes(good, early + last, min(slow, calls), last))

    @rule(seconds=st.sampled_from([0.01, 1, 5, 30, 100]))
    def wait(self, seconds: float) -> None:
        self.pair.now += timedelta(seconds=seconds)

    @rule(forced=st.sampled_from([None, *Forced]))
    def force(self, forced: Forced | None) -> None:
        self.pair.force(forced)

    @rule()
    def write_down(self) -> None:
        self.pair.write_down()

    @invariant()
    def same(self) -> None:
        if hasattr(self, "pair"):
            self.pair.same()


Twins.TestCase.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
TestTwins = Twins.TestCase


class Gate:
    """A breaker that many share: the value, and a lock around each change of it."""

    def __init__(self, breaker: Breaker, breaker_rule: BreakerRule = RULE) -> None:
        self.breaker, self.rule, self.lock = breaker, breaker_rule, Lock()

    def ask(self, now: datetime) -> bool:
        with self.lock:
            self.breaker, may_call = self.breaker.ask(self.rule, now)
            return may_call

    def report(self, outcomes: Outcomes, now: datetime) -> None:
        with self.lock:
            self.breaker = self.breaker.reported(outcomes, self.rule, now)


def due() -> tuple[Gate, datetime]:
    """The gate of an open breaker, and when its probes may go out."""
    breaker = Breaker().reported(Outcomes(0, 5, 0, 5), RULE, NOON)
    return Gate(breaker), NOON + RULE.recovery_timeout


def at_once(callers: int, one: Callable[[], bool]) -> int:
    """How many of *callers* threads, all let go together, are told yes."""
    together = Barrier(callers)

    def call() -> bool:
        together.wait()
        return one()

    with ThreadPoolExecutor(callers) as pool:
        return sum(asked.result() for asked in [pool.submit(call) for _ in range(callers)])


def test_of_256_threads_exactly_as_many_pass_as_there_are_probes() -> None:
    gate, later = due()

    assert at_once(256, lambda: gate.ask(later)) == RULE.probes
    assert gate.breaker.probes_out == RULE.probes


async def test_of_256_tasks_exactly_as_many_pass_as_there_are_probes() -> None:
    gate, later = due()
    reported = asyncio.Event()

    async def call() -> bool:
        await asyncio.sleep(0)
        if not gate.ask(later):
            return False
        await reported.wait()
        gate.report(outcome(), later)
        return True

    calls = [asyncio.create_task(call()) for _ in range(256)]
    while gate.breaker.probes_out < RULE.probes:
        await asyncio.sleep(0)
    reported.set()

    assert sum(await asyncio.gather(*calls)) == RULE.probes
    assert gate.breaker.state is State.CLOSED


@pytest.mark.parametrize("fails_at", range(RULE.probes))
def test_whichever_probe_fails_nobody_else_passes_before_the_next_pause_is_over(
    fails_at: int,
) -> None:
    gate, later = due()
    passed = at_once(32, lambda: gate.ask(later))
    for n in range(passed):
        gate.report(outcome(failed=n == fails_at), later)

    assert at_once(32, lambda: gate.ask(later + RULE.recovery_timeout)) == 0
    assert at_once(32, lambda: gate.ask(later + 2 * RULE.recovery_timeout)) == RULE.probes


def test_what_32_racing_callers_did_is_what_the_twin_does_in_the_same_order() -> None:
    fast = BreakerRule(recovery_timeout=timedelta(seconds=1), minimum_calls=5)
    pair, lock, clock = Pair(fast), Lock(), [0]
    together = Barrier(32)

    def caller(seed: int) -> None:
        dice = Random(seed)
        together.wait()
        for _ in range(100):
            with lock:
                clock[0] += 1
                pair.now = NOON + clock[0] * timedelta(milliseconds=10)
                pair.ask()
            with lock:
                pair.report(some_outcomes(dice, 0.2))
                pair.same()

    with ThreadPoolExecutor(32) as pool:
        for done in [pool.submit(caller, seed) for seed in range(32)]:
            done.result()
