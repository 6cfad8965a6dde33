"""Having the run of a subject hear something: begun for it, or under way already."""

from temporalio import workflow
from temporalio.common import Priority, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

from contexten.agent import Ask
from contexten.queues import Queue
from workflows import attributes
from workflows.effects import importance

RUN = "AgentRunWorkflow"


def run_of(context: str) -> str:
    """The workflow id of the run of *context*."""
    return f"agent/{context}"


async def begin_or_tell(asked: Ask) -> None:
    """
    Have the run of *asked* hear it, which begins the run if none is under way.

    It is never lost: a run that ends before it hears it is begun again. One whose key the run
    knows already has no effect.
    """
    context = asked.event.context or asked.key
    while True:
        try:
            await workflow.start_child_workflow(
                RUN,
                asked,
                id=run_of(context),
                task_queue=Queue.AGENTS,
                parent_close_policy=ParentClosePolicy.ABANDON,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                search_attributes=attributes.of(asked.event),
                static_summary=f"{asked.task}: {asked.title or context}"[:200],
                priority=Priority(priority_key=importance()),
            )
        except WorkflowAlreadyStartedError:
            if not await tell(context, "message", asked):
                continue
        return


async def tell(context: str, signal: str, *arguments: object) -> bool:
    """Signal the run of *context*; False if there is none under way."""
    run = workflow.get_external_workflow_handle(run_of(context))
    try:
        await run.signal(signal, args=arguments)
    except ApplicationError:
        return False
    return True
