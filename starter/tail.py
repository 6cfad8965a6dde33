"""The reading side of the spool: records in order of arrival, from a cursor on, as they come."""

from dataclasses import dataclass
from pathlib import Path

from starter.cursor import Cursor
from starter.frames import (
    HEAD,
    MARK_BYTES,
    OPENING_BYTES,
    Damage,
    Record,
    mark_of,
    opening,
    scan,
    undamaged,
)
from starter.spool import SUFFIX, segments

CHUNK_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Placed:
    """A record, and the cursor that says it was taken."""

    record: Record
    after: Cursor


@dataclass(frozen=True, slots=True)
class Damaged:
    """Bytes that are no record: where they lie, and themselves. *after* steps over them."""

    path: Path
    damage: Damage
    data: bytes
    after: Cursor


class Tail:
    """Reads a spool folder that another process may be writing to."""

    def __init__(self, folder: Path, cursor: Cursor) -> None:
        self._folder = folder
        self._cursor = cursor

    @property
    def cursor(self) -> Cursor:
        """Where the next read begins."""
        return self._cursor

    def read(self) -> list[Placed | Damaged]:
        """What has come since the last read, a few megabytes at most; empty if nothing has."""
        path = self._path()
        found = self._read_on(path)
        if found:
            self._cursor = found[-1].after
        elif self._following() is not None:
            # Asked again: the writer may have added to this file before it began the next.
            found = self._read_on(path) or self._read_next_file(path)
            if found:
                self._cursor = found[-1].after
        return found

    def _path(self) -> Path:
        return self._folder / f"{self._cursor.segment:010d}{SUFFIX}"

    def _following(self) -> int | None:
        """The number of the next file there is; None if this is the newest."""
        later = [
            n for n in (int(p.stem) for p in segments(self._folder)) if n > self._cursor.segment
        ]
        return min(later, default=None)

    def _read_next_file(self, path: Path) -> list[Placed | Damaged]:
        """Leave a file that is complete: what remains in it unread is damage, and stepped over."""
        following = self._following()
        if following is None:
            return []
        start = max(self._cursor.offset, OPENING_BYTES)
        rest = bytes_of(path, start, None)
        self._cursor = Cursor(following, 0)
        if not rest:
            return self.read()
        return [Damaged(path, Damage(start, start + len(rest)), rest, self._cursor)]

    def _read_on(self, path: Path) -> list[Placed | Damaged]:
        size = size_of(path)
        offset = max(self._cursor.offset, OPENING_BYTES)
        mark = self._mark(path) if size - offset >= HEAD.size else None
        if mark is None:
            return []
        data = bytes_of(path, offset, CHUNK_BYTES)
        found = list(scan(data, mark, offset))
        if not found and size - offset > len(data):
            data = bytes_of(path, offset, None)
            found = list(scan(data, mark, offset))
        placed = [self._placed(path, data, offset, one) for one in found]
        return [*self._opening_damage(path, mark), *placed] if placed else []

    def _placed(
        self, path: Path, data: bytes, offset: int, found: Record | Damage
    ) -> Placed | Damaged:
        after = Cursor(self._cursor.segment, found.end)
        if isinstance(found, Record):
            return Placed(found, after)
        return Damaged(path, found, data[found.start - offset : found.end - offset], after)

    def _mark(self, path: Path) -> bytes | None:
        beginning = bytes_of(path, 0, OPENING_BYTES + MARK_BYTES)
        return mark_of(beginning if undamaged(beginning) else bytes_of(path, 0, None))

    def _opening_damage(self, path: Path, mark: bytes) -> list[Damaged]:
        """The opening of a file that is begun to be read, if it is not what it was."""
        found = bytes_of(path, 0, OPENING_BYTES)
        if self._cursor.offset or found == opening(mark):
            return []
        after = Cursor(self._cursor.segment, OPENING_BYTES)
        return [Damaged(path, Damage(0, OPENING_BYTES), found, after)]


def size_of(path: Path) -> int:
    """Bytes in the file *path*; none if it is gone: a door that stops removes an empty file."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def bytes_of(path: Path, offset: int, most: int | None) -> bytes:
    """The bytes of *path* from *offset* on, at *most* so many; none if it is gone."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(-1 if most is None else most)
    except FileNotFoundError:
        return b""
