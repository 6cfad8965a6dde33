"""An incident is opened by what broke, closed by what proves health, and left alone by drills."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gates import RULES, Story, bad, good, seconds

from contexten.breaker import Forced
from contexten.gate import Batch, Gate
from contexten.incident import Incident, Kind
from contexten.outage import ANSWERED, NOTHING_WAITED, fatal_followed, followed, heard, unproven

WINDOW = timedelta(seconds=60)


@dataclass
class Told(Story):
    """A gate with its incident, as the entity has them."""

    incident: Incident | None = None
    known: Batch = field(default_factory=Batch)

    def turned(self, before: Gate, at: float) -> "Told":
        """What follows once the gate is another."""
        now = seconds(at)
        self.incident = followed(self.incident, "github", before, self.gate, self.known, now)
        self.known = unproven(self.known, self.gate)
        return self

    def told(self, batch: Batch, at: float) -> "Told":
        before = self.gate
        self.known = heard(self.known, batch, before, self.incident, WINDOW)
        super().told(batch, at)
        return self.turned(before, at)

    def tick(self, at: float) -> "Told":
        before = self.gate
        super().tick(at)
        return self.turned(before, at)

    def probe(self, at: float, *, well: bool, group: str = "all") -> "Told":
        before = self.gate
        super().probe(at, well=well, group=group)
        return self.turned(before, at)

    def force(self, forced: Forced | None, at: float) -> "Told":
        before = self.gate
        self.gate = self.gate.forced(forced, seconds(at))
        return self.turned(before, at)

    @property
    def open_incident(self) -> Incident:
        """The one that is open."""
        assert self.incident is not None
        assert self.incident.open
        return self.incident

    @property
    def proof(self) -> str | None:
        """What closed it."""
        assert self.incident is not None
        return self.incident.proof


def said(incident: Incident) -> list[str]:
    return [moment.what for moment in incident.timeline]


def test_an_outage_is_one_incident_from_its_first_failure_to_the_calls_that_passed() -> None:
    story = Told()
    for n in range(3):
        story.told(bad(1, "write", at=seconds(n)), n + 0.5)
    story.tick(63).probe(64, well=False).tick(190).probe(191, well=True).probe(191, well=True)
    story.told(good(2, "write", proof="github.post_comment"), 192)

    incident = story.incident
    assert incident is not None
    assert incident.first_failure_at == seconds(0)
    assert (incident.mttd, incident.mttr) == (timedelta(seconds=2.5), timedelta(seconds=192))
    assert incident.proof == "github.post_comment passed"
    assert "the breaker of github is half_open: 3 failures in a row" in said(incident)
    assert "the probes are good; a trickle of real calls goes out" in said(incident)
    assert incident.what.endswith("; 503")


def test_probes_close_it_where_nothing_waited_and_what_was_good_before_is_no_proof() -> None:
    story = Told().told(good(9), 0).told(replace(bad(3), proof="github.read_file"), 1)
    story.tick(61).told(good(9), 62).probe(63, well=True).probe(63, well=True).tick(73)

    assert story.proof == NOTHING_WAITED


def test_calls_that_were_answered_though_refused_are_told_as_such() -> None:
    story = Told().told(bad(3), 0).tick(60).probe(61, well=True).probe(61, well=True)

    story.told(good(2, proof=""), 62)

    assert story.proof == ANSWERED


def test_a_failure_long_before_is_not_the_first_of_an_outage() -> None:
    story = Told().told(bad(1, at=seconds(0)), 0).told(good(5), 1).told(good(5), 100)

    story.told(bad(3, at=seconds(200)), 200)

    assert story.open_incident.first_failure_at == seconds(200)


def test_failures_in_a_row_are_one_stretch_however_slowly_they_come() -> None:
    story = Told()
    for n in range(3):
        story.told(bad(1, at=seconds(100 * n)), 100 * n)

    assert story.open_incident.mttd == timedelta(seconds=200)


def test_failures_between_good_calls_are_one_stretch_while_the_breaker_looks_back() -> None:
    story = Told().told(bad(1, at=seconds(0)), 0).told(good(1), 1).told(bad(1, at=seconds(9)), 9)
    mixed = replace(good(1), first_failure_at=seconds(20))

    assert heard(story.known, mixed, Gate(), None, WINDOW).first_failure_at == seconds(9)
    assert heard(story.known, mixed, Gate(), None, WINDOW / 10).first_failure_at == seconds(20)


def test_who_forces_a_broken_platform_closed_ends_no_incident_before_a_call_is_good() -> None:
    story = Told().told(bad(3), 0).force(Forced.CLOSED, 5).told(bad(2), 6)
    assert story.force(None, 7).open_incident
    assert story.told(bad(1), 8).open_incident

    story.told(good(1), 9)

    assert story.proof == "github.read_file passed"
    assert "the breaker of github is closed: forced to closed" in said(story.incident or NONE)


NONE = Incident("", "", Kind.BREAKER, "", datetime.min, datetime.min)  # noqa: DTZ901 - never read


def test_a_drill_is_no_incident_unless_its_probes_fail() -> None:
    story = Told().force(Forced.OPEN, 0).force(None, 60)
    assert story.incident is None

    story.tick(60).probe(61, well=False)

    assert story.open_incident.what.startswith("the breaker of github is open: a probe failed")


def test_a_drill_leaves_an_incident_that_is_over_as_it_was() -> None:
    story = Told().told(bad(3), 0).tick(60).probe(61, well=True).probe(61, well=True).tick(71)
    over = story.incident

    story.force(Forced.OPEN, 80).force(None, 90).tick(90).probe(91, well=True)
    story.probe(91, well=True).tick(101)

    assert over is not None
    assert story.incident == over


def test_a_group_alone_has_an_incident_too() -> None:
    story = Told().told(bad(3, "write", whole=False), 0)
    assert (
        story.open_incident.what
        == "the breaker of github's write is open: 3 failures in a row; 503"
    )

    story.tick(60).probe(61, well=True, group="write").probe(61, well=True, group="write")

    assert story.incident is not None
    assert not story.incident.open


def test_what_only_a_person_can_mend_is_an_incident_until_a_call_is_good() -> None:
    fatal = Batch(fatal="no token")
    incident = fatal_followed(None, "github", fatal, seconds(0))
    assert incident is not None
    assert (incident.kind, incident.what) == (Kind.FATAL, "no token")

    assert fatal_followed(incident, "github", fatal, seconds(1)) is incident
    assert fatal_followed(incident, "github", good(3, proof=""), seconds(1)) is incident
    assert fatal_followed(incident, "github", replace(good(), fatal="x"), seconds(1)) is incident
    over = fatal_followed(incident, "github", good(), seconds(2))
    assert over is not None
    assert over.proof == "github.read_file passed"
    again = fatal_followed(over, "github", fatal, seconds(9))
    assert again is not None
    assert again.open
    assert fatal_followed(None, "github", good(), seconds(0)) is None


def test_nothing_is_noted_while_nothing_changes() -> None:
    story = Told(rules=RULES).told(good(3), 0).tick(5)

    assert story.incident is None
