"""
What was set aside: deliveries that lead to nothing until a person has looked at them.

Each such folder is a spool that nothing feeds from. A record goes by its digest, so one that
a crash had written twice is one. Which were released stands in a file beside them, a line
each, written once the engine has the delivery: a crash in between has it released again,
which its workflow id makes safe.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from starter.cursor import Cursor
from starter.frames import Record
from starter.settings import Settings
from starter.spool import records, segments
from starter.tail import Placed, Tail

RELEASED = "released"
DAMAGED = "damaged"
ID_DIGITS = 12


@dataclass(frozen=True, slots=True)
class SetAside:
    """A record that was set aside, and the id it goes by."""

    id: str
    record: Record


class Shelf:
    """The number of records in one folder, kept up with what others write into it."""

    def __init__(self, folder: Path) -> None:
        """Read the whole *folder* once; later only what has come."""
        self._folder = folder
        self._tail = Tail(folder, Cursor())
        self._ids: set[str] = set()
        self._read_on()

    @property
    def count(self) -> int:
        """How many are set aside and were not released."""
        self._read_on()
        return len(self._ids - released(self._folder))

    def _read_on(self) -> None:
        while found := self._tail.read():
            self._ids |= {id_of(one.record) for one in found if isinstance(one, Placed)}


class Aside:
    """
    Everything of ours that leads to nothing.

    Attributes:
        quarantine: Signed deliveries that could not be read.
        refused: Deliveries that the engine will never take as they are.
    """

    def __init__(self, quarantine: Path, refused: Path, spool: Path) -> None:
        self.quarantine = Shelf(quarantine)
        self.refused = Shelf(refused)
        self._damaged = spool / DAMAGED

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """What is set aside under *settings*."""
        return cls(settings.quarantine, settings.refused, settings.spool)

    @property
    def damaged(self) -> int:
        """Stretches of the spool that could not be read and are kept apart."""
        return len(list(self._damaged.glob("*")))


def id_of(record: Record) -> str:
    """What *record* goes by."""
    return hashlib.sha256(record.header + record.body).hexdigest()[:ID_DIGITS]


def shelved(folder: Path) -> Iterator[SetAside]:
    """What is set aside in *folder* and was not released, oldest first."""
    told = released(folder)
    for path in segments(folder):
        for record in records(path):
            name = id_of(record)
            if name not in told:
                yield SetAside(name, record)
                told.add(name)


def released(folder: Path) -> set[str]:
    """The ids of what was released from *folder*; a line that was cut short is none."""
    try:
        return set((folder / RELEASED).read_text().split("\n")[:-1])
    except FileNotFoundError:
        return set()


def note_released(folder: Path, name: str) -> None:
    """Note, durably, that the record *name* in *folder* is with the engine now."""
    with (folder / RELEASED).open("a") as file:
        file.write(f"{name}\n")
        file.flush()
        os.fsync(file.fileno())
