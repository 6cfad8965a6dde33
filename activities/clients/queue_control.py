"""What we tell the engine about its queues, and read of our entities, by its own calls."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import structlog
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import RateLimit, TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    UpdateTaskQueueConfigRequest,
)
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from contexten.agent_status import Standing
from contexten.errors import TransientError
from contexten.gate import Batch
from contexten.queues import Queue

log = structlog.get_logger()

TIMEOUT = timedelta(seconds=5)
STANDING = "standing"
NOBODY_ANSWERS = frozenset(
    {
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.FAILED_PRECONDITION,
    }
)
"""How the engine says that no worker answers for a workflow."""

IDENTITY = "contexten"
ACTIVITY = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY


@contextmanager
def told_in_our_terms() -> Iterator[None]:
    """Let what the engine refuses leave as one of our errors."""
    try:
        yield
    except RPCError as error:
        reason = f"the engine refuses: {error.message}"
        raise TransientError(reason, platform="engine") from error


class QueueControl:
    """The engine's queues, and our entities in it, through a client of the worker's."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def set_rate(self, queue: str, rps: float | None, because: str) -> None:
        """
        Let the activities of *queue* go out at *rps* a second; 0 holds them, None lets them be.

        Safe to repeat: the same rate is the same rate.

        Raises:
            TransientError: If the engine is away, or knows no such thing.
        """
        limit = None if rps is None else RateLimit(requests_per_second=rps)
        update = UpdateTaskQueueConfigRequest.RateLimitUpdate(rate_limit=limit, reason=because)
        request = UpdateTaskQueueConfigRequest(
            namespace=self._client.namespace,
            identity=IDENTITY,
            task_queue=queue,
            task_queue_type=ACTIVITY,
            update_queue_rate_limit=update,
        )
        with told_in_our_terms():
            await self._client.workflow_service.update_task_queue_config(request, timeout=TIMEOUT)

    async def waiting(self, queue: str) -> int:
        """
        How many activities wait in *queue* for a worker, about.

        Raises:
            TransientError: If the engine is away.
        """
        with told_in_our_terms():
            told = await self._client.workflow_service.describe_task_queue(
                DescribeTaskQueueRequest(
                    namespace=self._client.namespace,
                    task_queue=TaskQueue(name=queue),
                    task_queue_type=ACTIVITY,
                    report_stats=True,
                ),
                timeout=TIMEOUT,
            )
        return int(told.stats.approximate_backlog_count)

    async def standings(self, workflow_ids: Sequence[str]) -> dict[str, Any]:
        """
        What each of *workflow_ids* has under ``standing`` in its memo; without those that are not.

        No worker is asked: the engine itself has it. One that has ended is not any more.

        Raises:
            TransientError: If the engine is away.
        """
        with told_in_our_terms():
            each = await asyncio.gather(*map(self._standing, workflow_ids))
        return {name: said for name, said in zip(workflow_ids, each, strict=True) if said}

    async def _standing(self, workflow_id: str) -> Any:
        handle = self._client.get_workflow_handle(workflow_id)
        try:
            told = await handle.describe(rpc_timeout=TIMEOUT)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return None
        if told.status is not WorkflowExecutionStatus.RUNNING:
            return None
        try:
            return (await told.memo()).get(STANDING)
        except Exception as error:  # noqa: BLE001 - anything may stand there, in any encoding
            log.warning("standing.undecodable", entity=workflow_id, reason=repr(error)[:300])
            return None

    async def run_asked(self, workflow_id: str) -> Standing | None:
        """
        What the agent run *workflow_id* says of itself; None if it is not under way.

        Raises:
            TransientError: If the engine is away.
        """
        handle = self._client.get_workflow_handle(workflow_id)
        with told_in_our_terms():
            try:
                found = await handle.describe(rpc_timeout=TIMEOUT)
                if found.status is not WorkflowExecutionStatus.RUNNING:
                    return None
                names = ("progress", "budget")
                asked = (handle.query(name, rpc_timeout=TIMEOUT) for name in names)
                return Standing(*await asyncio.gather(*asked))
            except WorkflowQueryFailedError:
                return Standing()
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    return None
                if error.status in NOBODY_ANSWERS:
                    return Standing()
                raise

    async def tell(self, platform: str, batch: Batch) -> None:
        """
        Tell the entity of *platform* what its calls came to; it is started if it is not there.

        Raises:
            TransientError: If the engine is away.
        """
        with told_in_our_terms():
            await self._client.start_workflow(
                "PlatformWorkflow",
                id=f"platform/{platform}",
                task_queue=Queue.CONTROL,
                start_signal="outcomes_reported",
                start_signal_args=[batch],
                rpc_timeout=TIMEOUT,
            )
