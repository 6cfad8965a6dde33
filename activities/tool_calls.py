"""
What agents' calls of tools came to, for the ledger.

A tool that tells a model what is wrong has done its work: that call went well. It failed if the
machine did: the disk, the store, git, or the platform that git speaks to.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from contexten.classification import classified
from contexten.ledger import Attempt, Outcome
from contexten.queues import Queue
from contexten.tools import TOOLS

Record = Callable[[Attempt], None]
Clock = Callable[[datetime], datetime]


class ToolCalls(Interceptor):
    """Writes down each attempt at a call of a tool; no other deed of the queue ``tools``."""

    def __init__(self, record: Record, clock: Clock) -> None:
        """
        Args:
            record: Takes an attempt for the ledger; never waits and never fails.
            clock: The time, of that at which the engine says that an attempt began; UTC.
        """
        self._record = record
        self._clock = clock

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """Around each attempt."""
        return Around(next, self._record, self._clock)


class Around(ActivityInboundInterceptor):
    """One attempt."""

    def __init__(self, following: ActivityInboundInterceptor, record: Record, clock: Clock) -> None:
        super().__init__(following)
        self._record = record
        self._clock = clock

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        """Make the attempt, and write down what came of it; one that is called off is none."""
        queue, _, name = activity.info().activity_type.partition(".")
        if queue != Queue.TOOLS or name not in TOOLS:
            return await self.next.execute_activity(input)
        since = time.monotonic()
        try:
            answer = await self.next.execute_activity(input)
        except Exception as error:
            self._note(since, error)
            raise
        self._note(since, None)
        return answer

    def _note(self, since: float, error: Exception | None) -> None:
        info, took = activity.info(), timedelta(seconds=time.monotonic() - since)
        failure = classified(error) if error else None
        self._record(
            Attempt(
                at=self._clock(info.started_time) + took,
                platform=Queue.TOOLS,
                operation=info.activity_type,
                attempt=info.attempt,
                outcome=Outcome.FAILED if failure else Outcome.OK,
                category=failure.category if failure else None,
                error_type=failure.type if failure else None,
                latency_s=took.total_seconds(),
                workflow_id=info.workflow_id or "",
                run_id=info.workflow_run_id or "",
                context=(info.workflow_id or "").partition("/")[2] or None,
                message=failure.message if failure else None,
            )
        )
