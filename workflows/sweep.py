"""The missed-delivery sweep: what GitHub could not deliver is asked for again."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():  # or the converter does not know datetime
    from contexten.github import Attempt, FailedDeliveries, Redelivery, Scope, ScopeKind

from activities.github import GithubActivities
from contexten import sweep
from workflows.options import request


@dataclass(frozen=True, slots=True)
class Sweep:
    """
    Whose webhooks are swept, and how stubbornly.

    Attributes:
        repositories: ``owner/name`` of each repository.
        organizations: The name of each organisation.
        app: Whether those of our GitHub App are.
        rule: When a delivery is asked for again.
    """

    repositories: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    app: bool = False
    rule: sweep.Rule = field(default_factory=sweep.Rule)

    @property
    def scopes(self) -> list[Scope]:
        """Everything that has webhooks to look at."""
        return [
            *(Scope(ScopeKind.REPOSITORY, name) for name in self.repositories),
            *(Scope(ScopeKind.ORGANIZATION, name) for name in self.organizations),
            *([Scope(ScopeKind.APP)] if self.app else []),
        ]


@dataclass(frozen=True, slots=True)
class Swept:
    """
    What a sweep found and did.

    Attributes:
        missing: Deliveries that never arrived.
        redelivered: Those of them that GitHub was now asked to repeat.
        refused: Those of them that GitHub would not repeat.
        given_up: Those of them that were tried as often as the rule allows.
        unreadable: What could not be looked at, and why.
    """

    missing: int = 0
    redelivered: int = 0
    refused: int = 0
    given_up: int = 0
    unreadable: tuple[str, ...] = ()

    def __add__(self, other: "Swept") -> "Swept":
        """Both together."""
        return Swept(
            self.missing + other.missing,
            self.redelivered + other.redelivered,
            self.refused + other.refused,
            self.given_up + other.given_up,
            self.unreadable + other.unreadable,
        )

    def __str__(self) -> str:
        """It in one line."""
        counts = f"{self.redelivered} of {self.missing} missing deliveries asked for again"
        more = f", {self.refused} refused, {self.given_up} given up"
        return counts + more + "".join(f"\n\n- cannot look at {why}" for why in self.unreadable)


@workflow.defn
class SweepWorkflow:
    """
    Look for deliveries that never arrived, and have GitHub repeat those that are due.

    Workflow ID: ``sweep-<time>``, started by the schedule ``sweep``, which never runs two at once.
    What cannot be looked at is named in the result, and the rest is swept all the same.
    """

    @workflow.run
    async def run(self, wanted: Sweep) -> Swept:
        each = await asyncio.gather(*(swept(scope, wanted.rule) for scope in wanted.scopes))
        total = sum(each, Swept())
        workflow.set_current_details(str(total))
        return total


async def swept(scope: Scope, rule: sweep.Rule) -> Swept:
    """Look at the webhooks of *scope*, and have redelivered what is due."""
    try:
        attempts = await failed_deliveries(scope, rule)
    except ActivityError as error:
        return Swept(unreadable=(f"{scope}: {error.cause}",))
    due = sweep.due(attempts, rule, workflow.now())
    redelivered = sum([await redeliver(scope, attempt) for attempt in due])
    return Swept(
        missing=len(sweep.by_delivery(attempts)),
        redelivered=redelivered,
        refused=len(due) - redelivered,
        given_up=sweep.given_up(attempts, rule),
    )


async def failed_deliveries(scope: Scope, rule: sweep.Rule) -> Sequence[Attempt]:
    """
    The attempts of all deliveries to *scope* that never arrived.

    Raises:
        ActivityError: If GitHub does not let us see them.
    """
    operation = "github.list_failed_deliveries"
    return await workflow.execute_activity_method(
        GithubActivities.list_failed_deliveries,
        FailedDeliveries(scope, workflow.now() - rule.retention),
        **request(operation, str(scope)),
    )


async def redeliver(scope: Scope, attempt: Attempt) -> bool:
    """Have GitHub repeat *attempt*; whether it will."""
    operation = "github.redeliver"
    try:
        await workflow.execute_activity_method(
            GithubActivities.redeliver,
            Redelivery(scope, attempt),
            **request(operation, f"{attempt.event} {attempt.guid}"),
        )
    except ActivityError as error:
        workflow.logger.warning("not redelivered: %s: %s", attempt.guid, error.cause)
        return False
    return True
