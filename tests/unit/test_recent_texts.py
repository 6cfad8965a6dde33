"""What is remembered of texts is what is kept, no more than is allowed, and for an hour."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from activities.stores.blobs import Blobs, Texts
from activities.stores.database import Database
from activities.stores.recent_texts import RecentTexts
from contexten.errors import ClientError

HOUR_S = 3600.0


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "blobs.db"


@pytest.fixture
def texts(file: Path, clock: Clock) -> Iterator[RecentTexts]:
    database = Database(f"sqlite:///{file}")
    yield RecentTexts(Texts(Blobs(database, timedelta(days=1))), 100, clock)
    database.close()


def lost(file: Path) -> None:
    """Everything that was kept is gone."""
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("DELETE FROM blobs")


def test_what_was_put_or_got_is_got_again_without_the_database(
    texts: RecentTexts, file: Path
) -> None:
    digest = texts.put("a text")
    lost(file)

    assert texts.get(digest) == "a text"


def test_after_an_hour_it_is_read_again_and_so_counts_as_used(
    texts: RecentTexts, file: Path, clock: Clock
) -> None:
    digest = texts.put("a text")
    clock.now_s = HOUR_S - 1
    assert texts.get(digest) == "a text"
    lost(file)
    clock.now_s = HOUR_S

    with pytest.raises(ClientError, match="any more"):
        texts.get(digest)


def test_what_was_not_asked_for_the_longest_is_forgotten_first(
    texts: RecentTexts, file: Path
) -> None:
    first, second = texts.put("a" * 40), texts.put("b" * 40)
    texts.get(first)
    third = texts.put("c" * 40)
    lost(file)

    assert (texts.get(first), texts.get(third)) == ("a" * 40, "c" * 40)
    with pytest.raises(ClientError):
        texts.get(second)


def test_a_text_larger_than_all_that_is_remembered_is_kept_and_not_remembered(
    texts: RecentTexts, file: Path
) -> None:
    digest = texts.put("x" * 101)
    assert texts.get(digest) == "x" * 101
    lost(file)

    with pytest.raises(ClientError):
        texts.get(digest)


def test_a_text_put_again_and_again_takes_its_room_once(texts: RecentTexts, file: Path) -> None:
    other = texts.put("b" * 50)
    for _ in range(10):
        texts.put("a" * 50)
    lost(file)

    assert texts.get(other) == "b" * 50


def test_threads_that_ask_at_once_each_get_what_they_asked_for(texts: RecentTexts) -> None:
    digests = {texts.put(f"{number:03d}" * 5): f"{number:03d}" * 5 for number in range(20)}
    wrong: list[str] = []

    def ask() -> None:
        for _ in range(20):
            wrong.extend(one for one, text in digests.items() if texts.get(one) != text)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert not wrong
