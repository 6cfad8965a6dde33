"""How the engine does: how fast it answers, and who takes work from its queues."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, DescribeTaskQueueRequest
from temporalio.client import Client

from activities.clients.queue_control import told_in_our_terms
from contexten.queues import Queue

TIMEOUT = timedelta(seconds=5)
RECENTLY = timedelta(minutes=2)
RUNS_ENDED = timedelta(hours=1)
OF_WORKFLOWS = frozenset({Queue.DELIVERIES, Queue.AGENTS, Queue.CONTROL})


class EngineHealth:
    """The engine, through a client of the worker's."""

    def __init__(self, client: Client, queues: Sequence[Queue] = tuple(Queue)) -> None:
        """
        Args:
            queues: Those that somebody should work on.
        """
        self._client = client
        self._queues = tuple(queues)

    async def answers(self) -> float:
        """
        How long the engine takes to say something of our namespace, seconds.

        Raises:
            TransientError: If it does not.
        """
        began = time.monotonic()
        request = DescribeNamespaceRequest(namespace=self._client.namespace)
        with told_in_our_terms():
            await self._client.workflow_service.describe_namespace(request, timeout=TIMEOUT)
        return time.monotonic() - began

    async def pollers(self) -> Mapping[str, int]:
        """
        How many workers asked for work of late, by queue.

        Raises:
            TransientError: If the engine does not say.
        """
        with told_in_our_terms():
            counted = await asyncio.gather(*map(self._pollers, self._queues))
        return {str(queue): many for queue, many in zip(self._queues, counted, strict=True)}

    async def runs(self) -> tuple[int, int]:
        """
        How many agent runs ended of late, and how many of them failed.

        Raises:
            TransientError: If the engine does not say.
        """
        since = (datetime.now(UTC) - RUNS_ENDED).isoformat(timespec="seconds")
        ended = f"WorkflowType = 'AgentRunWorkflow' AND CloseTime > '{since}'"
        kinds = ("('Completed')", "('Failed', 'TimedOut', 'Terminated')")
        asked = (f"{ended} AND ExecutionStatus IN {kind}" for kind in kinds)
        with told_in_our_terms():
            well, badly = await asyncio.gather(
                *(self._client.count_workflows(one, rpc_timeout=TIMEOUT) for one in asked)
            )
        return well.count + badly.count, badly.count

    async def _pollers(self, queue: Queue) -> int:
        workflows = queue in OF_WORKFLOWS
        kind = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW if workflows else OF_ACTIVITIES
        described = await self._client.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=self._client.namespace,
                task_queue=TaskQueue(name=queue),
                task_queue_type=kind,
            ),
            timeout=TIMEOUT,
        )
        since = datetime.now(UTC) - RECENTLY
        asked = (p for p in described.pollers if p.last_access_time.ToDatetime(tzinfo=UTC) >= since)
        return len({poller.identity for poller in asked})


OF_ACTIVITIES = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
