"""Who takes work from a queue."""

from datetime import UTC, datetime

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from contexten.queues import Queue

OF_WORKFLOWS = frozenset({Queue.DELIVERIES, Queue.AGENTS, Queue.CONTROL})


async def pollers(client: Client, queue: Queue, since: datetime | None = None) -> int:
    """
    How many workers have asked the engine for work from *queue*, *since* or in the last minutes.

    Raises:
        RPCError: If the engine is away.
    """
    kind = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
    if queue in OF_WORKFLOWS:
        kind = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
    described = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
        )
    )
    seen = [p for p in described.pollers if since is None or asked_at(p) >= since]
    return len({one.identity for one in seen})


def asked_at(poller: PollerInfo) -> datetime:
    """When *poller* last asked, UTC."""
    return poller.last_access_time.ToDatetime(tzinfo=UTC)
