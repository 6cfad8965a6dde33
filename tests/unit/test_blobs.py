"""Blobs are kept once under the digest of their content, for as long as somebody uses them."""

import hashlib
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from activities.stores.blobs import LARGEST_BYTES, SWEPT_AT_ONCE, Blobs, Texts
from activities.stores.database import Database
from contexten.errors import ClientError, PlatformError

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def blobs(tmp_path: Path, clock: Clock) -> Iterator[Blobs]:
    database = Database(f"sqlite:///{tmp_path}/ledger.db")
    yield Blobs(database, DAY, clock)
    database.close()


@pytest.mark.parametrize("data", [b"", b"\0\xff", b"x" * LARGEST_BYTES], ids=["no", "odd", "16MB"])
def test_what_was_put_is_got_by_the_digest_of_its_content(blobs: Blobs, data: bytes) -> None:
    digest = blobs.put(data)

    assert digest == hashlib.sha256(data).hexdigest()
    assert blobs.get(digest) == data


def test_more_than_is_kept_is_refused(blobs: Blobs) -> None:
    with pytest.raises(ClientError, match="too many"):
        blobs.put(b"x" * (LARGEST_BYTES + 1))


@pytest.mark.parametrize("digest", ["", "0" * 64, "'; DROP TABLE blobs; --"])
def test_what_was_never_put_is_gone(blobs: Blobs, digest: str) -> None:
    with pytest.raises(ClientError, match="no blob"):
        blobs.get(digest)


@pytest.mark.parametrize("odd", [b"other", b"", "text"])
def test_damage_is_noticed_and_mended_by_the_next_that_puts_it(
    blobs: Blobs, tmp_path: Path, odd: object
) -> None:
    digest = blobs.put(b"sound")
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("UPDATE blobs SET data = ?", (odd,))
    connection.close()

    with pytest.raises(ClientError, match="damaged"):
        blobs.get(digest)
    assert blobs.get(blobs.put(b"sound")) == b"sound"


def test_what_is_read_now_and_then_stays_and_the_rest_goes(blobs: Blobs, clock: Clock) -> None:
    used, unused = blobs.put(b"used"), blobs.put(b"unused")
    clock.now = NOON + 0.9 * DAY
    blobs.get(used)
    clock.now = NOON + 1.1 * DAY

    assert blobs.sweep() == 1
    assert blobs.get(used) == b"used"
    with pytest.raises(ClientError):
        blobs.get(unused)


def test_what_is_put_again_counts_as_used(blobs: Blobs, clock: Clock) -> None:
    blobs.put(b"again")
    clock.now = NOON + 0.9 * DAY
    blobs.put(b"again")
    clock.now = NOON + 1.1 * DAY

    assert blobs.sweep() == 0


def test_putting_sweeps_all_that_is_old(tmp_path: Path, clock: Clock) -> None:
    database = Database(f"sqlite:///{tmp_path}/ledger.db")
    first = Blobs(database, DAY, clock)
    for number in range(SWEPT_AT_ONCE + 1):
        first.put(b"%d" % number)
    clock.now = NOON + 2 * DAY

    another = Blobs(database, DAY, clock)
    another.put(b"new")

    assert another.sweep() == 0
    with pytest.raises(ClientError):
        another.get(hashlib.sha256(b"0").hexdigest())
    database.close()


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    failed: list[BaseException] = []

    def put(number: int) -> None:
        database = Database(url)
        try:
            kept = Blobs(database, DAY)
            for one in range(20):
                data = b"%d" % ((number + one) % 25)
                assert kept.get(kept.put(data)) == data
        except (AssertionError, PlatformError) as error:
            failed.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=put, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not failed


def test_texts_are_kept_in_utf_8_as_well_as_they_can_be(blobs: Blobs) -> None:
    texts = Texts(blobs)

    assert texts.get(texts.put("größer \0")) == "größer \0"
    assert texts.get(texts.put("\ud800")) == "?"
