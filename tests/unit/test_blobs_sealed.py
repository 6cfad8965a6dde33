"""Sealed blobs cannot be read in the database, and are found again whatever seals them now."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from keys import SPRING, SUMMER, ring
from sqlalchemy import update

from activities.stores.blobs import Blobs
from activities.stores.database import Database
from activities.stores.schema import blobs as table
from contexten.errors import ClientError, TransientError
from starter.keyring import BlobSeal

SAID = b"what an agent said"
Store = Callable[..., Blobs]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    kept = Database(f"sqlite:///{tmp_path}/ledger.db")
    yield kept
    kept.close()


@pytest.fixture
def store(database: Database) -> Store:
    """A store under keys."""
    return lambda *keys: Blobs(database, timedelta(days=1), seal=BlobSeal(ring(*keys)))


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("ledger.db*"))


def test_nothing_of_a_blob_can_be_read_in_the_file(tmp_path: Path, store: Store) -> None:
    digest = store(SPRING).put(SAID)

    assert store(SPRING).get(digest) == SAID
    assert SAID not in on_disk(tmp_path)
    assert digest.encode() in on_disk(tmp_path)


def test_a_blob_is_found_again_whatever_key_seals_now(store: Store) -> None:
    before, old = store().put(SAID), store(SPRING).put(b"another")
    rotated = store(SUMMER, SPRING)

    assert (rotated.get(before), rotated.get(old)) == (SAID, b"another")
    assert rotated.put(b"another") == old
    assert store(SUMMER).get(old) == b"another"


def test_a_key_that_is_missing_is_waited_for(store: Store) -> None:
    digest = store(SPRING).put(SAID)

    for other in (store(), store(SUMMER)):
        with pytest.raises(TransientError, match=r"'spring'.*PAYLOAD_KEYS"):
            other.get(digest)


def test_a_blob_in_the_place_of_another_is_damage(store: Store, database: Database) -> None:
    kept = store(SPRING)
    one, other = kept.put(SAID), kept.put(b"another")
    with database.reading() as connection:
        data = connection.execute(table.select().where(table.c.digest == one)).one().data
    with database.writing() as connection:
        connection.execute(update(table).where(table.c.digest == other).values(data=data))

    with pytest.raises(ClientError, match="damaged"):
        kept.get(other)


def test_what_looks_sealed_and_never_was_comes_back(store: Store) -> None:
    odd = store(SPRING).put(SAID).encode() + b"\0contexten sealed\0"

    for kept in (store(), store(SPRING)):
        assert kept.get(kept.put(b"\0contexten sealed\0" + odd)) == b"\0contexten sealed\0" + odd
