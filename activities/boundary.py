"""
The boundary around every attempt of a platform call, once for all of them.

    admitted? ─▶ the deed ─▶ what did it come to ─▶ told to gate and ledger ─▶ what follows

Only here do errors leave in Temporal's terms. What became of a call's earlier attempts is
kept in its heartbeat details: the engine has it, whoever makes the next attempt.

What time it is, the engine says with each attempt: deadlines, limits and pauses are the
cluster's, and a machine whose clock is wrong must not undo them.
"""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NoReturn

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory, CancelledError
from temporalio.worker import (
    ActivityInboundInterceptor,
    ActivityOutboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
)

from activities.gate import PlatformGate
from activities.memory import Memory, remember, remembered
from contexten import verdict
from contexten.admission import Admission, Admitted, elapsed
from contexten.calls import ABOUT, NORMAL_PRIORITY, Call, Tries
from contexten.classification import classified
from contexten.errors import Category, Failure, PlatformError, Recovery
from contexten.ledger import Attempt, Outcome
from contexten.queues import PROBES
from contexten.snapshot import Snapshot

PARKED = "Parked"
EXPIRED = "DeadlineError"
ZERO = timedelta(0)

log = structlog.get_logger()


def as_told(began: datetime) -> datetime:
    """The time is what the engine says."""
    return began


def forget(attempt: Attempt) -> None:
    """Keep no ledger."""


@dataclass(slots=True)
class Watch:
    """
    What the boundary leans on.

    Attributes:
        gates: The gate of each platform whose calls are made in this process.
        snapshot: What is in force, as this process knows it.
        record: Takes an attempt for the ledger; never waits and never fails.
        renew: By platform, what has its credentials obtained anew.
        clock: The time, of the time at which the engine says that an attempt began; UTC.
        dice: A number in [0, 1).
    """

    gates: Mapping[str, PlatformGate]
    snapshot: Callable[[], Snapshot] = Snapshot
    record: Callable[[Attempt], None] = forget
    renew: dict[str, Callable[[], None]] = field(default_factory=dict)
    clock: Callable[[datetime], datetime] = as_told
    dice: Callable[[], float] = random.random


class Boundary(Interceptor):
    """Stands around every activity of a worker."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """Around each attempt."""
        return Around(next, self._watch)


class Around(ActivityInboundInterceptor):
    """One attempt, from its admission to what follows from it."""

    def __init__(self, following: ActivityInboundInterceptor, watch: Watch) -> None:
        super().__init__(following)
        self._watch = watch

    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        """Stand in the way out, too."""
        self._memory = Memory(outbound)
        super().init(self._memory)

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        """
        Make the attempt, if it may be made.

        Raises:
            ApplicationError: If it may not be made now, or failed.
        """
        since, info = time.monotonic(), activity.info()
        call = call_of(info, input.headers)
        gate = self._watch.gates.get(call.platform)
        if gate is None:
            return await self.next.execute_activity(input)
        began, snapshot = self._watch.clock(info.started_time), self._watch.snapshot()
        now, probe = began, info.task_queue.endswith(PROBES)
        self._memory.known = call.tries
        self._tell_of_lost(call, info, now, snapshot)
        if not probe:
            admitted = gate.admission(call, snapshot, now, self._watch.dice())
            if admitted.how is not Admitted.OUT:
                return self._not_made(call, admitted, now, snapshot)  # no thread is in it yet
            await asyncio.sleep(gate.turn(snapshot.gate(call.platform).rate, now).total_seconds())
            now = began + passed(since)
        self._renew_if_refused(call)
        try:
            answer = await self.next.execute_activity(input)
        except CancelledError:  # what is done in a thread ends so
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is classified
            failure, ended = classified(error), began + passed(since)
            self._note(call, Outcome.FAILED, ended, ended - now, snapshot, failure)
            if not probe:
                gate.failed(call, failure, ended - now, snapshot, ended)
            tries = call.tries.and_failed(failure.category)
            await remember(tries, input)
            under_way = elapsed(call, snapshot.gate(call.platform), ended)
            self._leave(call, tries, failure, error, under_way)
        ended = began + passed(since)
        self._note(call, Outcome.OK, ended, ended - now, snapshot)
        if not probe:
            gate.succeeded(call, ended - now, snapshot, ended)
        return answer

    def _renew_if_refused(self, call: Call) -> None:
        """Read our credentials anew if an earlier attempt was refused: perhaps elsewhere."""
        if call.tries.of(Category.AUTHENTICATION):
            whatever_happens(self._watch.renew.get(call.platform, nothing))

    def _not_made(self, call: Call, admitted: Admission, now: datetime, snapshot: Snapshot) -> None:
        """
        The attempt may not be made: None as its answer if it is left out.

        Raises:
            ApplicationError: If it is parked, or too late.
        """
        self._note(call, OUTCOMES[admitted.how], now, ZERO, snapshot, said=admitted.because)
        if admitted.how is Admitted.SKIPPED:
            return
        if admitted.how is Admitted.EXPIRED:
            raise ApplicationError(admitted.because, type=EXPIRED, non_retryable=True)
        activity.heartbeat(call.tries.and_parked(admitted.pause).as_json())
        raise ApplicationError(
            f"not sent: {admitted.because}",
            type=PARKED,
            next_retry_delay=admitted.pause,
            category=ApplicationErrorCategory.BENIGN,
        )

    def _leave(
        self, call: Call, tries: Tries, failure: Failure, error: Exception, under_way: timedelta
    ) -> NoReturn:
        """
        Raises:
            ApplicationError: Always: the failure in Temporal's terms, and what follows from it.
        """
        rule = self._watch.snapshot().book.rule_for(call.operation)
        follows = verdict.after(failure, tries, rule, under_way, self._watch.dice())
        if follows.renewed:
            whatever_happens(self._watch.renew.get(call.platform, nothing))
        raise ApplicationError(
            failure.message,
            {
                "platform": call.platform,
                "status": failure.status,
                "category": failure.category,
                "limited": failure.limited,
                "recovery": failure.recovery,
                "tries": tries.made,
                "because": follows.because,
            },
            type=failure.type,
            non_retryable=follows.pause is None,
            next_retry_delay=follows.pause,
            category=BENIGN if failure.recovery is Recovery.SKIP else UNSPECIFIED,
        ) from (error if isinstance(error, PlatformError) else None)  # others may show a secret

    def _tell_of_lost(
        self, call: Call, info: activity.Info, now: datetime, snapshot: Snapshot
    ) -> None:
        """Record those attempts before this one of which nobody told how they ended, once."""
        if not call.tries.lost:
            return
        known = remembered(info)
        for attempt in range(known.seen + 1, call.attempt):
            lost = replace(call, attempt=attempt)
            self._note(lost, Outcome.LOST, now, ZERO, snapshot, said=LOST)
        if call.tries != known:
            activity.heartbeat(call.tries.as_json())  # or they are told of again

    def _note(
        self,
        call: Call,
        outcome: Outcome,
        at: datetime,
        took: timedelta,
        snapshot: Snapshot,
        failure: Failure | None = None,
        said: str | None = None,
    ) -> None:
        category = failure.category if failure else None
        whatever_happens(
            self._watch.record,
            Attempt(
                at=at,
                platform=call.platform,
                operation=call.operation,
                attempt=call.attempt,
                outcome=outcome,
                category=Category.TRANSIENT if outcome is Outcome.LOST else category,
                error_type=failure.type if failure else None,
                status=failure.status if failure else None,
                retry_after_s=seconds(failure.retry_after) if failure else None,
                latency_s=took.total_seconds(),
                queue_wait_s=call.queued_for.total_seconds(),
                rule_version=snapshot.book.version,
                workflow_id=call.workflow_id,
                run_id=call.run_id,
                context=call.context,
                repository=call.repository,
                message=failure.message if failure else said,
            ),
        )


OUTCOMES = {
    Admitted.PARKED: Outcome.PARKED,
    Admitted.SKIPPED: Outcome.SKIPPED,
    Admitted.EXPIRED: Outcome.FAILED,
}
BENIGN = ApplicationErrorCategory.BENIGN
UNSPECIFIED = ApplicationErrorCategory.UNSPECIFIED
LOST = "it ended without a word: it took too long, or its worker died"


def passed(since: float) -> timedelta:
    """How long it is since the monotonic clock said *since*."""
    return timedelta(seconds=time.monotonic() - since)


def call_of(info: activity.Info, headers: Mapping[str, Any]) -> Call:
    """The attempt that *info* and *headers* tell of."""
    more = about(headers.get(ABOUT))
    return Call(
        operation=info.activity_type,
        attempt=info.attempt,
        scheduled_at=info.scheduled_time,
        queued_for=max(ZERO, info.started_time - info.current_attempt_scheduled_time),
        workflow_id=info.workflow_id or "",
        run_id=info.workflow_run_id or "",
        context=more.get("context"),
        repository=more.get("repository"),
        priority=info.priority.priority_key or NORMAL_PRIORITY,
        tries=remembered(info).up_to(info.attempt),
    )


def about(told: Any) -> Mapping[str, Any]:
    """What a call's header says that it is about; nothing if it says something else."""
    if told is None:
        return {}
    try:
        said = activity.payload_converter().from_payload(told)
    except Exception:  # noqa: BLE001 - whatever a header is, the call goes on
        return {}
    texts = said.items() if isinstance(said, dict) else ()
    return {name: value for name, value in texts if isinstance(value, str)}


def nothing() -> None:
    """Do nothing."""


def whatever_happens(do: Callable[..., None], *arguments: Any) -> None:
    """Do it, for a call that does not depend on it and must not fail of it."""
    try:
        do(*arguments)
    except Exception:
        log.exception("boundary.failed", deed=getattr(do, "__qualname__", str(do)))


def seconds(span: timedelta | None) -> float | None:
    """*span* in seconds; None if there is none."""
    return None if span is None else span.total_seconds()
