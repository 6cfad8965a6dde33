"""What a change of a platform's gate means for the incident that is open there."""

from dataclasses import replace
from datetime import datetime, timedelta

from contexten.breaker import Breaker, State
from contexten.gate import WHOLE, Batch, Gate
from contexten.incident import Incident, Kind, opened
from contexten.outcomes import Outcomes

NOTHING_WAITED = "the probes were good, and no call was waiting"
ANSWERED = "the probes were good, and the calls that waited were answered"


def followed(
    incident: Incident | None, platform: str, before: Gate, after: Gate, told: Batch, now: datetime
) -> Incident | None:
    """
    The incident of *platform* once its gate went from *before* to *after*.

    It is opened by the first breaker that opens and closed when all are closed again: by the
    real calls that passed, or by probes where none was waiting. What a person forces is noted,
    and proves nothing: then a good call must come.

    Args:
        told: What the workers told last: what failed first, and what was good last.
    """
    for group, breaker in after.breakers.items():
        was = before.breakers[group]
        if (was.state, was.forced) != (breaker.state, breaker.forced):
            name = platform if group == WHOLE else f"{platform}'s {group}"
            what = f"the breaker of {name} is {breaker.state}"
            what += f": {breaker.why}" if breaker.why else ""
            incident = (
                noted(incident, what, now)
                or begun(platform, was, breaker, what, told, now)
                or incident
            )
    if incident is None or not incident.open:
        return incident
    if recovered(before, after) or (is_well(after) and proven(told)):
        return incident.recovered(now, proof_in(told))
    if trickles(after) and not trickles(before):
        return incident.noted(now, "the probes are good; a trickle of real calls goes out")
    return incident


def noted(incident: Incident | None, what: str, now: datetime) -> Incident | None:
    """*incident* with *what* noted; None if there is none that is open."""
    return incident.noted(now, what) if incident and incident.open else None


def begun(
    platform: str, was: Breaker, breaker: Breaker, what: str, told: Batch, now: datetime
) -> Incident | None:
    """A new incident, if *breaker* opened that *was* not open, and nobody forced it to."""
    if breaker.state is not State.OPEN or breaker.forced or was.state is State.OPEN:
        return None
    said = f"{what}; {told.example}" if told.example else what
    return opened(platform, Kind.BREAKER, said, told.first_failure_at or now, now)


def is_well(gate: Gate) -> bool:
    """Whether all breakers are closed, and nobody forced one."""
    return all(b.state is State.CLOSED and not b.forced for b in gate.breakers.values())


def recovered(before: Gate, after: Gate) -> bool:
    """Whether all breakers are closed now that were not before, nobody having forced one."""
    opened_before = any(b.state is not State.CLOSED for b in before.breakers.values())
    return opened_before and is_well(after)


def proven(told: Batch) -> bool:
    """Whether a call was good, and none failed besides."""
    return bool(told.proof) and not told.outcomes.get(WHOLE, Outcomes()).failures


def proof_in(told: Batch) -> str:
    """What proves that a platform whose breakers have closed is well."""
    if told.proof:
        return f"{told.proof} passed"
    return ANSWERED if told.outcomes.get(WHOLE, Outcomes()).successes else NOTHING_WAITED


def trickles(gate: Gate) -> bool:
    """Whether real calls are proving that the platform is well."""
    return gate.trickling_since is not None


def heard(
    known: Batch, batch: Batch, gate: Gate, incident: Incident | None, lasting: timedelta
) -> Batch:
    """
    What there is to know of the calls once *batch* is told and *known* was, for :func:`followed`.

    A failure belongs to the stretch of those before it if no call was good between them, or if
    it came within *lasting*, the time that the breaker looks back.
    """
    first, latest = known.first_failure_at, batch.first_failure_at
    if incident and incident.open:
        return replace(batch, first_failure_at=first or latest)
    outcomes = batch.outcomes.get(WHOLE, Outcomes())
    in_a_row = gate.whole.failures_in_a_row and not outcomes.successes
    recent = first and latest and latest - first <= lasting
    return replace(batch, first_failure_at=first if first and (in_a_row or recent) else latest)


def unproven(told: Batch, gate: Gate) -> Batch:
    """*told* without what was good before the breaker opened: it proves nothing by now."""
    proves = gate.whole.state is State.CLOSED or trickles(gate)
    return told if proves else replace(told, proof="", outcomes={})


def fatal_followed(
    incident: Incident | None, platform: str, batch: Batch, now: datetime
) -> Incident | None:
    """The incident of what nobody but a person can mend; a good call closes it."""
    is_open = incident is not None and incident.open
    if batch.fatal and not is_open:
        return opened(platform, Kind.FATAL, batch.fatal, now, now)
    if incident and is_open and batch.proof and not batch.fatal:
        return incident.recovered(now, f"{batch.proof} passed")
    return incident
