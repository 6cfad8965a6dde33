"""Questions that a control worker answers: an activity of their own, without a workflow."""

import asyncio
import secrets
from datetime import timedelta
from typing import Any

from temporalio.client import ActivityFailureError, Client
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from contexten.queues import Queue
from starter.console import looking, running
from starter.console.complaint import Complaint
from starter.settings import load

BEGUN_WITHIN = timedelta(seconds=5)
ANSWERED_WITHIN = timedelta(seconds=15)
TWICE = RetryPolicy(maximum_attempts=2)


def asked(activity: str, question: object, answer: Any) -> Any:
    """
    What the control worker answers to *question*.

    Args:
        activity: The name of the activity that answers.
        answer: The type of what it answers.

    Raises:
        Complaint: If it cannot be asked, or cannot answer.
    """
    return asyncio.run(_asked(activity, question, answer))


async def _asked(activity: str, question: object, answer: Any) -> Any:
    settings = load()
    engine = await looking.connected(settings, running.read(settings.var))
    try:
        return await answer_of(engine, activity, question, answer)
    except ActivityFailureError as error:
        raise Complaint(why(error)) from None
    except RPCError as error:
        if error.status is RPCStatusCode.UNIMPLEMENTED or "standalone" in error.message.lower():
            raise Complaint(
                "This engine knows no activities without a workflow: they need Temporal's server "
                f"1.31 or later, with activity.enableStandalone on. It says: {error.message}"
            ) from None
        raise


async def answer_of(engine: Client, activity: str, question: object, answer: Any) -> Any:
    """
    What the control worker of *engine* answers to *question*.

    Raises:
        ActivityFailureError: If it did not answer, or not well.
        RPCError: If the engine refuses the question.
    """
    return await engine.execute_activity(
        activity,
        question,
        id=f"asked/{secrets.token_hex(8)}",
        task_queue=Queue.CONTROL,
        result_type=answer,
        schedule_to_start_timeout=BEGUN_WITHIN,
        schedule_to_close_timeout=ANSWERED_WITHIN,
        retry_policy=TWICE,
    )


def why(error: ActivityFailureError) -> str:
    """What to say of a question that was not answered."""
    cause = error.cause
    if isinstance(cause, ApplicationError):
        return f"The control worker cannot answer: {cause.message}"
    return (
        f"No control worker answered within {BEGUN_WITHIN.total_seconds():g} s: "
        "`contexten status` shows who works, `contexten worker --queues control` starts one."
    )
