"""
Deliveries about the same thing take effect in the order they came.

Each delivery has a workflow of its own, so without more ado the answer to a later comment
could overtake the one to an earlier. So a delivery is told which one came before it on the
same context, if that one may still be at work, and waits for it. Most have none before them
and pay nothing.
"""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any

from temporalio import workflow
from temporalio.worker import (
    ExecuteWorkflowInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from contexten.delivery import Event

MOST_CONTEXTS = 20_000


class Order:
    """
    The deliveries of each context that are not known to have ended, in order of arrival.

    Safe to be asked by one thread and told by others: workflows end in threads of their own.
    """

    def __init__(self, most: int = MOST_CONTEXTS) -> None:
        """Args: most: Contexts remembered; the one that rested longest is forgotten first."""
        self._most = most
        self._lock = Lock()
        self._open: OrderedDict[str, dict[str, None]] = OrderedDict()
        self._context_of: dict[str, str] = {}

    def before(self, event: Event) -> str | None:
        """
        The workflow id of the delivery that *event* must wait for; None if it need not.

        *event* takes its place in the order with that; asking again changes nothing.
        """
        if event.context is None:
            return None
        with self._lock:
            return self._before(event.workflow_id, event.context)

    def _before(self, workflow_id: str, context: str) -> str | None:
        arrived = self._open.setdefault(context, {})
        self._open.move_to_end(context)
        if workflow_id in arrived:
            return one_before(workflow_id, list(arrived))
        earlier = next(reversed(arrived), None)
        arrived[workflow_id] = None
        self._context_of[workflow_id] = context
        self._forget_some()
        return earlier

    def ended(self, workflow_id: str) -> None:
        """The delivery *workflow_id* has done all it had to do: nobody needs to wait for it."""
        with self._lock:
            context = self._context_of.pop(workflow_id, None)
            if context is None:
                return
            arrived = self._open[context]
            del arrived[workflow_id]
            if not arrived:
                del self._open[context]

    def _forget_some(self) -> None:
        while len(self._open) > self._most:
            _, forgotten = self._open.popitem(last=False)
            for workflow_id in forgotten:
                del self._context_of[workflow_id]


def one_before(workflow_id: str, arrived: list[str]) -> str | None:
    """What stands before *workflow_id* in *arrived*; None if it is the first."""
    place = arrived.index(workflow_id)
    return arrived[place - 1] if place else None


class Endings(Interceptor):
    """Tells of each workflow that came to its end in this process."""

    def __init__(self, ended: Callable[[str], None]) -> None:
        self._ended = ended

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002 - the name it is called with
    ) -> type[WorkflowInboundInterceptor]:
        """An interceptor that tells of every return and every failure."""
        ended = self._ended

        class Ending(WorkflowInboundInterceptor):
            async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002
                try:
                    result = await super().execute_workflow(input)
                except Exception:
                    ended(workflow.info().workflow_id)
                    raise
                ended(workflow.info().workflow_id)
                return result

        return Ending
