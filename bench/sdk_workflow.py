"""The plain workflow: one activity, awaited."""

from datetime import timedelta
from typing import Any

from temporalio import workflow

QUEUE = "sdk"


@workflow.defn
class PlainDelivery:
    """Workflow ID: ``sdk/<delivery id>``."""

    @workflow.run
    async def run(self, payload: dict[str, Any]) -> None:
        """Do what the delivery asks for."""
        number = payload["issue"]["number"]
        await workflow.execute_activity(
            "triage", number, start_to_close_timeout=timedelta(seconds=30)
        )
