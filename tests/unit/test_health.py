"""A check is declared, and a round of checks is judged by the rounds before it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contexten.health import Bounds, Check, Family, Reading, Result, Status, check, check_of
from contexten.health_history import HistoryWanted
from contexten.health_round import Round, RoundRule, as_markdown, put_together
from contexten.incident import Kind

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
APART = timedelta(seconds=15)
RULE = RoundRule()
GOOD, FAIR, BAD, UNKNOWN = Status.HEALTHY, Status.DEGRADED, Status.UNHEALTHY, Status.UNKNOWN
DISK = Check("disk", Family.SYSTEM, critical=True)
SLACK = Check("slack", Family.INTEGRATION, critical=True)


def found(one: Check, reading: Reading, round_: int) -> Result:
    """What *one* found in a round, of which the first is 0."""
    return Result.of(one, reading, NOON + round_ * APART, timedelta(seconds=0.1))


def rounds(one: Check, *readings: Status | Reading, rule: RoundRule = RULE) -> list[Round]:
    """The rounds in which *one* found that, each a while after the one before."""
    made, last = [], Round(NOON)
    for n, reading in enumerate(readings):
        read = reading if isinstance(reading, Reading) else Reading(reading, "as it is")
        last = last.then([found(one, read, n)], rule, NOON + n * APART)
        made.append(last)
    return made


def taken_for(one: Check, *readings: Status | Reading) -> list[Status]:
    """What *one* is taken for after each of these rounds."""
    return [made.standings[0].status for made in rounds(one, *readings)]


def called(status: Status, seen_round: int, well_round: int | None = None) -> Reading:
    """A reading of calls, of which the last was in one round and the last good one in another."""
    well = None if well_round is None else NOON + well_round * APART
    return Reading(status, "calls", seen_at=NOON + seen_round * APART, proven_at=well)


def test_what_is_well_at_first_sight_is_taken_for_healthy() -> None:
    assert taken_for(DISK, GOOD) == [GOOD]


def test_one_bad_round_makes_a_check_degraded_and_two_make_it_unhealthy() -> None:
    assert taken_for(DISK, GOOD, BAD, BAD) == [GOOD, FAIR, BAD]
    assert taken_for(DISK, BAD, BAD) == [FAIR, BAD]


def test_a_good_round_between_two_bad_ones_forgets_the_first() -> None:
    assert taken_for(DISK, BAD, GOOD, BAD, GOOD) == [FAIR, GOOD, FAIR, GOOD]


def test_two_good_rounds_in_a_row_make_a_check_healthy_again() -> None:
    assert taken_for(DISK, BAD, BAD, GOOD, BAD, GOOD, FAIR) == [FAIR, BAD, BAD, BAD, BAD, FAIR]


def test_an_unhealthy_check_that_knows_nothing_stays_unhealthy() -> None:
    assert taken_for(DISK, BAD, BAD, UNKNOWN, UNKNOWN) == [FAIR, BAD, BAD, BAD]
    assert taken_for(DISK, GOOD, UNKNOWN) == [GOOD, UNKNOWN]


def test_a_check_that_knew_nothing_for_a_while_was_bad_in_a_row_all_the_same() -> None:
    assert taken_for(DISK, BAD, UNKNOWN, BAD)[-1] is BAD


def test_the_same_failure_seen_in_two_rounds_is_one_bad_round() -> None:
    assert taken_for(SLACK, called(BAD, 0), called(BAD, 0)) == [FAIR, FAIR]
    assert taken_for(SLACK, called(BAD, 0), called(BAD, 1)) == [FAIR, BAD]


def test_an_integration_is_well_again_only_by_a_call_that_went_well_since_it_was_unhealthy() -> (
    None
):
    bad = called(BAD, 0), called(BAD, 1)
    without_proof = called(GOOD, 2, 1), called(GOOD, 3, 1), called(GOOD, 4)
    proof = called(GOOD, 5, 5), called(GOOD, 6, 6)

    assert taken_for(SLACK, *bad, *without_proof) == [FAIR, BAD, BAD, BAD, BAD]
    assert taken_for(SLACK, *bad, *without_proof, *proof)[-2:] == [BAD, GOOD]


def test_one_good_call_seen_in_two_rounds_is_one_good_round() -> None:
    bad = called(BAD, 0), called(BAD, 1)

    assert taken_for(SLACK, *bad, called(GOOD, 2, 2), called(GOOD, 2, 2))[-1] is BAD


def test_a_check_that_calls_by_itself_is_its_own_proof() -> None:
    assert taken_for(SLACK, BAD, BAD, GOOD, GOOD)[-1] is GOOD


def test_only_critical_checks_that_are_unhealthy_lower_the_service_level() -> None:
    cpu = Check("cpu", Family.SYSTEM)

    assert rounds(DISK, BAD)[-1].unhealthy_critical == ()
    assert rounds(DISK, BAD, BAD)[-1].unhealthy_critical == ("disk",)
    assert rounds(cpu, BAD, BAD)[-1].unhealthy_critical == ()


def test_a_check_that_is_no_longer_there_is_forgotten() -> None:
    bad = rounds(DISK, BAD, BAD)[-1]

    assert bad.then([], RULE, NOON).unhealthy_critical == ()


def test_since_says_when_it_was_first_taken_for_what_it_is() -> None:
    last = rounds(DISK, BAD, BAD, BAD, BAD)[-1].standings[0]

    assert (last.since, last.failing_since) == (NOON + APART, NOON)


def test_an_incident_begins_with_the_second_bad_round_and_ends_with_the_second_good_one() -> None:
    made = [Round(NOON), *rounds(DISK, BAD, BAD, BAD, GOOD, GOOD, GOOD)]

    told = [after.incidents(before) for before, after in pairwise(made)]

    assert [len(one) for one in told] == [0, 1, 0, 0, 1, 0]
    [began], [ended] = told[1], told[4]
    assert (began.id, began.kind, began.platform) == (ended.id, Kind.HEALTH, "disk")
    assert began.open
    assert (began.mttd, ended.mttr) == (APART, 4 * APART)
    assert ended.proof == "disk is healthy: as it is"


def test_what_is_told_of_an_incident_again_is_put_together_with_what_was() -> None:
    made = [Round(NOON), *rounds(DISK, BAD, BAD, GOOD, GOOD)]
    [began], [ended] = made[2].incidents(made[1]), made[4].incidents(made[3])

    (one,) = put_together([began, ended, began])

    assert (one.id, one.open, one.proof) == (began.id, False, ended.proof)
    assert put_together([]) == ()


def test_what_is_not_critical_begins_no_incident() -> None:
    made = rounds(Check("cpu", Family.SYSTEM), BAD, BAD)

    assert made[1].incidents(made[0]) == []


def test_a_round_is_shown_as_a_table_that_no_check_can_break() -> None:
    odd = Reading(BAD, "a | b\nc `x` <i>")

    shown = as_markdown(rounds(DISK, odd, odd)[-1])

    assert "**unhealthy: disk**" in shown
    assert shown.splitlines()[-1] == "| disk (critical) | unhealthy | a b c x i |"
    assert "Nothing critical" in as_markdown(Round(NOON))


@given(st.lists(st.sampled_from([GOOD, FAIR, BAD, UNKNOWN]), max_size=30))
def test_a_check_is_never_unhealthy_without_two_bad_rounds_nor_well_without_a_good_one(
    readings: list[Status],
) -> None:
    for n, status in enumerate(taken_for(DISK, *readings)):
        seen = [one for one in readings[: n + 1] if one is not UNKNOWN]
        if status is BAD:
            assert seen.count(BAD) >= RULE.bad_rounds
            assert seen[-1] is BAD or BAD in seen[-RULE.good_rounds :]
        elif status in (GOOD, FAIR) and seen[-1] is not BAD:
            assert seen[-1] is status


@given(st.lists(st.sampled_from([GOOD, BAD, UNKNOWN]), min_size=1, max_size=30))
def test_a_check_that_flaps_every_round_never_changes_the_level(readings: list[Status]) -> None:
    flapping = [one for reading in readings for one in (reading, GOOD)]

    assert BAD not in taken_for(DISK, *flapping)


def test_a_function_is_declared_to_be_a_check() -> None:
    @check("licence", family=Family.APPLICATION, critical=True)
    def licence() -> Reading:
        return Reading(GOOD)

    assert check_of(licence) == Check("licence", Family.APPLICATION, critical=True)
    assert licence().status is GOOD
    assert check_of(found) is None


@pytest.mark.parametrize(
    "odd",
    [
        {"name": ""},
        {"timeout": timedelta()},
        {"timeout": timedelta(seconds=9)},
    ],
)
def test_a_check_that_cannot_be_is_refused(odd: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        replace(DISK, **odd)


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), 10**400, "1", True])
def test_a_value_that_is_no_number_is_left_out(value: Any) -> None:
    assert found(DISK, Reading(GOOD, value=value), 0).value is None


def test_what_a_check_says_is_cut() -> None:
    assert len(found(DISK, Reading(GOOD, "x" * 1000), 0).said) == 300


def test_bounds_belong_to_the_worse_side() -> None:
    assert Bounds(0.5, 0.5).status(0.5) is BAD


@pytest.mark.parametrize("most", [0, 501])
def test_no_more_history_is_asked_for_than_is_sane(most: int) -> None:
    with pytest.raises(ValueError, match="most is 1 to 500"):
        HistoryWanted(most=most)
