"""An incident lasts from the first failure to the proof of health, however its parts arrive."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contexten.incident import FIRST_MOMENTS, LAST_MOMENTS, Incident, Kind, opened

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    """So long after the first failure."""
    return NOON + timedelta(seconds=seconds)


NEW = opened("slack", Kind.BREAKER, "5 failures in a row", NOON, after(4))
WHOLE = NEW.mitigated(after(5), "the queue is held").recovered(after(70), "3 probes went well")

incidents = st.builds(
    lambda notes, held, proven: told(notes, held, proven),
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from("abc")), max_size=6),
    st.none() | st.integers(4, 60),
    st.none() | st.integers(4, 60),
)


def told(notes: list[tuple[int, str]], held: int | None, proven: int | None) -> Incident:
    """The incident as one who saw this much of it knows it."""
    incident = NEW
    for at, what in notes:
        incident = incident.noted(after(at), what)
    if held is not None:
        incident = incident.mitigated(after(held), "held")
    return incident if proven is None else incident.recovered(after(proven), f"proof {proven % 3}")


def test_the_time_to_detect_begins_with_the_first_failure() -> None:
    assert NEW.mttd == timedelta(seconds=4)


def test_the_time_to_recover_ends_with_the_proof() -> None:
    assert (NEW.open, NEW.mttr) == (True, None)
    assert (WHOLE.open, WHOLE.mttr) == (False, timedelta(seconds=70))
    assert WHOLE.proof == "3 probes went well"


def test_a_first_failure_is_never_after_the_detection() -> None:
    ahead = opened("slack", Kind.HEALTH, "a clock runs ahead", after(9), NOON)

    assert ahead.mttd == timedelta(0)


def test_the_timeline_tells_what_happened_in_order() -> None:
    told = WHOLE.noted(after(6), "a probe failed").timeline

    assert [moment.what for moment in told] == [
        "first failure",
        "detected: 5 failures in a row",
        "the queue is held",
        "a probe failed",
        "recovered: 3 probes went well",
    ]


def test_the_first_mitigation_gives_the_time() -> None:
    assert NEW.mitigated(after(9), "b").mitigated(after(7), "a").mitigated_at == after(7)


def test_a_second_proof_changes_nothing() -> None:
    assert WHOLE.recovered(after(99), "again") == WHOLE


def test_a_long_timeline_keeps_its_first_and_last_moments() -> None:
    long = NEW
    for second in range(1000):
        long = long.noted(after(10 + second), "a probe failed")

    assert len(long.timeline) == FIRST_MOMENTS + LAST_MOMENTS
    assert long.timeline[0].what == "first failure"
    assert long.timeline[-1].at == after(1009)


def test_a_long_text_is_cut() -> None:
    assert len(NEW.noted(NOON, "x" * 9999).timeline[0].what) < 1000


@given(incidents, incidents)
def test_merging_gives_the_same_in_either_order(one: Incident, two: Incident) -> None:
    assert one.merged(two) == two.merged(one)


@given(incidents, incidents)
def test_what_is_told_twice_changes_nothing(one: Incident, two: Incident) -> None:
    both = one.merged(two)

    assert one.merged(one) == one
    assert both.merged(two) == both


@given(incidents, incidents, incidents)
def test_merging_gives_the_same_however_it_is_grouped(
    one: Incident, two: Incident, three: Incident
) -> None:
    assert one.merged(two).merged(three) == one.merged(two.merged(three))


def test_an_earlier_telling_does_not_open_it_again() -> None:
    assert not WHOLE.merged(NEW).open


def test_two_incidents_are_not_merged() -> None:
    with pytest.raises(ValueError, match="is not"):
        NEW.merged(replace(NEW, id="another"))


@given(incidents)
def test_json_brings_back_the_same_incident(incident: Incident) -> None:
    assert Incident.from_json(json.loads(json.dumps(incident.as_json()))) == incident


def test_json_says_the_durations_in_seconds() -> None:
    said = WHOLE.as_json()

    assert (said["mttd_s"], said["mttr_s"], said["open"]) == (4.0, 70.0, False)


def test_json_of_a_later_version_is_read() -> None:
    assert Incident.from_json(WHOLE.as_json() | {"postmortem": "a link"}) == WHOLE


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"kind": "weather"},
        {"opened_at": "noon"},
        {"opened_at": 12},
        {"timeline": [3]},
        {"timeline": None},
    ],
)
def test_json_that_is_no_incident_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Incident.from_json(WHOLE.as_json() | wrong if wrong else {})
