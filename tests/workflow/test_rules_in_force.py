"""A platform call is scheduled under the rule in force; a probe and our own deeds are not."""

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from contexten.queues import Queue, probes_of
from contexten.retry import RetryRule, rule_for
from workflows.interceptor import InForce

IN_FORCE = timedelta(seconds=17)
DECLARED = timedelta(seconds=3)


@workflow.defn(name="AsksOnce")
class AsksOnce:
    @workflow.run
    async def run(self, operation: str, queue: str) -> str:
        try:
            await workflow.execute_activity(
                operation,
                task_queue=queue,
                start_to_close_timeout=DECLARED,
                retry_policy=RetryPolicy(maximum_attempts=1),
            )
        except ActivityError:
            return "failed"
        return "went well"


def in_force(operation: str) -> RetryRule:
    return replace(rule_for(operation), attempt_timeout=IN_FORCE)


async def scheduled(client: Client, operation: str, queue: str) -> Any:
    """How *operation* is scheduled on *queue*, and that it fails if it is tried once."""
    queue_of_workflow, tried = f"rules-{uuid.uuid4().hex}", []

    @activity.defn(name=operation)
    async def deed() -> None:
        tried.append(operation)
        if queue != Queue.SLACK:
            raise ValueError("not well")

    async with (
        Worker(
            client,
            task_queue=queue_of_workflow,
            workflows=[AsksOnce],
            interceptors=[InForce(in_force)],
            workflow_runner=UnsandboxedWorkflowRunner(),
        ),
        Worker(client, task_queue=queue, activities=[deed]),
    ):
        handle = await client.start_workflow(
            AsksOnce.run,
            args=[operation, queue],
            id=queue_of_workflow,
            task_queue=queue_of_workflow,
            run_timeout=timedelta(seconds=20),
        )
        await handle.result()
        assert tried == [operation]
        events = (await handle.fetch_history()).events
    name = "activity_task_scheduled_event_attributes"
    return next(getattr(event, name) for event in events if event.HasField(name))


async def test_a_platform_call_is_scheduled_under_the_rule_in_force(temporal: Client) -> None:
    found = await scheduled(temporal, "slack.post_message", Queue.SLACK)

    assert found.start_to_close_timeout.ToTimedelta() == IN_FORCE


async def test_the_policy_in_force_stands_in_the_history(temporal: Client) -> None:
    found = await scheduled(temporal, "slack.post_message", Queue.SLACK)

    rule = in_force("slack.post_message")
    assert found.retry_policy.maximum_attempts == 0  # how often is decided by category
    assert found.retry_policy.initial_interval.ToTimedelta() == rule.base_delay
    assert found.retry_policy.maximum_interval.ToTimedelta() == rule.max_delay
    assert list(found.header.fields) == []


@pytest.mark.parametrize(
    ("operation", "queue"),
    [("slack.probe_group", probes_of("slack")), ("control.save_health", Queue.CONTROL)],
)
async def test_a_probe_and_our_own_deeds_keep_what_was_declared_for_them(
    temporal: Client, operation: str, queue: str
) -> None:
    found = await scheduled(temporal, operation, queue)

    assert found.start_to_close_timeout.ToTimedelta() == DECLARED
    assert found.retry_policy.maximum_attempts == 1
