"""On what terms runs work, as whoever has the tools of runs knows them."""

from datetime import timedelta

from temporalio import workflow

from contexten.agent import Terms
from contexten.queues import Queue
from contexten.retry import RetryRule
from workflows.options import timing

RULE = RetryRule(
    max_delay=timedelta(seconds=10),
    attempt_timeout=timedelta(seconds=10),
    deadline=timedelta(days=1),
)


async def read_terms() -> Terms:
    """On what terms a run works that begins now."""
    terms: Terms = await workflow.execute_activity(
        "tools.read_terms", result_type=Terms, task_queue=Queue.TOOLS, **timing(RULE)
    )
    return terms
