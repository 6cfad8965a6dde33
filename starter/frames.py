"""
The spool's file format: one frame a record, each with a checksum of its own.

    mark  written_at  header_len  body_len  crc32 │ header │ body
    8 s   f64         u32         u32       u32   │ bytes  │ bytes      (little endian)

A file begins with ``CXS1`` and the mark of its frames, eight random bytes: so no text
that a stranger gets into a body can pass for a frame.

A frame cut short at the end of a file is a write that a crash interrupted: it was never
acknowledged. A frame whose checksum does not hold is damage: it is skipped, up to the
next mark whose frame is whole, and reported, so that the rest is still read.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

MAGIC = b"CXS1"
MARK_BYTES = 8
OPENING_BYTES = len(MAGIC) + MARK_BYTES
HEAD = struct.Struct(f"<{MARK_BYTES}sdIII")
_SUMMED = struct.Struct("<dII")


@dataclass(frozen=True, slots=True)
class Record:
    """
    What was spooled.

    Attributes:
        written_at: Seconds since the epoch, when it was handed to the spool.
        header: What is known of it.
        body: The bytes themselves.
        end: Where the next frame begins, in bytes from the start of the file.
    """

    written_at: float
    header: bytes
    body: bytes
    end: int


@dataclass(frozen=True, slots=True)
class Damage:
    """A stretch that is no frame: from *start* to *end*, in bytes from the start of the file."""

    start: int
    end: int


def opening(mark: bytes) -> bytes:
    """How a file begins whose frames bear *mark*."""
    return MAGIC + mark


def mark_of(data: bytes) -> bytes | None:
    """
    The mark of the spool file with content *data*; None if it is none, or was cut at once.

    It stands in the opening and at the first frame. Where damage made the two differ, the
    one that sound frames bear holds.
    """
    if len(data) < OPENING_BYTES:
        return None
    named, first = data[len(MAGIC) : OPENING_BYTES], data[OPENING_BYTES:][:MARK_BYTES]
    if next_sound(data, named, OPENING_BYTES) is not None:
        return named
    if read(data, first, OPENING_BYTES) is not None:
        return first
    return named if data.startswith(MAGIC) else None


def undamaged(beginning: bytes) -> bool:
    """Whether a file's opening is sound and its first frame, if it has come, bears its mark."""
    first = beginning[OPENING_BYTES:][:MARK_BYTES]
    return beginning.startswith(MAGIC) and beginning[len(MAGIC) :].startswith(first)


def frame(mark: bytes, written_at: float, header: bytes, body: bytes) -> list[bytes]:
    """The pieces that, joined, are one frame of the file whose mark is *mark*."""
    summed = checksum(written_at, header, body)
    return [HEAD.pack(mark, written_at, len(header), len(body), summed), header, body]


def checksum(written_at: float, header: bytes, body: bytes) -> int:
    """The CRC-32 over everything in a frame but its mark and the sum itself."""
    sizes = _SUMMED.pack(written_at, len(header), len(body))
    return zlib.crc32(body, zlib.crc32(header, zlib.crc32(sizes)))


def read(data: bytes, mark: bytes, at: int) -> Record | None:
    """The whole and sound frame that begins at *at* in *data*; None if there is none."""
    if len(data) - at < HEAD.size:
        return None
    marked, written_at, header_len, body_len, summed = HEAD.unpack_from(data, at)
    end = at + HEAD.size + header_len + body_len
    if marked != mark or end > len(data):
        return None
    middle = at + HEAD.size + header_len
    header, body = data[at + HEAD.size : middle], data[middle:end]
    if checksum(written_at, header, body) != summed:
        return None
    return Record(written_at, header, body, end)


def scan(data: bytes, mark: bytes, offset: int) -> Iterator[Record | Damage]:
    """
    Every frame in *data*, in order, and every stretch of damage between two of them.

    What follows the last sound frame is neither: it may still be being written.

    Args:
        data: Bytes of a spool file, from a frame's beginning.
        mark: What the file's frames begin with.
        offset: Where in the file *data* begins; added to every position answered.
    """
    at = 0
    while at < len(data):
        record = read(data, mark, at)
        if record is None:
            following = next_sound(data, mark, at + 1)
            if following is None:
                return
            yield Damage(offset + at, offset + following)
            at = following
            continue
        yield Record(record.written_at, record.header, record.body, offset + record.end)
        at = record.end


def next_sound(data: bytes, mark: bytes, at: int) -> int | None:
    """Where the next whole and sound frame begins, at or after *at*; None if nowhere."""
    while (at := data.find(mark, at)) >= 0:
        if read(data, mark, at) is not None:
            return at
        at += 1
    return None
