"""What a change of a platform's gate means for the incident that is open there."""

from datetime import datetime

from contexten.breaker import Breaker, State
from contexten.gate import WHOLE, Batch, Gate
from contexten.incident import Incident, Kind, opened

NOTHING_WAITED = "the probes were good, and no call was waiting"


def followed(
    incident: Incident | None, platform: str, before: Gate, after: Gate, told: Batch, now: datetime
) -> Incident | None:
    """
    The incident of *platform* once its gate went from *before* to *after*.

    It is opened by the first breaker that opens and closed when all are closed again: by the
    real calls that passed, or by probes where none was waiting. What a person forces is noted.

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
                noted(incident, what, now) or begun(platform, breaker, what, told, now) or incident
            )
    if incident and incident.open and recovered(before, after):
        proof = f"{told.proof} passed" if told.proof else NOTHING_WAITED
        return incident.recovered(now, proof)
    if incident and trickles(after) and not trickles(before):
        return incident.noted(now, "the probes are good; a trickle of real calls goes out")
    return incident


def noted(incident: Incident | None, what: str, now: datetime) -> Incident | None:
    """*incident* with *what* noted; None if there is none that is open."""
    return incident.noted(now, what) if incident and incident.open else None


def begun(
    platform: str, breaker: Breaker, what: str, told: Batch, now: datetime
) -> Incident | None:
    """A new incident, if *breaker* opened and nobody forced it to."""
    if breaker.state is not State.OPEN or breaker.forced:
        return None
    said = f"{what}; {told.example}" if told.example else what
    return opened(platform, Kind.BREAKER, said, told.first_failure_at or now, now)


def recovered(before: Gate, after: Gate) -> bool:
    """Whether all breakers are closed now that were not before, nobody having forced one."""
    closed = all(b.state is State.CLOSED and not b.forced for b in after.breakers.values())
    return closed and any(b.state is not State.CLOSED for b in before.breakers.values())


def trickles(gate: Gate) -> bool:
    """Whether real calls are proving that the platform is well."""
    return gate.trickling_since is not None
