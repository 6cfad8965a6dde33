"""The ledger takes every row at once, and keeps each until its time is over."""

import stat
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attempts import BAD, GOOD, NOON, QUICK, database_at, failures, ledger_at, row, wait_until
from sqlalchemy import Connection, inspect

from activities.stores.attempts import Attempts
from activities.stores.database import BadUrl, Database
from activities.stores.incidents import Incidents
from activities.stores.ledger import Ledger
from activities.stores.schema import MIGRATIONS, prepare, version_of
from contexten.incident import IncidentsWanted, Kind, opened
from contexten.ledger import By, FailuresWanted, Outcome


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A SQLite file that is not there yet, in a folder that is not there either."""
    return f"sqlite:///{tmp_path}/var/ledger.db"


def test_a_row_comes_back_as_it_went_in(url: str) -> None:
    with ledger_at(url) as ledger:
        ledger.record(BAD)

    assert failures(url) == (BAD,)


def test_closing_writes_what_waits(url: str) -> None:
    with ledger_at(url, replace(QUICK, batch_s=60.0)) as ledger:
        for number in range(700):
            ledger.record(row(number))

    assert len(failures(url)) == 700
    assert (ledger.written, ledger.lost, ledger.waiting) == (700, 0, 0)


def test_a_row_waits_for_others_but_not_for_long(url: str) -> None:
    with ledger_at(url) as ledger:
        ledger.record(GOOD)
        wait_until(lambda: ledger.written)


def test_rows_of_many_threads_are_all_kept(url: str) -> None:
    def make(first: int) -> None:
        for number in range(first, first + 100):
            ledger.record(row(number))

    with ledger_at(url) as ledger:
        threads = [threading.Thread(target=make, args=(n * 100,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert {one.workflow_id for one in failures(url)} == {f"github/{n}" for n in range(800)}


def test_a_row_written_twice_is_there_once(url: str) -> None:
    table = Attempts(Database(url))
    table.write(7, [(1, row(1))])
    table.write(7, [(1, row(1)), (2, row(2))])

    assert len(failures(url)) == 2


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, 5),
        ({"platform": "slack"}, 1),
        ({"operation": "github.create_issue"}, 1),
        ({"category": "transient"}, 1),
        ({"since": NOON + timedelta(seconds=4)}, 2),
        ({"platform": "slack", "category": "transient"}, 0),
        ({"most": 2}, 2),
    ],
)
def test_a_question_finds_what_it_asks_for(url: str, wanted: dict[str, Any], found: int) -> None:
    with ledger_at(url) as ledger:
        ledger.record(GOOD)
        ledger.record(row(1, platform="slack", operation="slack.post_message"))
        ledger.record(row(2, operation="github.create_issue"))
        ledger.record(row(3, category="transient"))
        ledger.record(row(4, outcome=Outcome.LOST))
        ledger.record(row(5))
        ledger.record(row(6, outcome=Outcome.PARKED))

    assert len(failures(url, **wanted)) == found


def test_the_latest_failures_come_first(url: str) -> None:
    with ledger_at(url) as ledger:
        for number in (2, 3, 1):
            ledger.record(row(number))

    assert [one.workflow_id for one in failures(url, most=2)] == ["github/3", "github/2"]


def test_a_summary_counts_failures_and_good_attempts(url: str) -> None:
    with ledger_at(url) as ledger:
        for number in range(3):
            ledger.record(row(number % 2))
            ledger.record(GOOD)
        ledger.record(row(9, operation="github.create_issue"))
        ledger.record(replace(GOOD, operation="github.add_label"))

    found = Attempts(Database(url)).summary(FailuresWanted(by=By.OPERATION))

    assert [(one.name, one.attempts, one.failures, one.workflows) for one in found] == [
        ("github.post_comment", 6, 3, 2),
        ("github.create_issue", 1, 1, 1),
    ]
    assert (found[0].first_at, found[0].last_at) == (NOON, NOON + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("by", "names"),
    [
        (By.PLATFORM, {"github"}),
        (By.CATEGORY, {"server_error", "transient"}),
        (By.TYPE, {"ServerError", ""}),
    ],
)
def test_a_summary_groups_by_what_is_asked(url: str, by: By, names: set[str]) -> None:
    with ledger_at(url) as ledger:
        ledger.record(row(1))
        ledger.record(row(2, category="transient", error_type=None))

    assert {one.name for one in Attempts(Database(url)).summary(FailuresWanted(by=by))} == names


@pytest.mark.parametrize(
    "odd",
    [
        row(1, message="a\0b", context="\ud800"),
        row(1, message="x" * 100_000),
        replace(row(1), at=NOON.replace(tzinfo=None)),
    ],
    ids=["NUL and half a character", "long", "without a zone"],
)
def test_an_odd_row_is_kept_as_well_as_it_can_be(url: str, odd: Any) -> None:
    with ledger_at(url) as ledger:
        ledger.record(odd)

    (kept,) = failures(url)
    assert len(kept.message or "") <= 300
    assert kept.at.tzinfo is not None
    assert ledger.lost == 0


def test_a_row_that_no_database_takes_costs_no_other(url: str) -> None:
    losses: list[int] = []
    with ledger_at(url, replace(QUICK, batch_s=0.2), losses.append) as ledger:
        ledger.record(row(1))
        ledger.record(row(2, attempt=10**30))
        ledger.record(row(3, at="noon"))
        ledger.record(row(4, latency_s="long"))
        ledger.record(None)  # type: ignore[arg-type]
        ledger.record(row(5))

    assert [one.workflow_id for one in failures(url)] == ["github/5", "github/1"]
    assert ledger.lost == sum(losses) == 4


def test_old_rows_go_in_small_steps(url: str) -> None:
    now = datetime.now(UTC)
    kept = replace(QUICK, retention=timedelta(days=30), prune_rows=10, prune_every_s=0.01)
    with ledger_at(url) as ledger:
        for number in range(95):
            ledger.record(replace(BAD, at=now - timedelta(days=31, seconds=number)))
        ledger.record(replace(BAD, at=now - timedelta(days=29)))
    with ledger_at(url, kept):
        wait_until(lambda: len(failures(url)) == 1)

    assert len(failures(url)) == 1


def test_a_row_recorded_after_closing_is_counted_as_lost(url: str) -> None:
    with ledger_at(url) as ledger:
        pass

    ledger.record(BAD)

    assert (ledger.lost, ledger.waiting) == (1, 0)


def test_a_ledger_closed_twice_stays_closed(url: str) -> None:
    with ledger_at(url) as ledger:
        ledger.record(BAD)
        ledger.close()

    assert ledger.written == 1


def test_whoever_hears_of_a_loss_may_break(url: str) -> None:
    def broken(_: int) -> None:
        raise RuntimeError("the bell is broken")

    with ledger_at(url, on_loss=broken) as ledger:
        ledger.record(None)  # type: ignore[arg-type]
        ledger.record(row(1))

    assert len(failures(url)) == 1


def test_the_file_and_its_folder_are_for_us_alone(url: str, tmp_path: Path) -> None:
    with ledger_at(url) as ledger:
        ledger.record(BAD)
        wait_until(lambda: ledger.written)
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "var").iterdir()]

    assert set(modes) == {0o600}
    assert stat.S_IMODE((tmp_path / "var").stat().st_mode) == 0o700


def test_recording_costs_microseconds_also_while_nothing_can_be_written() -> None:
    ledger = Ledger(Database("sqlite:////proc/nowhere/ledger.db"), QUICK)
    begun = time.perf_counter()
    for _ in range(20_000):
        ledger.record(BAD)
    each = (time.perf_counter() - begun) / 20_000
    ledger.close(within_s=0.1)

    assert each < 100e-6
    assert ledger.lost == 20_000


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("nonsense", "no URL"),
        ("mysql://host/name", "none of sqlite"),
        ("postgresql://host/name", "none of sqlite"),
        ("sqlite://", "is a file"),
        ("sqlite:///:memory:", "is a file"),
    ],
)
def test_a_url_that_leads_to_no_database_of_ours_is_refused(wrong: str, reason: str) -> None:
    with pytest.raises(BadUrl, match=reason):
        Database(wrong)


def test_a_later_version_of_the_tables_is_written_to(url: str) -> None:
    database = Database(url)
    with database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE attempts ADD COLUMN shoe_size INTEGER")
        connection.exec_driver_sql("INSERT INTO contexten_schema VALUES (99)")

    with ledger_at(url) as ledger:
        ledger.record(BAD)

    assert failures(url) == (BAD,)


def add_shoe_size(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE attempts ADD COLUMN shoe_size INTEGER")


def test_tables_of_an_earlier_version_are_brought_forward_with_their_rows(url: str) -> None:
    with ledger_at(url) as ledger:
        ledger.record(BAD)
    with database_at(url) as database:
        for _ in range(2):
            with database.writing() as connection:
                prepare(connection, (*MIGRATIONS, add_shoe_size))
                version = version_of(connection)
                columns = {one["name"] for one in inspect(connection).get_columns("attempts")}

    assert version == len(MIGRATIONS) + 1
    assert "shoe_size" in columns
    assert failures(url) == (BAD,)


def test_a_migration_that_fails_leaves_everything_as_it_was(url: str) -> None:
    def broken(connection: Connection) -> None:
        add_shoe_size(connection)
        raise RuntimeError("the power fails")

    with database_at(url) as database:
        with pytest.raises(RuntimeError), database.writing() as connection:
            prepare(connection, (*MIGRATIONS, broken))
        with database.reading() as connection:
            columns = {one["name"] for one in inspect(connection).get_columns("attempts")}
            version = version_of(connection)

    assert version == len(MIGRATIONS)
    assert "shoe_size" not in columns


def test_an_incident_told_of_in_any_order_is_one(url: str) -> None:
    new = opened("slack", Kind.BREAKER, "5 failures in a row", NOON, NOON)
    well = new.recovered(NOON + timedelta(seconds=70), "3 probes went well")
    store = Incidents(Database(url))

    for told in (well, new, new.noted(NOON + timedelta(seconds=5), "a probe failed")):
        store.save(told)

    (found,) = store.latest(IncidentsWanted())
    assert found.mttr == timedelta(seconds=70)
    assert [moment.what for moment in found.timeline][1] == "a probe failed"


def test_incidents_are_found_by_what_is_asked(url: str) -> None:
    store = Incidents(Database(url))
    slack = opened("slack", Kind.BREAKER, "down", NOON, NOON)
    later = opened("github", Kind.HEALTH, "slow", NOON, NOON + timedelta(hours=1))
    store.save(slack.recovered(NOON, "a probe"))
    store.save(later)

    def ids(**wanted: Any) -> list[str]:
        return [one.id for one in store.latest(IncidentsWanted(**wanted))]

    assert ids() == [later.id, slack.id]
    assert ids(most=1) == ids(open_only=True) == ids(platform="github") == [later.id]
    assert ids(id=slack.id) == [slack.id]
    assert ids(id="nothing") == []


def test_incidents_saved_at_once_by_many_lose_nothing(url: str) -> None:
    store = Incidents(Database(url))
    new = opened("slack", Kind.BREAKER, "down", NOON, NOON)

    def save(number: int) -> None:
        with suppress(ValueError):
            store.save(new.noted(NOON + timedelta(seconds=number), f"note {number}"))

    threads = [threading.Thread(target=save, args=(n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (found,) = store.latest(IncidentsWanted())
    assert len(found.timeline) == 9
