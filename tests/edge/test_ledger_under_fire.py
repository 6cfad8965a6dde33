"""Whatever happens to the ledger's file or its process, calls go on and no loss is silent."""

import os
import random
import sqlite3
import stat
from contextlib import AsyncExitStack, closing
from pathlib import Path

import pytest
from attempts import BAD, failures, ledger_at, row, wait_until
from temporalio.client import Client
from writers import Writer, writing

import worker
from activities.stores.attempts import Attempts
from activities.stores.database import Database
from contexten.errors import TransientError
from contexten.ledger import FailuresWanted
from starter.settings import Settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "var" / "ledger.db"


@pytest.fixture
def url(file: Path) -> str:
    return f"sqlite:///{file}"


def rows_in(file: Path) -> int:
    """How many rows there are, of a file that must be sound."""
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return int(connection.execute("SELECT count(*) FROM attempts").fetchone()[0])


async def test_a_worker_that_stops_has_written_what_its_ledger_took(
    temporal: Client, url: str
) -> None:
    settings = Settings(_env_file=None, LEDGER_URL=url)  # type: ignore[call-arg]
    async with AsyncExitStack() as stack:
        ledger = worker.ledger_of(temporal, settings, Database(settings.ledger), stack)
        for number in range(300):
            ledger.record(row(number))

    assert len(failures(url)) == 300


def test_several_processes_write_one_file(url: str, file: Path) -> None:
    writers = [Writer(url, rows=3000, a_second=1500) for _ in range(4)]
    said = [writer.ended() for writer in writers]

    assert [one["written"] for one in said] == [3000] * 4
    assert [one["lost"] for one in said] == [0] * 4
    assert rows_in(file) == 12_000


def test_sigterm_loses_nothing(url: str, file: Path) -> None:
    with writing(url) as writer:
        writer.has(written=1000)
        said = writer.stopped()

    assert said["recorded"] == said["written"] == rows_in(file)
    assert said["lost"] == 0


def test_sigkill_loses_no_row_that_was_written(url: str, file: Path) -> None:
    for _ in range(3):
        before = rows_in(file) if file.exists() else 0
        with writing(url) as writer:
            writer.has(written=500)
            said = writer.killed()
        kept = rows_in(file) - before

        assert said["written"] <= kept
        assert said["recorded"] - kept < 2000, "more than a second's worth is lost"


def test_a_process_killed_while_others_write_disturbs_none(url: str, file: Path) -> None:
    with writing(url) as staying, writing(url) as going:
        going.has(written=200)
        going.killed()
        staying.goes_on()
        said = staying.stopped()

    assert said["lost"] == 0
    assert rows_in(file) >= said["written"] + 200


def test_with_the_disk_full_calls_go_on_and_the_rows_wait(url: str, file: Path) -> None:
    with writing(url, a_second=1000) as writer:
        writer.has(written=500)
        with writer.full_disk():
            stuck = writer.said["written"]
            writer.has(recorded=stuck + 3000)
            refused = writer.said["written"]
        writer.goes_on(2000)
        said = writer.stopped()

    assert refused - stuck < 1500, "a full disk took rows"
    assert said["lost"] == 0
    assert said["recorded"] == said["written"] == rows_in(file)


def test_with_the_disk_full_for_long_the_overflow_is_counted(url: str, file: Path) -> None:
    with writing(url, a_second=20_000) as writer:
        writer.has(written=500)
        with writer.full_disk():
            writer.has(lost=1000)
        writer.goes_on(5000)
        said = writer.stopped()

    assert said["lost"] >= 1000
    assert said["recorded"] == said["written"] + said["lost"]
    assert said["written"] == rows_in(file)


def test_who_listens_is_told_of_every_lost_row(tmp_path: Path) -> None:
    losses: list[int] = []
    tmp_path.joinpath("a-file").touch()
    with ledger_at(f"sqlite:///{tmp_path}/a-file/ledger.db", on_loss=losses.append) as ledger:
        for _ in range(10_500):
            ledger.record(BAD)
        assert ledger.waiting <= 10_000
        wait_until(lambda: sum(losses) >= 400)
        ledger.close(within_s=0.1)

    assert sum(losses) == ledger.lost == 10_500


def test_a_folder_that_comes_to_be_writable_gets_the_rows(tmp_path: Path) -> None:
    blocked = tmp_path / "var"
    blocked.touch()
    with ledger_at(f"sqlite:///{blocked}/ledger.db") as ledger:
        ledger.record(BAD)
        blocked.unlink()
        wait_until(lambda: ledger.written)

    assert len(failures(f"sqlite:///{blocked}/ledger.db")) == 1


def test_a_file_moved_away_is_begun_anew(url: str, file: Path) -> None:
    with writing(url) as writer:
        writer.has(written=500)
        os.rename(file, f"{file}.old")
        writer.goes_on()  # some of these were on their way into the old one
        writer.goes_on()
        writer.stopped()

    assert rows_in(file) >= 500


def damaged_everywhere(file: Path) -> None:
    """Overwrite the file's header, and more."""
    with file.open("r+b") as opened:
        opened.write(random.Random(7).randbytes(8192))


def damaged_inside(file: Path) -> None:
    """Overwrite pages in the middle; the header stays as it is."""
    size = file.stat().st_size
    with file.open("r+b") as opened:
        opened.seek(4096)
        opened.write(random.Random(7).randbytes(size - 4096))


@pytest.mark.parametrize("damage", [damaged_everywhere, damaged_inside])
def test_a_damaged_file_is_set_aside_and_a_new_one_begun(
    url: str, file: Path, damage: object
) -> None:
    with ledger_at(url) as ledger:
        for number in range(2000):
            ledger.record(row(number))
    assert callable(damage)
    damage(file)

    with ledger_at(url) as ledger:
        ledger.record(BAD)
        wait_until(lambda: ledger.written)

    assert failures(url) == (BAD,)
    assert len(list(file.parent.glob("ledger.db.damaged-*"))) >= 1
    assert {stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()} == {0o600}


def test_a_file_that_may_not_be_ours_is_left_alone(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_bytes(b"Dear reader, " * 1000)
    with ledger_at(f"sqlite:///{letter}") as ledger:
        ledger.record(BAD)
        ledger.close(within_s=0.2)

    assert ledger.lost == 1
    assert list(tmp_path.iterdir()) == [letter]
    assert letter.read_bytes() == b"Dear reader, " * 1000


def test_processes_that_meet_a_damaged_file_agree_on_one_new_one(url: str, file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"no database at all" * 1000)
    writers = [Writer(url, rows=1000, a_second=2000) for _ in range(3)]
    said = [writer.ended() for writer in writers]

    assert sum(one["written"] for one in said) == 3000
    assert rows_in(file) == 3000
    assert (
        len([p for p in file.parent.glob("*.damaged-*") if p.suffix not in ("-wal", "-shm")]) == 1
    )


def test_a_ledger_that_cannot_be_read_says_so_as_one_of_our_errors(tmp_path: Path) -> None:
    tmp_path.joinpath("a-file").touch()
    away = Attempts(Database(f"sqlite:///{tmp_path}/a-file/ledger.db"))

    with pytest.raises(TransientError, match="the ledger's database"):
        away.failures(FailuresWanted())


def test_reading_waits_for_no_writer(url: str) -> None:
    with ledger_at(url) as ledger:
        ledger.record(BAD)
        wait_until(lambda: ledger.written)
    with Database(url).writing() as connection:
        connection.exec_driver_sql("DELETE FROM attempts")
        seen = failures(url)

    assert seen == (BAD,)
