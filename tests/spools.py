"""Spools with something in them, and what a reader finds there."""

from pathlib import Path

from starter.spool import Spool
from starter.tail import Placed, Tail

MIB = 1024 * 1024


def spool(folder: Path, *, segment_bytes: int = MIB, limit_bytes: int = 64 * MIB) -> Spool:
    return Spool(folder, segment_bytes=segment_bytes, limit_bytes=limit_bytes)


def bodies(tail: Tail) -> list[bytes]:
    read: list[bytes] = []
    while found := tail.read():
        read += [one.record.body for one in found if isinstance(one, Placed)]
    return read


async def fill(folder: Path, count: int, *, segment_bytes: int = MIB) -> None:
    kept = spool(folder, segment_bytes=segment_bytes)
    for n in range(count):
        await kept.append(b"h", b"body %d" % n)
    await kept.close()
