"""The calls that went out say how a platform does, and when it is to be probed."""

from datetime import UTC, datetime, timedelta

import pytest

from contexten.health import Status
from contexten.limits import Limits
from contexten.traffic import (
    Probe,
    Traffic,
    TrafficRule,
    allowance,
    error_rate,
    integration,
    is_left_alone,
    is_quiet,
    latency,
    throughput,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
RULE = TrafficRule()
EARLIER = NOON - SECOND
SOME = Traffic("slack", calls=9, failures=1, well_at=NOON, failed_at=EARLIER, said="503")


def calls(failures: int, limited: int = 0) -> Traffic:
    """A hundred calls."""
    return Traffic("slack", 100, failures, limited, 0.2, NOON, NOON, "503")


def test_a_platform_nobody_called_is_not_known() -> None:
    found = integration(Traffic("slack"), RULE)

    assert (found.status, found.said) == (Status.UNKNOWN, "no call in the last 60 s")


@pytest.mark.parametrize(
    ("failures", "status"),
    [(0, Status.HEALTHY), (9, Status.HEALTHY), (10, Status.DEGRADED), (50, Status.UNHEALTHY)],
)
def test_many_calls_are_judged_by_how_many_failed(failures: int, status: Status) -> None:
    assert integration(calls(failures), RULE).status is status


def test_a_few_calls_are_judged_by_the_last() -> None:
    failing = Traffic("slack", 9, 1, well_at=EARLIER, failed_at=NOON, said="503")
    well = Traffic("slack", 9, well_at=NOON)

    assert integration(failing, RULE).status is Status.UNHEALTHY
    assert integration(SOME, RULE).status is Status.DEGRADED
    assert integration(well, RULE).status is Status.HEALTHY


def test_it_says_what_failed_and_when_the_last_call_was() -> None:
    found = integration(SOME, RULE)

    assert found.said == "1 of 9 calls failed; the last of: 503"
    assert (found.seen_at, found.proven_at) == (NOON, NOON)


def test_being_limited_is_no_failure_but_not_healthy_either() -> None:
    found = integration(calls(0, limited=3), RULE)

    assert found.status is Status.DEGRADED
    assert found.said == "0 of 100 calls failed, 3 were told to slow down"


def test_calls_that_neither_failed_nor_went_well_prove_nothing() -> None:
    found = integration(Traffic("slack", calls=3, limited=2), RULE)

    assert found.status is Status.UNKNOWN
    assert found.said == "0 of 3 calls failed, 2 were told to slow down; none went well"


def test_a_probe_counts_as_a_call() -> None:
    well = Probe("slack", True, "ok", 0.3, NOON)
    failed = Probe("slack", False, "ServerError: 503", 0.3, NOON)
    none = Traffic("slack")

    assert integration(none.probed(well), RULE).status is Status.HEALTHY
    assert integration(none.probed(failed), RULE).status is Status.UNHEALTHY
    assert none.probed(failed).said == "ServerError: 503"
    assert none.probed(None) is none


def test_too_few_calls_say_nothing_of_latency_and_errors() -> None:
    for judge in (latency, error_rate):
        assert judge(SOME, RULE).status is Status.UNKNOWN
        assert judge(Traffic(), RULE).said == "only 0 calls in the last 5 min"


def test_our_own_work_is_measured() -> None:
    assert (latency(calls(0), RULE).value, latency(calls(0), RULE).unit) == (0.2, "s")
    assert (error_rate(calls(50), RULE).value, error_rate(calls(50), RULE).unit) == (50.0, "%")
    assert throughput(calls(0), RULE).value == 20.0


def test_a_platform_is_probed_when_nothing_was_heard_of_it_for_a_while() -> None:
    assert is_quiet(None, Status.UNKNOWN, RULE, NOON)
    assert is_quiet(NOON - RULE.quiet, Status.HEALTHY, RULE, NOON)
    assert not is_quiet(NOON - RULE.quiet + SECOND, Status.HEALTHY, RULE, NOON)


def test_a_platform_that_failed_is_probed_sooner() -> None:
    assert is_quiet(NOON - RULE.quiet_after_failure, Status.UNHEALTHY, RULE, NOON)
    assert not is_quiet(NOON - SECOND, Status.UNHEALTHY, RULE, NOON)


def test_a_platform_nothing_is_known_of_is_probed_in_every_round() -> None:
    assert is_quiet(NOON, Status.UNKNOWN, RULE, NOON)


def test_a_share_of_nothing_is_nothing() -> None:
    assert Traffic().failure_rate == 0


@pytest.mark.parametrize(
    ("standing", "left_alone"),
    [
        (None, False),
        ("garbled", False),
        ({}, False),
        ({"rate": None, "because": "", "limited": {}}, False),
        ({"rate": 0.0, "because": "held by degradation: all is unwell"}, False),
        ({"rate": 0.0, "because": "paused by ada: incident 42"}, True),
        ({"rate": 0.0, "because": "breaker open: 5 failures in a row"}, True),
        ({"rate": 2.0, "because": "work returns in a ramp"}, False),
        ({"rate": None, "limited": {"read": "2026-01-01T12:00:00+00:00"}}, True),
    ],
)
def test_a_platform_that_wants_to_be_left_alone_is_not_probed(
    standing: object, left_alone: bool
) -> None:
    assert is_left_alone(standing) is left_alone


@pytest.mark.parametrize(
    ("left", "status"),
    [(600, Status.HEALTHY), (500, Status.DEGRADED), (1, Status.DEGRADED), (0, Status.UNHEALTHY)],
)
def test_a_limit_that_is_nearly_used_up_is_seen_before_it_is_reached(
    left: int, status: Status
) -> None:
    said = Limits(left, 5000, NOON + SECOND, EARLIER)

    assert allowance(said, RULE, NOON).status is status


def test_a_limit_is_whole_again_once_it_was_reset() -> None:
    found = allowance(Limits(0, 5000, NOON, EARLIER), RULE, NOON)

    assert (found.status, found.value) == (Status.HEALTHY, 5000)
    assert (found.said, found.proven_at) == ("5000 of 5000 requests left", NOON)
