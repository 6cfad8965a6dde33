"""
What a round of checks amounts to, given the rounds before it.

                bad_rounds bad ones in a row
    HEALTHY ─────────────────────────────────▶ UNHEALTHY
       ▲      (the first makes it DEGRADED)        │
       └───────────────────────────────────────────┘
         good_rounds good ones in a row, and for an integration
         each of them with a real call that went well since

A round in which a check saw nothing new, or nothing at all, counts for neither.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from contexten.health import LONGEST_SAID, Family, Result, Status
from contexten.incident import Incident, Kind, opened
from contexten.orders import MARKUP, clean

MOST_UNTOLD = 100


@dataclass(frozen=True, slots=True)
class RoundRule:
    """
    How sure to be.

    Attributes:
        bad_rounds: Bad rounds in a row that make a check unhealthy; at least 1.
        good_rounds: Good ones in a row that make it healthy again; at least 1.
    """

    bad_rounds: int = 2
    good_rounds: int = 2


@dataclass(frozen=True, slots=True)
class Standing:
    """
    How a check stands after a round.

    Attributes:
        result: What it found in that round.
        status: What it is taken for.
        since: Since when it is taken for that.
        bad: Bad rounds in a row.
        good: Good rounds in a row, of those after it became unhealthy.
        failing_since: When the first of the bad rounds was; None if the last was good.
        bad_at: When the last bad round was; None if none was.
    """

    result: Result
    status: Status
    since: datetime
    bad: int = 0
    good: int = 0
    failing_since: datetime | None = None
    bad_at: datetime | None = None

    @property
    def is_unhealthy_critical(self) -> bool:
        """Whether the service level is to suffer."""
        return self.result.critical and self.status is Status.UNHEALTHY

    def then(self, result: Result, rule: RoundRule) -> "Standing":
        """How it stands after one more round with *result*."""
        if result.status is Status.UNKNOWN:
            held = self.status is Status.UNHEALTHY
            return self._taken_for(self.status if held else Status.UNKNOWN, result)
        if result.status is Status.UNHEALTHY:
            return self._bad(result, rule)
        return self._good(result, rule)

    def _bad(self, result: Result, rule: RoundRule) -> "Standing":
        if self._is_no_news(result):
            return replace(self, result=result)
        found = replace(
            self,
            bad=self.bad + 1,
            good=0,
            failing_since=self.failing_since or result.at,
            bad_at=result.at,
        )
        sure = found.bad >= rule.bad_rounds or self.status is Status.UNHEALTHY
        return found._taken_for(Status.UNHEALTHY if sure else Status.DEGRADED, result)

    def _good(self, result: Result, rule: RoundRule) -> "Standing":
        if self.status is not Status.UNHEALTHY:
            found = replace(self, bad=0, good=0, failing_since=None)
            return found._taken_for(result.status, result)
        if self._is_no_news(result) or not self._is_proof(result):
            return replace(self, result=result)
        if self.good + 1 < rule.good_rounds:
            return replace(self, result=result, bad=0, good=self.good + 1)
        found = replace(self, bad=0, good=0, failing_since=None)
        return found._taken_for(result.status, result)

    def _is_no_news(self, result: Result) -> bool:
        return result.seen_at == self.result.seen_at and result.status is self.result.status

    def _is_proof(self, result: Result) -> bool:
        if result.family is not Family.INTEGRATION:
            return True
        proven, bad = result.proven_at, self.bad_at
        return proven is not None and (bad is None or proven > bad)

    def _taken_for(self, status: Status, result: Result) -> "Standing":
        since = self.since if status is self.status else result.at
        return replace(self, result=result, status=status, since=since)


@dataclass(frozen=True, slots=True)
class Round:
    """
    How every check stands after a round.

    Attributes:
        at: When the round was, UTC.
        untold: Incidents that could not be kept yet; the next round tries again.
    """

    at: datetime
    standings: tuple[Standing, ...] = ()
    untold: tuple[Incident, ...] = ()

    @property
    def unhealthy_critical(self) -> tuple[str, ...]:
        """The critical checks that are unhealthy, by name."""
        return tuple(one.result.name for one in self.standings if one.is_unhealthy_critical)

    def then(self, results: Iterable[Result], rule: RoundRule, now: datetime) -> "Round":
        """How they stand after one more round; a check that was not in it is forgotten."""
        known = {one.result.name: one for one in self.standings}
        return Round(now, tuple(judged(known.get(one.name), one, rule) for one in results))

    def incidents(self, before: "Round") -> list[Incident]:
        """What has become unhealthy since the round *before*, and what is well again, by proof."""
        known = {one.result.name: one for one in before.standings}
        return [
            incident
            for one in self.standings
            if one.result.critical
            and (incident := changed(known.get(one.result.name), one)) is not None
        ]


def put_together(incidents: Iterable[Incident]) -> tuple[Incident, ...]:
    """*incidents*, each once; of very many the latest ``MOST_UNTOLD``."""
    found: dict[str, Incident] = {}
    for one in incidents:
        known = found.get(one.id)
        found[one.id] = one if known is None else known.merged(one)
    return tuple(found.values())[-MOST_UNTOLD:]


def judged(before: Standing | None, result: Result, rule: RoundRule) -> Standing:
    """How a check stands with *result*, given how it stood *before*."""
    if before is not None:
        return before.then(result, rule)
    unseen = replace(result, status=Status.UNKNOWN)
    return Standing(unseen, Status.UNKNOWN, result.at).then(result, rule)


def changed(before: Standing | None, after: Standing) -> Incident | None:
    """The incident that *after* begins or ends; None if it does neither."""
    was = before is not None and before.status is Status.UNHEALTHY
    if after.status is Status.UNHEALTHY:
        return None if was else incident_of(after)
    if before is None or not was:
        return None
    proof = f"{after.result.name} is {after.status}: {after.result.said}"
    return incident_of(before).recovered(after.result.at, proof)


def incident_of(standing: Standing) -> Incident:
    """The incident of a check that is unhealthy: the same one in every round."""
    first = standing.failing_since or standing.since
    what = f"the health check {standing.result.name} is unhealthy"
    found = opened(standing.result.name, Kind.HEALTH, what, first, standing.since)
    return found.noted(standing.result.at, standing.result.said or "it says nothing")


def as_markdown(found: Round) -> str:
    """A round as a table: how it is shown in the Web UI."""
    bad = found.unhealthy_critical
    said = f"**unhealthy: {', '.join(bad)}**" if bad else "Nothing critical is unhealthy."
    rows = [
        f"| {one.result.name}{' (critical)' if one.result.critical else ''} | {one.status} "
        f"| {plain(one.result.said)} |"
        for one in found.standings
    ]
    return "\n".join([said, "", "| check | is | says |", "|---|---|---|", *rows])


def plain(text: str) -> str:
    """*text* in one line, without what Markdown would make something of."""
    return clean(MARKUP.sub("", text), LONGEST_SAID)
