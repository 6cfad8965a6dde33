"""A process's own gate reacts before the cluster's, lets out exactly its probes, and caps load."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from threading import Barrier

import pytest
from gates import NOON, seconds

from activities.gate import PlatformGate
from contexten.admission import Admitted
from contexten.breaker import BreakerRule
from contexten.budget import BudgetRule
from contexten.calls import Call, Tries
from contexten.errors import Category, Failure, recovery_from
from contexten.gate import WHOLE
from contexten.outcomes import Outcomes
from contexten.rulebook import DEFAULT_BOOK
from contexten.snapshot import Snapshot
from contexten.standing import Standing

WRITE = Call("github.post_comment", 1, NOON)
READ = Call("github.read_file", 1, NOON)
TOOK = timedelta(milliseconds=100)
RULE = BreakerRule()
CALLERS = 256


def failure(category: Category, retry_after: float | None = None) -> Failure:
    limited = retry_after is not None
    pause = None if retry_after is None else timedelta(seconds=retry_after)
    recovery = recovery_from(category, limited=limited)
    return Failure(category, recovery, "X", str(category), retry_after=pause, limited=limited)


BROKEN = failure(Category.SERVER_ERROR)


def in_force(**standing: object) -> Snapshot:
    return Snapshot(gates={"github": Standing(**standing)})  # type: ignore[arg-type]


def out(gate: PlatformGate, call: Call, at: float, snapshot: Snapshot | None = None) -> bool:
    found = gate.admission(call, snapshot or Snapshot(), seconds(at), 0.5)
    return found.how is Admitted.OUT


def broken(gate: PlatformGate, call: Call = WRITE, times: int = 5, at: float = 0) -> PlatformGate:
    for _ in range(times):
        gate.failed(call, BROKEN, TOOK, Snapshot(), seconds(at))
    return gate


def test_it_refuses_after_failures_in_a_row_before_the_cluster_knows() -> None:
    gate = broken(PlatformGate("github"), times=4)
    before = out(gate, WRITE, 0)
    broken(gate, times=1)

    found = gate.admission(WRITE, Snapshot(), NOON, 0.5)

    assert before
    assert (found.how, found.pause) == (Admitted.PARKED, timedelta(seconds=3))
    assert found.because == "github fails again and again"
    assert not out(gate, READ, 4)


def test_it_forgets_what_it_knew_once_the_cluster_knows_better() -> None:
    gate = broken(PlatformGate("github"))

    assert not out(gate, WRITE, 1, in_force(version=2, held="breaker open"))
    assert not out(gate, WRITE, 2, in_force(version=3, held="breaker half open"))
    assert out(gate, WRITE, 3, in_force(version=3))
    broken(gate, at=4)
    assert not out(gate, WRITE, 5, in_force(version=3))
    assert out(gate, WRITE, 6, in_force(version=4))


def test_where_a_person_wants_it_no_breaker_of_its_own_refuses_either() -> None:
    gate = broken(PlatformGate("github"), times=50)

    assert out(gate, WRITE, 1, in_force(lenient=True))


def race(gate: PlatformGate, at: datetime, callers: int = CALLERS) -> int:
    """How many of so many threads get out, all asking together."""
    together = Barrier(callers)

    def call(_: int) -> bool:
        together.wait()
        return gate.admission(WRITE, Snapshot(), at, 0.5).how is Admitted.OUT

    with ThreadPoolExecutor(callers) as pool:
        return sum(pool.map(call, range(callers)))


@pytest.fixture
def hurried() -> Iterator[None]:
    """Threads that take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hurried")
def test_of_256_threads_only_the_probes_get_out_at_half_open() -> None:
    gate, later = broken(PlatformGate("github")), NOON + RULE.recovery_timeout

    assert race(gate, later) == RULE.probes
    gate.succeeded(WRITE, TOOK, Snapshot(), later)
    assert race(gate, later) == 0


async def test_of_256_tasks_only_the_probes_are_out_and_all_once_they_were_good() -> None:
    gate, later = broken(PlatformGate("github")), 60.0
    now_out, most, went, answered = 0, 0, 0, asyncio.Event()

    async def call() -> None:
        nonlocal now_out, most, went
        await asyncio.sleep(0)
        if not out(gate, WRITE, later):
            return
        now_out, went = now_out + 1, went + 1
        most = max(most, now_out)
        await answered.wait()
        gate.succeeded(WRITE, TOOK, Snapshot(), seconds(later))
        now_out -= 1

    calls = [asyncio.create_task(call()) for _ in range(CALLERS)]
    for _ in range(5):
        await asyncio.sleep(0)
    answered.set()
    await asyncio.gather(*calls)

    assert (most, went) == (RULE.probes, RULE.probes)
    assert all(out(gate, WRITE, later) for _ in range(CALLERS))


def test_a_call_that_one_breaker_refuses_takes_no_probe_of_the_other() -> None:
    gate = broken(broken(PlatformGate("github"), READ), WRITE)
    reads = [out(gate, READ, 60) for _ in range(5)]
    refused = [out(gate, WRITE, 60) for _ in range(5)]
    for _ in range(3):
        gate.succeeded(READ, TOOK, Snapshot(), seconds(61))

    assert reads == [True] * 3 + [False] * 2
    assert refused == [False] * 5
    assert [out(gate, WRITE, 62) for _ in range(5)] == [True] * 3 + [False] * 2


def test_a_call_that_the_budget_refuses_takes_no_probe() -> None:
    quick = {"github": replace(RULE, recovery_timeout=timedelta(seconds=1))}
    snapshot = Snapshot(replace(DEFAULT_BOOK, breakers=quick))
    gate = PlatformGate("github")
    again = replace(WRITE, attempt=2, tries=Tries({"server_error": 1}))
    for _ in range(40):
        gate.failed(WRITE, BROKEN, TOOK, snapshot, NOON)
    for _ in range(10):
        gate.admission(again, in_force(lenient=True, version=0), NOON, 0.5)

    refused = [out(gate, again, 2, snapshot) for _ in range(5)]

    assert refused == [False] * 5
    assert [out(gate, WRITE, 2, snapshot) for _ in range(5)] == [True] * 3 + [False] * 2


def test_a_shorter_limit_does_not_end_a_longer_one() -> None:
    gate = PlatformGate("github")
    for pause in (60, 5):
        gate.failed(READ, failure(Category.TRANSIENT, pause), TOOK, Snapshot(), NOON)

    found = gate.admission(READ, Snapshot(), seconds(30), 0.0)

    assert (found.pause, found.because) == (timedelta(seconds=30), "github limits us")
    assert out(gate, WRITE, 30)
    assert out(gate, READ, 60)


@pytest.mark.parametrize("category", [Category.CLIENT_ERROR, Category.AUTHENTICATION])
def test_an_answer_that_refuses_us_is_a_sign_of_life_and_no_proof(category: Category) -> None:
    gate = broken(PlatformGate("github"), times=4)
    gate.failed(WRITE, failure(category), TOOK, Snapshot(), NOON)
    broken(gate, times=4)

    batch = gate.tally.taken()

    assert out(gate, WRITE, 0)
    assert batch.outcomes[WHOLE] == Outcomes(1, 8, 0, 4)
    assert batch.proof == ""


@pytest.mark.parametrize("category", [Category.CLIENT_ERROR, Category.AUTHENTICATION])
def test_while_a_platform_is_to_prove_itself_a_refusal_is_not_told(category: Category) -> None:
    gate = PlatformGate("github")

    gate.failed(WRITE, failure(category), TOOK, in_force(watched=True), NOON)

    assert not gate.tally


@pytest.mark.parametrize("category", [Category.UNKNOWN, Category.FATAL])
def test_what_may_never_have_gone_out_says_nothing_of_the_platform(category: Category) -> None:
    gate = broken(PlatformGate("github"), times=4)
    gate.failed(WRITE, failure(category), TOOK, Snapshot(), NOON)
    broken(gate, times=1)

    batch = gate.tally.taken()

    assert not out(gate, WRITE, 0)
    assert batch.outcomes[WHOLE] == Outcomes(0, 5, 0, 5)
    assert batch.fatal == ("fatal" if category is Category.FATAL else "")


def storm(offered_a_second: int, lasting: int, dice: Random) -> tuple[int, int]:
    """How many calls were offered, and sent, to a platform where every one of them fails."""
    book = replace(
        DEFAULT_BOOK,
        breakers={"github": BreakerRule(failure_threshold=10**6, failure_rate=1.1)},
        budgets={"github": BudgetRule()},
    )
    gate, snapshot, sent = PlatformGate("github"), Snapshot(book), 0
    waiting: list[tuple[float, Call]] = []
    for tick in range(lasting * 10):
        at = tick / 10
        new = [(at, WRITE)] * (offered_a_second // 10)
        due = [one for one in waiting if one[0] <= at] + new
        waiting = [one for one in waiting if one[0] > at]
        for _, call in due:
            found = gate.admission(call, snapshot, seconds(at), dice.random())
            tries = call.tries
            if found.how is Admitted.OUT:
                sent += 1
                gate.failed(call, BROKEN, TOOK, snapshot, seconds(at))
                tries, pause = tries.and_failed(Category.SERVER_ERROR), dice.random() * 4
            else:
                tries, pause = tries.and_parked(found.pause), found.pause.total_seconds()
            waiting.append((at + pause, replace(call, attempt=2, tries=tries)))
    return offered_a_second * lasting, sent


@pytest.mark.parametrize("offered_a_second", [10, 50])
def test_where_everything_fails_repetitions_add_at_most_a_tenth(offered_a_second: int) -> None:
    offered, sent = storm(offered_a_second, 60, Random(7))

    before_it_is_known = BudgetRule().minimum_calls
    assert sent <= 1.10 * offered + BudgetRule().most + before_it_is_known


def told_again(one: PlatformGate, do: Callable[[], object]) -> Outcomes:
    """What *one* tells after it told in vain and something more happened."""
    urgent, batch = one.tally.urgent, one.tally.taken()
    assert not one.tally
    do()
    one.tally.put_back(batch, urgent=urgent)
    return one.tally.taken().outcomes[WHOLE]


def test_what_could_not_be_told_is_told_with_what_came_since_and_in_order() -> None:
    gate = broken(PlatformGate("github"), times=2)
    gate.failed(READ, failure(Category.TRANSIENT, 30), TOOK, Snapshot(), NOON)

    outcomes = told_again(gate, lambda: broken(gate, times=1))

    assert outcomes == Outcomes(0, 3, 0, 3)
    broken(gate, times=2)
    good = told_again(gate, lambda: gate.succeeded(READ, TOOK, Snapshot(), NOON))
    assert good == Outcomes(1, 2, 0, 0)


def test_limits_and_the_first_failure_outlive_what_could_not_be_told() -> None:
    gate = broken(PlatformGate("github"), times=1, at=3)
    gate.failed(READ, failure(Category.TRANSIENT, 30), TOOK, Snapshot(), NOON)
    gate.failed(READ, failure(Category.FATAL), TOOK, Snapshot(), NOON)
    urgent, batch = gate.tally.urgent, gate.tally.taken()
    broken(gate, times=1, at=9)
    gate.tally.put_back(batch, urgent=urgent)

    again = gate.tally.taken()

    assert urgent
    assert again.limited == {"read": seconds(30)}
    assert again.first_failure_at == seconds(3)
    assert (again.fatal, again.example) == ("fatal", "github.post_comment: server_error")
    assert not gate.tally.urgent


def test_slow_calls_are_bad_news_and_usual_ones_are_not() -> None:
    gate = PlatformGate("github")
    gate.succeeded(READ, TOOK, Snapshot(), NOON)
    usual = gate.tally.urgent
    gate.succeeded(READ, RULE.slow_call, Snapshot(), NOON)

    assert (usual, gate.tally.urgent) == (False, True)
    assert gate.tally.taken().outcomes["read"] == Outcomes(2, 0, 1, 0)


def test_while_work_returns_calls_take_turns_and_otherwise_none_waits() -> None:
    gate = PlatformGate("github")

    turns = [gate.turn(2.0, seconds(n / 10)).total_seconds() for n in range(4)]

    assert turns == pytest.approx([0, 0.4, 0.8, 1.2])
    assert gate.turn(None, seconds(0)) == gate.turn(0.0, seconds(0)) == timedelta(0)
    assert gate.turn(2.0, seconds(60)) == timedelta(0)
