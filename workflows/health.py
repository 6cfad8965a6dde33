"""The health round: look at everything, remember how it stands, tell who has to know."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from temporalio import exceptions, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():  # or the converter does not know datetime
    from contexten.gate import WHOLE, Batch
    from contexten.health import Result
    from contexten.health_round import Round, RoundRule, as_markdown, put_together
    from contexten.incident import Incident
    from contexten.outcomes import outcome
    from contexten.traffic import Probe, TrafficRule, is_quiet

from activities.control import ControlActivities, HealthActivities
from contexten.errors import FatalError, RateLimitedError
from contexten.queues import probes_of

AT_MOST = timedelta(seconds=10)
TWICE = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=2)
KEEPING: dict[str, Any] = {
    "start_to_close_timeout": AT_MOST,
    "schedule_to_close_timeout": 2 * AT_MOST,
    "retry_policy": TWICE,
}
NOT_MADE = (FatalError.__name__, RateLimitedError.__name__)
PROBED = "read"
"""The group of calls whose cheapest honest equivalent a probe makes."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    What a round is for.

    Attributes:
        probed: The platforms that are asked something if no call has gone there of late.
        rule: How sure to be.
    """

    probed: tuple[str, ...] = ()
    rule: RoundRule = field(default_factory=RoundRule)


@workflow.defn
class HealthWorkflow:
    """
    Make all health checks, and tell the service level how many critical ones are unhealthy.

    Workflow ID: ``health-<time>``, started by the schedule ``health``, which never runs two at
    once. How things stood before is the result of the round before. What cannot be kept, or
    told, is logged, and the round goes on; an incident is tried again in the next.
    """

    @workflow.run
    async def run(self, wanted: Wanted) -> Round:
        before = workflow.get_last_completion_result(Round) or Round(workflow.now())
        asked = await asyncio.gather(*(probe(name) for name in await chosen(before, wanted)))
        probes = [found for found in asked if found is not None]
        results = await checked(probes)
        found = before.then(results, wanted.rule, workflow.now())
        workflow.set_current_details(as_markdown(found))
        await told(found)
        if probes and workflow.patched("feeds-breakers"):
            await asyncio.gather(*map(fed, probes))
        return await kept(found, before)


def quiet(before: Round, wanted: Wanted) -> list[str]:
    """The platforms to probe: nothing has been heard of them of late."""
    known = {one.result.name: one.result for one in before.standings}
    now = workflow.now()
    return [
        name
        for name in wanted.probed
        if (found := known.get(name)) is None
        or is_quiet(found.seen_at, found.status, TrafficRule(), now)
    ]


async def chosen(before: Round, wanted: Wanted) -> list[str]:
    """Those of the quiet platforms that may be probed; none if nobody knows."""
    names = quiet(before, wanted)
    if not names:
        return []
    try:
        return await workflow.execute_activity_method(
            HealthActivities.choose_probed, names, **KEEPING
        )
    except ActivityError:
        return []


async def probe(platform: str) -> Probe | None:
    """Have a cheap real call made, and see how it goes; None if that says nothing of it."""
    began = workflow.now()
    try:
        said = await workflow.execute_activity(
            f"{platform}.probe_group",
            PROBED,
            task_queue=probes_of(platform),
            schedule_to_start_timeout=AT_MOST / 2,
            start_to_close_timeout=AT_MOST,
            retry_policy=RetryPolicy(maximum_attempts=1),
            result_type=str,
            summary=f"how {platform} does",
        )
        well = True
    except ActivityError as error:
        if says_nothing(error.cause):
            return None
        said, well = str(error.cause), False
    now = workflow.now()
    return Probe(platform, well, said, (now - began).total_seconds(), now)


def says_nothing(cause: BaseException | None) -> bool:
    """Whether a probe was not made at all, for want of a worker or of a token, or not yet."""
    if isinstance(cause, exceptions.TimeoutError):
        return cause.type is exceptions.TimeoutType.SCHEDULE_TO_START
    return isinstance(cause, ApplicationError) and cause.type in NOT_MADE


async def checked(probes: Iterable[Probe]) -> tuple[Result, ...]:
    """What every check finds."""
    return await workflow.execute_activity_method(
        HealthActivities.check_health,
        list(probes),
        start_to_close_timeout=AT_MOST,
        schedule_to_close_timeout=3 * AT_MOST,
        retry_policy=TWICE,
    )


async def told(found: Round) -> None:
    """Tell the service level; that there is none is no error."""
    names = found.unhealthy_critical
    said = {"unhealthy_critical": len(names), "unhealthy": list(names)}
    try:
        level = workflow.get_external_workflow_handle("degradation")
        await level.signal("health_reported", said)
    except ApplicationError:
        workflow.logger.debug("nobody holds the service level")


async def fed(probe: Probe) -> None:
    """Have the platform's breaker count *probe*, as it counts any call."""
    one = outcome(failed=not probe.well)
    batch = Batch(
        outcomes={PROBED: one, WHOLE: one},
        example="" if probe.well else f"a probe: {probe.said}",
        proof="a probe" if probe.well else "",
        first_failure_at=None if probe.well else probe.at,
    )
    try:
        gate = workflow.get_external_workflow_handle(f"platform/{probe.platform}")
        await gate.signal("outcomes_reported", batch)
    except ApplicationError:
        workflow.logger.debug("nobody holds the gate of %s", probe.platform)


async def kept(found: Round, before: Round) -> Round:
    """Keep the round, and what it began or ended; with what could not be kept of the latter."""
    new = put_together((*before.untold, *found.incidents(before)))
    if not new or workflow.patched("keeps-incidents-first"):
        saved, _ = await asyncio.gather(
            asyncio.gather(*map(saved_incident, new)), saved_round(found)
        )
        untold = (one for one, done in zip(new, saved, strict=True) if not done)
        return replace(found, untold=tuple(untold))
    if await saved_round(found):
        for incident in new:
            if not await saved_incident(incident):
                break
    return found


async def saved_incident(incident: Incident) -> bool:
    """Keep *incident*; False if it could not be."""
    try:
        await workflow.execute_activity_method(
            ControlActivities.save_incident, incident, summary=incident.what, **KEEPING
        )
    except ActivityError as error:
        workflow.logger.warning("the incident %s is not kept: %s", incident.id, error.cause)
        return False
    return True


async def saved_round(found: Round) -> bool:
    """Keep *found*; False if it could not be."""
    try:
        await workflow.execute_activity_method(HealthActivities.save_health, found, **KEEPING)
    except ActivityError as error:
        workflow.logger.warning("the round is not kept: %s", error.cause)
        return False
    return True
