"""The ledger in PostgreSQL: the same rows, and a server that comes and goes."""

import asyncio
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from attempts import BAD, NOON, QUICK, database_at, failures, ledger_at, row, wait_until
from checkout import ROOT
from postgres import Postgres, binaries
from writers import Writer, writing

from activities.stores.attempts import Attempts
from activities.stores.blobs import LARGEST_BYTES, Blobs
from activities.stores.health import Rounds
from activities.stores.incidents import Incidents
from activities.stores.limits import LimitsKept
from activities.stores.schema import MIGRATIONS, metadata
from activities.stores.traffic import Calls
from contexten.errors import TransientError
from contexten.health import Check, Family, Reading, Result, Status
from contexten.health_history import HistoryWanted
from contexten.health_round import Round, RoundRule
from contexten.incident import IncidentsWanted, Kind, opened
from contexten.ledger import By, FailuresWanted
from contexten.limits import Limits
from contexten.traffic import TrafficRule


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """One server for all tests of this module."""
    made = Postgres()
    try:
        asyncio.run(made.start())
        yield made
    finally:
        made.remove()


@pytest.fixture
async def postgres(server: Postgres) -> Postgres:
    """The server, up, with nothing in it."""
    if not await server.answers():
        await server.start()
    tables = ", ".join(f'"{name}"' for name in metadata.tables)
    server.ask(f"DROP TABLE IF EXISTS {tables}")
    return server


def rows_in(postgres: Postgres) -> int:
    return int(postgres.ask("SELECT count(*) FROM attempts")[0][0])


def test_a_row_comes_back_as_it_went_in(postgres: Postgres) -> None:
    with ledger_at(postgres.url) as ledger:
        ledger.record(BAD)

    assert failures(postgres.url) == (BAD,)


def test_several_processes_make_the_tables_once_and_write(postgres: Postgres) -> None:
    writers = [Writer(postgres.url, rows=2000, a_second=2000) for _ in range(4)]
    said = [writer.ended() for writer in writers]

    assert [(one["written"], one["lost"]) for one in said] == [(2000, 0)] * 4
    assert rows_in(postgres) == 8000
    assert postgres.ask("SELECT count(*) FROM contexten_schema") == [(len(MIGRATIONS),)]


@pytest.mark.parametrize(
    "odd",
    [row(1, message="a\0b", context="\ud800"), row(1, message="x" * 100_000)],
    ids=["NUL and half a character", "long"],
)
def test_an_odd_row_is_kept_as_well_as_it_can_be(postgres: Postgres, odd: Any) -> None:
    with ledger_at(postgres.url) as ledger:
        ledger.record(odd)

    assert len(failures(postgres.url)) == 1


def test_a_row_that_no_database_takes_costs_no_other(postgres: Postgres) -> None:
    with ledger_at(postgres.url) as ledger:
        ledger.record(row(1))
        ledger.record(row(2, status=10**12))
        ledger.record(row(3, attempt=10**30))
        ledger.record(row(4))

    assert [one.workflow_id for one in failures(postgres.url)] == ["github/4", "github/1"]
    assert ledger.lost == 2


async def test_while_the_server_is_away_the_rows_wait(postgres: Postgres) -> None:
    with writing(postgres.url, a_second=500) as writer:
        writer.has(written=300)
        postgres.stop()
        writer.has(recorded=writer.said["recorded"] + 500)
        await postgres.start()
        writer.goes_on(1000)
        said = writer.stopped()

    assert said["lost"] == 0
    assert said["recorded"] == said["written"] == rows_in(postgres)


async def test_a_ledger_begun_without_a_server_finds_it_later(postgres: Postgres) -> None:
    postgres.stop()
    with ledger_at(postgres.url) as ledger:
        ledger.record(BAD)
        await postgres.start()
        wait_until(lambda: ledger.written)

    assert rows_in(postgres) == 1


def test_a_server_that_is_away_is_one_of_our_errors(postgres: Postgres) -> None:
    postgres.stop()

    with pytest.raises(TransientError, match="the ledger's database"):
        failures(postgres.url)


def test_connections_that_were_cut_are_made_anew(postgres: Postgres) -> None:
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    cut += " WHERE application_name = 'contexten'"
    with ledger_at(postgres.url) as ledger:
        for number in range(5):
            ledger.record(row(number))
            wait_until(lambda: not ledger.waiting)
            postgres.ask(cut)

    assert rows_in(postgres) == 5


def test_a_server_that_hangs_holds_up_no_call_and_hides_no_loss(postgres: Postgres) -> None:
    losses: list[int] = []
    with ledger_at(postgres.url, replace(QUICK, most=100), losses.append) as ledger:
        ledger.record(BAD)
        wait_until(lambda: ledger.written)
        with postgres.frozen():
            begun = time.monotonic()
            for number in range(1000):
                ledger.record(row(number))
            recorded_within = time.monotonic() - begun
            wait_until(lambda: sum(losses) >= 900)
        wait_until(lambda: not ledger.waiting)

    assert recorded_within < 1.0
    assert ledger.written + ledger.lost == 1001
    assert rows_in(postgres) == ledger.written


def test_a_server_that_hangs_holds_up_no_end(postgres: Postgres) -> None:
    with ledger_at(postgres.url) as ledger:
        ledger.record(BAD)
        wait_until(lambda: ledger.written)
        with postgres.frozen():
            ledger.record(BAD)
            begun = time.monotonic()
            ledger.close(within_s=0.5)
            closed_within = time.monotonic() - begun

    assert closed_within < 3.0
    assert ledger.lost == 1


def test_a_summary_counts_as_it_does_in_sqlite(postgres: Postgres) -> None:
    with ledger_at(postgres.url) as ledger:
        for number in range(3):
            ledger.record(row(number % 2))

    with database_at(postgres.url) as database:
        (found,) = Attempts(database).summary(FailuresWanted(by=By.CATEGORY))

    assert (found.name, found.failures, found.workflows) == ("server_error", 3, 2)
    assert (found.first_at, found.last_at) == (NOON, NOON + timedelta(seconds=1))


def test_old_rows_go(postgres: Postgres) -> None:
    with ledger_at(postgres.url) as ledger:
        for number in range(30):
            ledger.record(row(number))
    with database_at(postgres.url) as database:
        table = Attempts(database)
        removed = [table.prune(NOON + timedelta(seconds=25), 10) for _ in range(4)]

    assert removed == [10, 10, 5, 0]
    assert rows_in(postgres) == 5


def test_incidents_saved_at_once_by_many_lose_nothing(postgres: Postgres) -> None:
    new = opened("slack", Kind.BREAKER, "down\0", NOON, NOON)
    with database_at(postgres.url) as database:
        store = Incidents(database)

        def save(number: int) -> None:
            store.save(new.noted(NOON + timedelta(seconds=number), f"note {number}"))

        threads = [threading.Thread(target=save, args=(n,)) for n in range(1, 9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (found,) = store.latest(IncidentsWanted())

    assert len(found.timeline) == 9


def test_what_the_compose_file_runs_makes_a_database_for_the_ledger(postgres: Postgres) -> None:
    variables = {
        "PATH": f"{binaries()}:/usr/bin:/bin",
        "PGHOST": "127.0.0.1",
        "PGPORT": str(postgres.port),
        "POSTGRES_USER": "postgres",
        "LEDGER_PASSWORD": "it's; secret",
    }
    subprocess.run(["sh", ROOT / "deploy/postgresql/ledger.sh"], env=variables, check=True)
    url = f"postgresql+psycopg://contexten@127.0.0.1:{postgres.port}/contexten"

    with ledger_at(url) as ledger:
        ledger.record(BAD)

    assert failures(url) == (BAD,)


def test_health_rounds_are_kept_there_and_calls_are_counted(postgres: Postgres) -> None:
    later = NOON + timedelta(seconds=15)
    check = Check("slack", Family.INTEGRATION, critical=True)
    reading = Reading(Status.UNHEALTHY, "NUL \0", 1.5, "s")
    last, results = Round(NOON), []
    for n in range(4):
        at = NOON + n * timedelta(seconds=15)
        results.append(Result.of(check, reading, at, timedelta(seconds=1)))
    with ledger_at(postgres.url) as ledger:
        ledger.record(replace(BAD, at=NOON))
        ledger.record(replace(BAD, at=NOON, outcome="ok", category=None, error_type=None))

    with database_at(postgres.url) as database:
        kept = Rounds(database, timedelta(seconds=20))
        for result in results:
            last = last.then([result], RoundRule(), result.at)
            kept.save(last)
        (shown,) = kept.shown(HistoryWanted())
        total, platforms = Calls(database).seen(("github",), TrafficRule(), later)

    assert (shown.latest.at, len(shown.before)) == (NOON + timedelta(seconds=45), 2)
    assert shown.latest.status is Status.UNHEALTHY
    assert (total.calls, total.failures, total.p95_s) == (2, 1, 0.125)
    assert (platforms["github"].well_at, platforms["github"].failed_at) == (NOON, NOON)


def test_the_latest_word_on_a_limit_is_kept_there(postgres: Postgres) -> None:
    later = NOON + timedelta(seconds=1)
    with database_at(postgres.url) as database:
        kept = LimitsKept(database)
        for remaining, asked_at in ((10, NOON), (9, later), (11, NOON)):
            kept.save("github", Limits(remaining, 100, later, asked_at))
        found = kept.read()

    assert found == {"github": Limits(9, 100, later, later)}


def test_blobs_are_kept_there_and_removed_when_nobody_uses_them(postgres: Postgres) -> None:
    times = [NOON]
    with database_at(postgres.url) as database:
        kept = Blobs(database, timedelta(days=1), lambda: times[-1])
        large, odd = kept.put(b"x" * LARGEST_BYTES), kept.put(b"\0\xff")
        times.append(NOON + timedelta(hours=20))
        found = kept.get(large), kept.get(kept.put(b"\0\xff"))
        times.append(NOON + timedelta(hours=40))
        assert found == (b"x" * LARGEST_BYTES, b"\0\xff")
        assert (kept.sweep(), kept.get(odd)) == (0, b"\0\xff")
        times.append(NOON + timedelta(hours=50))
        assert kept.sweep() == 1
