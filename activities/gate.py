"""One platform's gate in one process: it follows the cluster's, and reacts before it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from threading import Lock

from activities.outcomes import Tally
from contexten.admission import OUT, SOON, Admission, Admitted, admission, parked, until
from contexten.breaker import Breaker, BreakerRule, State
from contexten.budget import Budget
from contexten.calls import Call, Group
from contexten.errors import Category, Failure, Recovery
from contexten.gate import WHOLE, later
from contexten.outcomes import outcome
from contexten.retry import wait_before
from contexten.snapshot import Snapshot
from contexten.standing import Standing
from contexten.times import LONG_AGO

AT_MOST = timedelta(seconds=5)
"""How long a breaker of our own refuses calls: by then the cluster knows better."""

NEVER_OUT = frozenset({Category.UNKNOWN, Category.FATAL})
"""What failed so has most likely not reached the platform: it says nothing of it."""


@lru_cache(maxsize=16)
def of_one_process(rule: BreakerRule) -> BreakerRule:
    """
    The cluster's *rule* as one process goes by it: it never shuts itself out for long.

    What it saw the cluster knows as well, and may think less of it; and while nobody leads the
    cluster, a few calls out of each process every few seconds are all that is asked too much.
    """
    soon = min(rule.recovery_timeout, AT_MOST)
    return replace(rule, recovery_timeout=soon, longest_timeout=soon, backoff=1.0)


class PlatformGate:
    """
    Whether calls to a platform may go out of this process, and what they came to.

    Any thread may ask it and tell it.

    Attributes:
        tally: What they came to since the platform's entity was told.
    """

    def __init__(self, platform: str) -> None:
        self.tally = Tally()
        self._lock = Lock()
        self._platform = platform
        self._breakers = self._fresh()
        self._budget = Budget()
        self._limited: dict[str, datetime] = {}
        self._next_turn = LONG_AGO
        self._followed: tuple[int, bool] = (0, True)

    def _fresh(self) -> dict[str, Breaker]:
        return {name: Breaker() for name in (WHOLE, *Group)}

    def admission(self, call: Call, snapshot: Snapshot, now: datetime, dice: float) -> Admission:
        """What becomes of *call* at *now*; *dice*, in [0, 1), spreads those who come back."""
        with self._lock:
            return self._admission(call, snapshot, now, dice)

    def _admission(self, call: Call, snapshot: Snapshot, now: datetime, dice: float) -> Admission:
        standing = snapshot.gate(self._platform)
        self._follow(standing)
        found = admission(call, snapshot, now, dice)
        if found.how is not Admitted.OUT:
            return found
        limited = self._limited.get(call.group)
        if limited is not None and limited > now:
            return parked(until(limited, now, dice), f"{self._platform} limits us")
        rule = of_one_process(snapshot.book.breaker_for(self._platform))
        asked = {} if standing.lenient else self._asked(call, rule, now)
        if asked is None:
            return parked(SOON + (AT_MOST - SOON) * dice, f"{self._platform} fails again and again")
        found = self._affordable(call, snapshot, now, dice)
        if found.how is Admitted.OUT:
            self._breakers.update(asked)
        return found

    def _follow(self, standing: Standing) -> None:
        """Forget what made our breakers open once the cluster's are not, or not any more."""
        seen = (standing.version, standing.held is None)
        if seen != self._followed:
            self._followed = seen
            if standing.held is None:
                self._breakers = self._fresh()

    def _asked(self, call: Call, rule: BreakerRule, now: datetime) -> Mapping[str, Breaker] | None:
        """The breakers as they are once *call* has gone out; None if one of them refuses it."""
        whole, of_group = self._breakers[WHOLE], self._breakers[call.group]
        if whole.state is State.CLOSED and of_group.state is State.CLOSED:
            return {}
        asked: dict[str, Breaker] = {}
        for name in (call.group, WHOLE):
            asked[name], may = self._breakers[name].ask(rule, now)
            if not may:
                return None
        return asked

    def _affordable(self, call: Call, snapshot: Snapshot, now: datetime, dice: float) -> Admission:
        if not call.tries.made:
            return OUT
        self._budget, may = self._budget.retry(snapshot.book.budget_for(self._platform), now)
        if may:
            return OUT
        rule = snapshot.book.rule_for(call.operation).for_category(Category.TRANSIENT)
        pause = wait_before(call.tries.made + call.tries.parked + 2, rule, dice)
        return parked(SOON + pause, f"the retry budget of {self._platform} is used up")

    def turn(self, rate: float | None, now: datetime) -> timedelta:
        """
        How long a call that may go out waits for its turn, at *rate* calls a second.

        The engine makes up for a second in which it handed out too little, all at once. While
        work returns, that would be a burst; so a process spreads what it is handed.
        """
        if not rate:
            return timedelta(0)
        with self._lock:
            turn = max(self._next_turn, now)
            self._next_turn = turn + timedelta(seconds=1 / rate)
        return turn - now

    def succeeded(self, call: Call, took: timedelta, snapshot: Snapshot, now: datetime) -> None:
        """*call* was good."""
        slow = took >= snapshot.book.breaker_for(self._platform).slow_call
        with self._lock:
            self._counted(call, snapshot, now, failed=False, slow=slow)
            self.tally.succeeded(call, slow=slow)

    def failed(
        self, call: Call, failure: Failure, took: timedelta, snapshot: Snapshot, now: datetime
    ) -> None:
        """*call* ended in *failure*."""
        slow = took >= snapshot.book.breaker_for(self._platform).slow_call
        with self._lock:
            if failure.limited and failure.retry_after:
                self._limited = later(self._limited, {call.group: now + failure.retry_after})
            elif failure.category not in NEVER_OUT:
                self._counted(
                    call, snapshot, now, failed=failure.counts_against_platform, slow=slow
                )
            if is_answer(failure) and snapshot.gate(self._platform).watched:
                return  # a refusal proves nothing of a platform that is to prove that it is well
            self.tally.failed(call, failure, slow=slow, now=now)

    def _counted(
        self, call: Call, snapshot: Snapshot, now: datetime, *, failed: bool, slow: bool
    ) -> None:
        rule = of_one_process(snapshot.book.breaker_for(self._platform))
        one = outcome(failed=failed, slow=slow)
        for name in (WHOLE, call.group):
            self._breakers[name] = self._breakers[name].reported(one, rule, now)
        told = self._budget.failed if failed else self._budget.succeeded
        self._budget = told(snapshot.book.budget_for(self._platform), now)


def is_answer(failure: Failure) -> bool:
    """Whether the platform did what it should, and we asked for what cannot be."""
    return failure.recovery in (Recovery.SKIP, Recovery.REAUTHENTICATE)
