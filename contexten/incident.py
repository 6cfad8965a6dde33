"""
An incident, as a value: a stretch of failure, from the first failure to the proof of health.

    first failure ──▶ detected ──▶ mitigated ──▶ recovered
          │  MTTD        │                           │
          │◀────────────▶│                           │
          │                  MTTR                    │
          │◀────────────────────────────────────────▶│

Only proof ends one: a later probe of the real operation that went well. Every method
answers with the next incident, and what is said twice changes nothing: who holds an
incident may tell the store of it as often as it likes, in any order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from contexten.ledger import shortened

FIRST_MOMENTS = 20
LAST_MOMENTS = 80
MOST_INCIDENTS = 100
TIMES = ("opened_at", "first_failure_at", "mitigated_at", "recovered_at")


class Kind(StrEnum):
    """What an incident was noticed by."""

    BREAKER = "breaker"
    HEALTH = "health"
    FATAL = "fatal"
    LEDGER = "ledger"


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """
    One line of a timeline.

    Attributes:
        at: When, UTC.
        what: What happened, in plain words.
    """

    at: datetime
    what: str


@dataclass(frozen=True, slots=True)
class Incident:
    """
    A stretch of failure of one platform, or of a part of ours.

    Attributes:
        id: Its name: ``github-breaker-20260101T120000.000Z``.
        platform: What failed: ``github``, ``linear``, ``slack``, or a part of ours.
        kind: What it was noticed by.
        what: What failed, in plain words.
        opened_at: When it was detected, UTC.
        first_failure_at: When the first failure of the stretch was, UTC; never after
            ``opened_at``.
        mitigated_at: When something was first done about it, such as holding the queue; or None.
        recovered_at: When health was proven; None while it is open.
        proof: What proved it; None while it is open.
        timeline: What happened, in order; of a long one the first and the last moments.
    """

    id: str
    platform: str
    kind: Kind
    what: str
    opened_at: datetime
    first_failure_at: datetime
    mitigated_at: datetime | None = None
    recovered_at: datetime | None = None
    proof: str | None = None
    timeline: tuple[Moment, ...] = ()

    @property
    def open(self) -> bool:
        """Whether health is yet to be proven."""
        return self.recovered_at is None

    @property
    def mttd(self) -> timedelta:
        """The time to detect: from the first failure until it was noticed."""
        return self.opened_at - self.first_failure_at

    @property
    def mttr(self) -> timedelta | None:
        """The time to recover: from the first failure to the proof of health; None while open."""
        return None if self.recovered_at is None else self.recovered_at - self.first_failure_at

    def noted(self, at: datetime, what: str) -> Self:
        """It happened *at* that time, too."""
        return replace(self, timeline=in_order([*self.timeline, Moment(at, shortened(what))]))

    def mitigated(self, at: datetime, what: str) -> Self:
        """Something was done about it; the first such thing gives the time."""
        return replace(self.noted(at, what), mitigated_at=earlier(self.mitigated_at, at))

    def recovered(self, at: datetime, proof: str) -> Self:
        """Health is proven; a second proof changes nothing."""
        if not self.open:
            return self
        said = shortened(proof)
        return replace(self.noted(at, f"recovered: {said}"), recovered_at=at, proof=said)

    def merged(self, other: Self) -> Self:
        """
        What both know, whichever is newer: the same for either order, and for one told twice.

        Raises:
            ValueError: If *other* is another incident.
        """
        if other.id != self.id:
            raise ValueError(f"{other.id} is not {self.id}")
        one, two = sorted((self, other), key=_seniority)
        proven = min((i for i in (one, two) if not i.open), key=_proof, default=one)
        return replace(
            one,
            opened_at=min(one.opened_at, two.opened_at),
            first_failure_at=min(one.first_failure_at, two.first_failure_at),
            mitigated_at=earlier(one.mitigated_at, two.mitigated_at),
            recovered_at=proven.recovered_at,
            proof=proven.proof,
            timeline=in_order([*one.timeline, *two.timeline]),
        )

    def as_json(self) -> dict[str, Any]:
        """The incident for a memo, a file or a machine; times in ISO 8601, durations in seconds."""
        times = {name: getattr(self, name) for name in TIMES}
        return {
            "id": self.id,
            "platform": self.platform,
            "kind": str(self.kind),
            "what": self.what,
            **{name: at and at.isoformat() for name, at in times.items()},
            "proof": self.proof,
            "open": self.open,
            "mttd_s": self.mttd.total_seconds(),
            "mttr_s": None if self.mttr is None else self.mttr.total_seconds(),
            "timeline": [{"at": m.at.isoformat(), "what": m.what} for m in self.timeline],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """
        The incident that :meth:`as_json` gave; what else stands in *data* does not matter.

        Raises:
            ValueError: If *data* is no incident.
        """
        try:
            fields: dict[str, Any] = {name: str(data[name]) for name in ("id", "platform", "what")}
            fields |= {name: read(data[name]) for name in TIMES if data.get(name)}
            timeline = [Moment(read(m["at"]), str(m["what"])) for m in data.get("timeline", ())]
            fields |= {"kind": Kind(data["kind"]), "proof": data.get("proof")}
            return cls(**fields, timeline=in_order(timeline))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"this is no incident: {error!r}") from error


@dataclass(frozen=True, slots=True)
class IncidentsWanted:
    """
    Which incidents are asked for. What is None does not matter.

    Attributes:
        id: Only the one of this id.
        platform: Only those of this platform.
        open_only: Only those that are open.
        most: How many at most, the latest; 1 to ``MOST_INCIDENTS``.
    """

    id: str | None = None
    platform: str | None = None
    open_only: bool = False
    most: int = 20

    def __post_init__(self) -> None:
        """
        Raises:
            ValueError: If ``most`` is out of bounds.
        """
        if not 1 <= self.most <= MOST_INCIDENTS:
            raise ValueError(f"most is 1 to {MOST_INCIDENTS}, not {self.most}")


def opened(
    platform: str, kind: Kind, what: str, first_failure_at: datetime, now: datetime
) -> Incident:
    """
    A new incident, detected *now*. Its id is the same whoever opens it for the same reason.

    >>> noon = datetime(2026, 1, 1, 12)
    >>> opened("slack", Kind.BREAKER, "5 failures in a row", noon, noon).id
    'slack-breaker-20260101T120000.000Z'
    """
    moment = f"{now:%Y%m%dT%H%M%S}.{now.microsecond // 1000:03d}Z"
    first = min(first_failure_at, now)
    said = shortened(what)
    new = Incident(f"{platform}-{kind}-{moment}", platform, kind, said, now, first)
    told = new.noted(first, "first failure") if first < now else new
    return told.noted(now, f"detected: {said}")


def in_order(moments: Iterable[Moment]) -> tuple[Moment, ...]:
    """*moments* in order, each once; of many only the first and the last."""
    whole = tuple(sorted(set(moments)))
    if len(whole) <= FIRST_MOMENTS + LAST_MOMENTS:
        return whole
    return whole[:FIRST_MOMENTS] + whole[-LAST_MOMENTS:]


def earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """The earlier of two times, of which either may be missing."""
    return min((at for at in (one, other) if at is not None), default=None)


def read(text: str) -> datetime:
    """The time that *text* says in ISO 8601."""
    return datetime.fromisoformat(text)


def _seniority(incident: Incident) -> tuple[datetime, str, str, str]:
    return incident.opened_at, incident.what, incident.platform, incident.kind


def _proof(incident: Incident) -> tuple[datetime, str]:
    return incident.recovered_at or incident.opened_at, incident.proof or ""
