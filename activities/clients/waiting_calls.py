"""
Moves calls that wait for their next try, by the engine's update-activity-options.

    few workflows     each is looked at, and only calls that wait too long are moved
    many              one batch operation of the engine, without looking
    it can neither    each call takes the new rule up at its next try

The engine reckons the pause of a waiting call anew when its options change, even of one whose
pause its last failure named. A shorter timeout would also end an attempt under way, so
timeouts are only ever raised.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.batch.v1 import BatchOperationUpdateActivityOptions
from temporalio.api.common.v1 import RetryPolicy, WorkflowExecution
from temporalio.api.enums.v1 import BatchOperationState, PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import (
    DescribeBatchOperationRequest,
    DescribeWorkflowExecutionRequest,
    StartBatchOperationRequest,
    UpdateActivityOptionsRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.clients.queue_control import IDENTITY, TIMEOUT, told_in_our_terms
from contexten.hastening import Hastened, Hastening, Tempo

OPEN = 'ExecutionStatus="Running"'
CANNOT = (RPCStatusCode.UNIMPLEMENTED, RPCStatusCode.PERMISSION_DENIED)
EACH_UP_TO = 2_000
AT_ONCE = 8
READ_BY_ALL_S = 2.0
POLL_S = 0.2
SCHEDULED = PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
RUNNING = BatchOperationState.BATCH_OPERATION_STATE_RUNNING


class WaitingCallsClient:
    """
    The engine's pending activities, through a client of the worker's.

    Args:
        each_up_to: How many open workflows there may be for each to be looked at.
        after_s: Seconds until every worker has read the new version. A call that is moved
            sooner may fail once more under the old one, and wait as long as before.
    """

    def __init__(
        self, client: Client, each_up_to: int = EACH_UP_TO, after_s: float = READ_BY_ALL_S
    ) -> None:
        self._client = client
        self._each_up_to = each_up_to
        self._after_s = after_s

    async def hasten(self, wanted: Hastening, beat: Callable[[], object]) -> Hastened:
        """
        Move the calls that *wanted* concerns; *beat* is called while it goes on.

        Safe to repeat: a call that was moved is no longer far from its next try.

        Raises:
            TransientError: If the engine is away.
        """
        if not wanted.tempos:
            return Hastened("needless", 0, 0)
        await asyncio.sleep(self._after_s)
        with told_in_our_terms():
            try:
                return await self._hastened(wanted, beat)
            except RPCError as error:
                if error.status not in CANNOT:
                    raise
                return Hastened("none", 0, 0)

    async def _hastened(self, wanted: Hastening, beat: Callable[[], object]) -> Hastened:
        """As many one by one as there may be; else in a batch, if the engine has those."""
        many = (await self._client.count_workflows(OPEN, rpc_timeout=TIMEOUT)).count
        if many > self._each_up_to:
            try:
                return await self._in_batches(wanted, beat)
            except RPCError as error:
                if error.status not in CANNOT:
                    raise
        return await self._each(wanted, beat)

    async def _each(self, wanted: Hastening, beat: Callable[[], object]) -> Hastened:
        """Look at every open workflow, a few at a time."""
        tempos = {one.operation: one for one in wanted.tempos}
        moved = looked_at = 0
        async for some in in_groups(self._open_workflows(), AT_ONCE):
            beat()
            moved += sum(await asyncio.gather(*(self._moved_in(one, tempos) for one in some)))
            looked_at += len(some)
        return Hastened("each", moved, looked_at)

    async def _open_workflows(self) -> AsyncIterator[WorkflowExecution]:
        """Every open workflow, as far as visibility knows."""
        async for one in self._client.list_workflows(OPEN, rpc_timeout=TIMEOUT):
            yield WorkflowExecution(workflow_id=one.id, run_id=one.run_id)

    async def _moved_in(self, execution: WorkflowExecution, tempos: dict[str, Tempo]) -> int:
        """Move what waits too long in one workflow; how many calls that were."""
        request = DescribeWorkflowExecutionRequest(
            namespace=self._client.namespace, execution=execution
        )
        service, now = self._client.workflow_service, datetime.now(UTC)
        try:
            told = await service.describe_workflow_execution(request, timeout=TIMEOUT)
            updates = [
                (one.activity_id, tempo, paths)
                for one in told.pending_activities
                if (tempo := tempos.get(one.activity_type.name))
                and (paths := what_changes(one, tempo, now))
            ]
            for activity_id, tempo, paths in updates:
                await service.update_activity_options(
                    UpdateActivityOptionsRequest(
                        namespace=self._client.namespace,
                        execution=execution,
                        identity=IDENTITY,
                        id=activity_id,
                        activity_options=options(tempo),
                        update_mask=FieldMask(paths=paths),
                    ),
                    timeout=TIMEOUT,
                )
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:  # or it has ended meanwhile
                raise
            return 0
        return sum(PAUSES[0] in paths for _, _, paths in updates)

    async def _in_batches(self, wanted: Hastening, beat: Callable[[], object]) -> Hastened:
        """Have the engine change every call of the kind, one batch an operation."""
        looked_at = 0
        for tempo in wanted.tempos:
            job = f"rules-{wanted.version}-{tempo.operation}-{uuid.uuid4()}"
            await self._client.workflow_service.start_batch_operation(
                StartBatchOperationRequest(
                    namespace=self._client.namespace,
                    job_id=job,
                    reason=f"rule book version {wanted.version}",
                    visibility_query=OPEN,
                    update_activity_options_operation=BatchOperationUpdateActivityOptions(
                        identity=IDENTITY,
                        type=tempo.operation,
                        activity_options=options(tempo),
                        update_mask=FieldMask(paths=all_changes(tempo)),
                    ),
                ),
                timeout=TIMEOUT,
            )
            looked_at = max(looked_at, await self._ended(job, beat))
        return Hastened("batch", None, looked_at)

    async def _ended(self, job: str, beat: Callable[[], object]) -> int:
        """Wait for a batch to end; how many workflows it looked at."""
        request = DescribeBatchOperationRequest(namespace=self._client.namespace, job_id=job)
        while True:
            beat()
            service = self._client.workflow_service
            told = await service.describe_batch_operation(request, timeout=TIMEOUT)
            if told.state != RUNNING:
                return int(told.complete_operation_count)
            await asyncio.sleep(POLL_S)


PAUSES = (
    "retry_policy.initial_interval",
    "retry_policy.maximum_interval",
    "retry_policy.backoff_coefficient",
)
TIMEOUT_OF_ONE = "start_to_close_timeout"


def what_changes(one: PendingActivityInfo, tempo: Tempo, now: datetime) -> list[str]:
    """The options of *one* that are to change for *tempo*; none if it may stay as it is."""
    paths: list[str] = []
    if one.state == SCHEDULED and not one.paused:
        wait = one.next_attempt_schedule_time.ToDatetime(UTC) - now
        failed_of = one.last_failure.application_failure_info.type
        if tempo.is_too_far(one.attempt, wait, failed_of):
            paths += PAUSES
    has = one.activity_options.start_to_close_timeout.ToTimedelta()
    if timedelta(0) < has < timedelta(seconds=tempo.attempt_timeout_s):
        paths.append(TIMEOUT_OF_ONE)
    return paths


def all_changes(tempo: Tempo) -> list[str]:
    """The options that *tempo* changes of any call."""
    return [
        *(PAUSES if tempo.sooner else ()),
        *([TIMEOUT_OF_ONE] if tempo.attempt_timeout_s else ()),
    ]


def options(tempo: Tempo) -> ActivityOptions:
    """*tempo* in the engine's terms."""
    return ActivityOptions(
        start_to_close_timeout=lasting(tempo.attempt_timeout_s),
        retry_policy=RetryPolicy(
            initial_interval=lasting(tempo.base_delay_s),
            maximum_interval=lasting(tempo.max_delay_s),
            backoff_coefficient=tempo.backoff_coefficient,
        ),
    )


def lasting(seconds: float) -> Duration:
    """*seconds* in the engine's terms."""
    span = Duration()
    span.FromTimedelta(timedelta(seconds=seconds))
    return span


async def in_groups(
    each: AsyncIterator[WorkflowExecution], many: int
) -> AsyncIterator[list[WorkflowExecution]]:
    """What *each* yields, up to *many* at a time."""
    group: list[WorkflowExecution] = []
    async for one in each:
        group.append(one)
        if len(group) == many:
            yield group
            group = []
    if group:
        yield group
