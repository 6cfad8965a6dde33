"""What a reaction goes on without: a deed that was refused and that nothing later leans on."""

from collections.abc import Awaitable

from temporalio import workflow
from temporalio.exceptions import ActivityError

from contexten.classification import classified
from contexten.errors import Recovery
from workflows.effects import left_out


async def unless_refused(operation: str, call: Awaitable[None]) -> None:
    """
    Have *call* made; if we asked for what cannot be, note it, and go on without.

    Only for deeds that answer with nothing. What a reaction needs the answer of, it does not
    get, and that is an error to it.

    Raises:
        ActivityError: If it failed in another way.
    """
    try:
        await call
    except ActivityError as error:
        failure = classified(error)
        if failure.recovery is not Recovery.SKIP:
            raise
        workflow.logger.warning("goes on without %s: %s", operation, failure.message)
        left_out(f"{operation}: {failure.message}")
