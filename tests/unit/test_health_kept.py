"""Health rounds are kept for a while, and the ledger says how calls went of late."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attempts import BAD, GOOD, NOON, ledger_at

from activities.stores.database import Database
from activities.stores.health import Rounds
from activities.stores.traffic import Calls
from contexten.health import Check, Family, Reading, Result, Status
from contexten.health_history import HistoryWanted
from contexten.health_round import Round, RoundRule
from contexten.ledger import Attempt, Outcome
from contexten.traffic import Traffic, TrafficRule

APART = timedelta(seconds=15)
RULE = TrafficRule()
CHECKS = (Check("disk", Family.SYSTEM, critical=True), Check("slack", Family.INTEGRATION))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = Database(f"sqlite:///{tmp_path}/ledger.db")
    yield found
    found.close()


def made(rounds: int, *checks: Check) -> list[Round]:
    """As many rounds, in which everything alternates between well and unwell."""
    last, found = Round(NOON), []
    for n in range(rounds):
        at = NOON + n * APART
        status = Status.UNHEALTHY if n % 2 else Status.HEALTHY
        reading = Reading(status, f"round {n}", float(n), "%")
        results = [Result.of(check, reading, at, timedelta(seconds=0.5)) for check in checks]
        last = last.then(results, RoundRule(), at)
        found.append(last)
    return found


def seen(path: Path, *attempts: Attempt, **rule: Any) -> tuple[Traffic, dict[str, Traffic]]:
    """What is seen at noon of these attempts."""
    url = f"sqlite:///{path}/ledger.db"
    with ledger_at(url) as ledger:
        for one in attempts:
            ledger.record(one)
    return Calls(Database(url)).seen(("github", "slack"), replace(RULE, **rule), NOON)


def test_the_latest_round_is_shown_with_those_before_it(database: Database) -> None:
    kept = Rounds(database, timedelta(days=1))
    for one in made(5, *CHECKS):
        kept.save(one)

    disk, slack = kept.shown(HistoryWanted(most=3))

    assert (disk.latest.name, slack.latest.name) == ("disk", "slack")
    assert (disk.latest.at, disk.latest.said) == (NOON + 4 * APART, "round 4")
    assert disk.before == (Status.HEALTHY, Status.UNHEALTHY, Status.HEALTHY)
    assert disk.values == (2.0, 3.0, 4.0)
    assert (disk.latest.critical, slack.latest.critical) == (True, False)


def test_one_family_is_shown_alone(database: Database) -> None:
    kept = Rounds(database, timedelta(days=1))
    kept.save(made(1, *CHECKS)[0])

    (found,) = kept.shown(HistoryWanted(Family.SYSTEM))

    assert found.latest.name == "disk"


def test_a_check_that_is_no_longer_made_is_not_shown(database: Database) -> None:
    kept = Rounds(database, timedelta(days=1))
    first, second = made(2, *CHECKS)
    kept.save(first)
    kept.save(replace(second, standings=second.standings[:1]))

    assert [one.latest.name for one in kept.shown(HistoryWanted())] == ["disk"]


def test_a_round_kept_twice_is_kept_once(database: Database) -> None:
    kept = Rounds(database, timedelta(days=1))
    for _ in range(2):
        kept.save(made(1, *CHECKS)[0])

    assert [len(one.before) for one in kept.shown(HistoryWanted())] == [1, 1]


def test_rounds_past_their_retention_are_removed(database: Database) -> None:
    kept = Rounds(database, 2 * APART)
    for one in made(10, *CHECKS):
        kept.save(one)

    assert [len(one.before) for one in kept.shown(HistoryWanted(most=500))] == [3, 3]


def test_nothing_is_shown_where_nothing_is_kept(database: Database) -> None:
    kept = Rounds(database, APART)
    kept.save(Round(NOON))

    assert kept.shown(HistoryWanted()) == ()


def test_a_text_no_database_could_keep_is_kept_all_the_same(database: Database) -> None:
    odd = Reading(Status.UNHEALTHY, "nul \0 and half \ud800")
    result = Result.of(CHECKS[0], odd, NOON, APART)
    kept = Rounds(database, APART)

    kept.save(Round(NOON).then([result], RoundRule(), NOON))

    assert kept.shown(HistoryWanted())[0].latest.said.startswith("nul")


def test_calls_are_counted_by_platform_and_all_together(tmp_path: Path) -> None:
    before = NOON - timedelta(seconds=1)
    total, platforms = seen(
        tmp_path, replace(GOOD, at=before, latency_s=0.5), replace(BAD, platform="slack")
    )

    assert (total.calls, total.failures) == (2, 1)
    assert platforms["github"] == Traffic("github", 1, 0, 0, 0.5, before, None)
    assert platforms["slack"].failures == 1
    assert (platforms["slack"].failed_at, platforms["slack"].well_at) == (NOON, None)
    assert platforms["slack"].said == "GitHub answered 503"


def test_nothing_went_out_where_there_is_no_ledger_yet(tmp_path: Path) -> None:
    assert seen(tmp_path) == (
        Traffic(),
        {"github": Traffic("github"), "slack": Traffic("slack")},
    )


def test_only_recent_calls_tell_of_a_platform(tmp_path: Path) -> None:
    old = replace(GOOD, at=NOON - RULE.recent - timedelta(seconds=1))

    total, platforms = seen(tmp_path, old)

    assert (total.calls, platforms["github"].calls) == (1, 0)


@pytest.mark.parametrize(
    ("different", "failures", "limited"),
    [
        ({"category": "client_error", "error_type": "ClientError"}, 0, 0),
        ({"category": "transient", "error_type": "RateLimitedError"}, 0, 1),
        ({"category": "authentication", "error_type": "AuthenticationError"}, 1, 0),
        ({"category": "fatal", "error_type": "FatalError"}, 0, 0),
        ({"outcome": Outcome.LOST, "category": None, "error_type": None}, 1, 0),
    ],
)
def test_what_speaks_against_a_platform_is_told_from_what_does_not(
    tmp_path: Path, different: dict[str, Any], failures: int, limited: int
) -> None:
    total, _ = seen(tmp_path, replace(BAD, **different))

    assert (total.calls, total.failures, total.limited) == (1, failures, limited)


@pytest.mark.parametrize("outcome", [Outcome.PARKED, Outcome.SKIPPED])
def test_what_did_not_go_out_is_no_call(tmp_path: Path, outcome: Outcome) -> None:
    assert seen(tmp_path, replace(BAD, outcome=outcome))[0].calls == 0


@pytest.mark.parametrize(("slow", "p95_s"), [(5, 0.1), (7, 9.0)])
def test_the_slowest_twentieth_does_not_make_the_latency(
    tmp_path: Path, slow: int, p95_s: float
) -> None:
    many = [replace(GOOD, latency_s=9.0 if n < slow else 0.1) for n in range(101)]

    assert seen(tmp_path, *many)[0].p95_s == p95_s
