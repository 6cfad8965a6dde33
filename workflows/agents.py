"""Asking a run for something, or ordering it, as a reaction does."""

from temporalio import workflow
from temporalio.common import (
    Priority,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from contexten.agent import Ask
    from contexten.agent_status import Standing

from activities.control import ControlActivities
from contexten.agent_run import run_of
from contexten.queues import Queue
from workflows import attributes
from workflows.effects import importance
from workflows.options import request

RUN = "AgentRunWorkflow"


async def ask(ask: Ask) -> None:
    """
    Have the run of the context of *ask* hear it, which begins the run if none is under way.

    It is never lost: a run that ends before it hears it is begun again. One whose key the run
    knows already has no effect.
    """
    context = ask.event.context or ask.key
    while True:
        try:
            await workflow.start_child_workflow(
                RUN,
                args=[ask, None],
                id=run_of(context),
                task_queue=Queue.AGENTS,
                parent_close_policy=ParentClosePolicy.ABANDON,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                search_attributes=found_by(ask),
                static_summary=summary(ask),
                priority=Priority(priority_key=importance()),
            )
        except WorkflowAlreadyStartedError:
            if not await tell(context, "message", ask):
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


async def standing_of(context: str) -> Standing | None:
    """How the run of *context* stands, by its own words; None if none is under way."""
    return await workflow.execute_activity_method(
        ControlActivities.read_run, context, **await request("control.read_run", context[:200])
    )


def found_by(ask: Ask) -> TypedSearchAttributes:
    """What a run that begins with *ask* can be found by."""
    pairs = attributes.of(ask.event)
    if ask.repository is None:
        return pairs
    repository = attributes.keyword(ask.repository)
    return pairs.updated(SearchAttributePair(attributes.REPOSITORY, repository))


def summary(ask: Ask) -> str:
    """It in one line."""
    return f"{ask.task}: {ask.title or ask.event.context or ask.key}"[:200]
