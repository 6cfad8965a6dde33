"""Puts the newest rules on whatever a workflow schedules, and says what it is about."""

from collections.abc import Callable
from typing import Any

from temporalio import workflow
from temporalio.worker import (
    Interceptor,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

from contexten.calls import ABOUT
from contexten.operations import PLATFORMS
from contexten.retry import RetryRule
from workflows.effects import about
from workflows.options import RULE, parkable


class InForce(Interceptor):
    """
    Has workflows schedule activities under the rules in force, not those they were built with.

    Options are no part of what a replay compares, and the policy used stands in the history. So
    this changes options and headers, and never what a workflow does.
    """

    def __init__(self, rule_for: Callable[[str], RetryRule | None]) -> None:
        """
        Args:
            rule_for: The rule of an operation as this process knows it; None if it has none.
        """
        self._rule_for = rule_for

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002
    ) -> type[WorkflowInboundInterceptor]:
        """Hand the rules into the workflow, which has no other way to them."""
        input.unsafe_extern_functions[RULE] = self._rule_for
        return Inbound


class Inbound(WorkflowInboundInterceptor):
    """Around a workflow: only what goes out of it matters."""

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        """Stand in the way out."""
        super().init(Outbound(outbound))


class Outbound(WorkflowOutboundInterceptor):
    """In the way out of a workflow."""

    def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[Any]:  # noqa: A002
        """
        Schedule an activity under the rule in force, if it is a call to a platform.

        A probe is none, on a queue beside its platform's: it is made once, and tells. Nor is a
        deed of our own, whose workflow knows how long it can wait.
        """
        rule = workflow.extern_functions()[RULE](input.activity)
        if rule is not None and input.task_queue in PLATFORMS:
            for name, value in parkable(rule).items():
                setattr(input, name, value)
        told = about()
        if told:
            payload = workflow.payload_converter().to_payload(told)
            input.headers = {**input.headers, ABOUT: payload}
        return super().start_activity(input)
