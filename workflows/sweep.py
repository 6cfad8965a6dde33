"""The missed-delivery sweep: what GitHub could not deliver is asked for again."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from temporalio import exceptions, workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():  # or the converter does not know datetime
    from contexten.github import Attempt, Redelivery, Scope, ScopeKind

from activities.control import ControlActivities
from activities.github import GithubActivities
from contexten import sweep
from contexten.degradation import Flag, is_on
from contexten.errors import RateLimitedError, TransientError
from workflows.options import request

CONCERNING_ALL = (RateLimitedError.__name__, TransientError.__name__)


@dataclass(frozen=True, slots=True)
class Sweep:
    """
    Whose webhooks are swept, and how stubbornly.

    Attributes:
        repositories: ``owner/name`` of each repository.
        organizations: The name of each organisation.
        app: Whether those of our GitHub App are.
        rule: When a delivery is asked for again.
        door: The public base address of our door, by which our webhooks are told from those
            of others; None to tell them by their path.
    """

    repositories: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    app: bool = False
    rule: sweep.Rule = field(default_factory=sweep.Rule)
    door: str | None = None

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
        missing: Deliveries that never arrived, as far as this sweep looked back.
        redelivered: Those of them that GitHub was now asked to repeat.
        refused: Those of them that GitHub would not repeat.
        given_up: Those of them that were tried as often as the rule allows.
        unreadable: What could not be looked at, and why.
        thorough_at_s: When a sweep last looked back all the way, seconds since 1970, UTC.
        postponed: Those of them that the next sweep asks for, as GitHub limits us.
        note: Why nothing was looked at; None if it was.
    """

    missing: int = 0
    redelivered: int = 0
    refused: int = 0
    given_up: int = 0
    unreadable: tuple[str, ...] = ()
    thorough_at_s: float = 0.0
    postponed: int = 0
    note: str | None = None

    def __add__(self, other: "Swept") -> "Swept":
        """Both together."""
        return Swept(
            self.missing + other.missing,
            self.redelivered + other.redelivered,
            self.refused + other.refused,
            self.given_up + other.given_up,
            self.unreadable + other.unreadable,
            postponed=self.postponed + other.postponed,
        )

    def __str__(self) -> str:
        """It in one line."""
        if self.note:
            return self.note
        counts = f"{self.redelivered} of {self.missing} missing deliveries asked for again"
        more = f", {self.refused} refused, {self.given_up} given up, {self.postponed} postponed"
        return counts + more + "".join(f"\n\n- cannot look at {why}" for why in self.unreadable)


@workflow.defn
class SweepWorkflow:
    """
    Look for deliveries that never arrived, and have GitHub repeat those that are due.

    Workflow ID: ``sweep-<time>``, started by the schedule ``sweep``, which never runs two at once.
    What cannot be looked at is named in the result, and the rest is swept all the same.
    At a level without background rounds it skips its turn. Nothing is lost by that: the next
    thorough sweep finds what this one would have.
    """

    @workflow.run
    async def run(self, wanted: Sweep) -> Swept:
        now, last = workflow.now(), last_thorough()
        if workflow.patched("level") and (off := await switched_off()):
            workflow.set_current_details(off)
            return Swept(thorough_at_s=last.timestamp() if last else 0.0, note=off)
        thorough = sweep.is_thorough(wanted.rule, last, now)
        back = wanted.rule.retention if thorough else timedelta(seconds=wanted.rule.glance_s)
        looks = (
            sweep.Look(scope, now - back, now, wanted.rule, wanted.door) for scope in wanted.scopes
        )
        each = await asyncio.gather(*map(swept, looks))
        latest = now if thorough or last is None else last
        total = replace(sum(each, Swept()), thorough_at_s=latest.timestamp())
        workflow.set_current_details(str(total))
        return total


def last_thorough() -> datetime | None:
    """When a sweep of this schedule last looked back all the way; None if none did."""
    last = workflow.get_last_completion_result(Swept)
    return datetime.fromtimestamp(last.thorough_at_s, UTC) if last else None


async def switched_off() -> str | None:
    """Why this round is off; None if it is on, or nobody can say how the service stands."""
    try:
        level = await workflow.execute_activity_method(
            ControlActivities.read_level, **await request("control.read_level")
        )
    except ActivityError:
        return None
    if is_on(Flag.BACKGROUND_ROUNDS, level):
        return None
    return f"Nothing is swept at level {level}; the next thorough sweep finds it all."


async def swept(look: sweep.Look) -> Swept:
    """Look, and have redelivered what is due."""
    try:
        found = await seen(look)
    except ActivityError as error:
        return Swept(unreadable=(f"{look.scope}: {error.cause}",))
    redelivered = refused = 0
    for attempt in found.due:
        try:
            await redeliver(look.scope, attempt)
            redelivered += 1
        except ActivityError as error:
            workflow.logger.warning("not redelivered: %s: %s", attempt.guid, error.cause)
            if concerns_all(error):
                break
            refused += 1
    postponed = len(found.due) - redelivered - refused
    return Swept(found.missing, redelivered, refused, found.given_up, postponed=postponed)


def concerns_all(error: ActivityError) -> bool:
    """Whether the next call would fare no better: GitHub limits us, or cannot be reached."""
    cause = error.cause
    told = isinstance(cause, ApplicationError) and cause.type in CONCERNING_ALL
    return told or isinstance(cause, exceptions.TimeoutError)


async def seen(look: sweep.Look) -> sweep.Seen:
    """
    What never arrived.

    Raises:
        ActivityError: If GitHub does not let us see it.
    """
    operation = "github.list_failed_deliveries"
    return await workflow.execute_activity_method(
        GithubActivities.list_failed_deliveries, look, **await request(operation, str(look.scope))
    )


async def redeliver(scope: Scope, attempt: Attempt) -> None:
    """
    Have GitHub repeat *attempt*.

    Raises:
        ActivityError: If it will not.
    """
    operation = "github.redeliver"
    await workflow.execute_activity_method(
        GithubActivities.redeliver,
        Redelivery(scope, attempt),
        **await request(operation, f"{attempt.event} {attempt.guid}"),
    )
