"""The deeds of the queues ``model`` and ``tools`` as a run calls them, its machine's included."""

from datetime import timedelta
from typing import Any

from temporalio import exceptions, workflow
from temporalio.exceptions import ActivityError, TimeoutType

with workflow.unsafe.imports_passed_through():
    from contexten.codebase import BranchAt, Checkout, CheckoutAsk, ToolAsk
    from contexten.turns import ToolResult, Turn, TurnAsk

from contexten.tools import TOOLS
from workflows.options import request

PREPARED_WITHIN = timedelta(minutes=15)


async def keep_text(text: str) -> str:
    """The digest of *text* in the blob store."""
    digest: str = await deed("keep_text", text, result=str)
    return digest


async def prepare_checkout(ask: CheckoutAsk) -> Checkout:
    """A working copy, on whatever machine takes the work."""
    options = await request("tools.prepare_checkout", f"{ask.repository} {ask.branch}"[:200])
    options["start_to_close_timeout"] = PREPARED_WITHIN
    checkout: Checkout = await workflow.execute_activity(
        "tools.prepare_checkout", ask, result_type=Checkout, **options
    )
    return checkout


async def remove_checkout(checkout: Checkout, within: timedelta) -> None:
    """
    Have the machine forget *checkout*; a machine that is gone has forgotten it.

    One that takes no work *within* that time is gone.
    """
    options = await on_machine("remove_checkout", checkout, within)
    options["schedule_to_close_timeout"] = timedelta(minutes=2)
    await workflow.execute_activity("tools.remove_checkout", checkout, **options)


async def read_branch(repository: str, branch: str) -> BranchAt:
    """A branch as it stands on the platform."""
    asked = BranchAt(repository, branch, None)
    found: BranchAt = await deed("read_branch", asked, result=BranchAt)
    return found


async def use_tool(ask: ToolAsk, within: timedelta) -> ToolResult:
    """
    Have a tool of the working copy used, on the machine that has the copy.

    One that takes no work *within* that time is gone.
    """
    name = ask.call.name
    options = await on_machine(name, ask.checkout, within, ask.call.brief or name)
    options["start_to_close_timeout"] = TOOLS[name].timeout
    result: ToolResult = await workflow.execute_activity(
        f"tools.{name}", ask, result_type=ToolResult, **options
    )
    return result


async def next_turn(ask: TurnAsk) -> Turn:
    """What the model answers."""
    turn: Turn = await workflow.execute_activity(
        "model.next_turn",
        ask,
        result_type=Turn,
        **await request("model.next_turn", f"turn {ask.number}"),
    )
    return turn


async def deed(name: str, *arguments: Any, result: type) -> Any:
    """What one of the shared deeds of the queue ``tools`` comes to."""
    return await workflow.execute_activity(
        f"tools.{name}", args=arguments, result_type=result, **await request(f"tools.{name}")
    )


async def on_machine(
    name: str, checkout: Checkout, within: timedelta, summary: str | None = None
) -> dict[str, Any]:
    """The options of a deed on the machine that has *checkout*, and takes it *within* that."""
    options = await request(f"tools.{name}", summary)
    return {**options, "task_queue": checkout.queue, "schedule_to_start_timeout": within}


def is_gone(error: ActivityError) -> bool:
    """Whether *error* says that the machine took no work."""
    cause = error.cause
    return (
        isinstance(cause, exceptions.TimeoutError) and cause.type is TimeoutType.SCHEDULE_TO_START
    )
