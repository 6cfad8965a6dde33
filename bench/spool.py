"""
What an append to the spool costs, beside SQLite in WAL mode with ``synchronous=FULL``.

Both are durable when an append returns, and both share a trip to the disk between the
appends that wait meanwhile. One process each, one after the other, in turns.
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median

from bench.figures import Figure, percentile, ratio_of_medians
from bench.payload import BODY_BYTES
from bench.scale import Scale
from starter.spool import Spool

TOGETHER = (1, 32, 256)
SIDES = ("file", "SQLite")
HEADER_BYTES = 300
LIMIT_BYTES = 64 * 1024**3
SEGMENT_BYTES = 64 * 1024**2

Append = Callable[[bytes, bytes], Awaitable[None]]


class Sqlite:
    """The other way to keep deliveries: a table, its commits grouped as the spool's writes are."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute("CREATE TABLE kept (at REAL, header BLOB, body BLOB)")
        self._waiting: list[tuple[bytes, bytes, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def append(self, header: bytes, body: bytes) -> None:
        """Keep a record; return once it is on the disk."""
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((header, body, kept))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await kept

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            await asyncio.to_thread(self._commit, [(time.time(), h, b) for h, b, _ in batch])
            for *_, kept in batch:
                kept.set_result(None)

    def _commit(self, rows: list[tuple[float, bytes, bytes]]) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        self._database.executemany("INSERT INTO kept VALUES (?, ?, ?)", rows)
        self._database.execute("COMMIT")

    async def close(self) -> None:
        """Let go of the file."""
        self._database.close()


async def run(folder: Path, scale: Scale) -> list[Figure]:
    """Take the figures."""
    rates: dict[tuple[str, int], list[float]] = {}
    took: dict[tuple[str, int], list[float]] = {}
    for turn in range(scale.rounds):
        for together in TOGETHER:
            for side in SIDES:
                async with AsyncExitStack() as held:
                    append = opened(side, folder / f"{side}-{turn}-{together}", held)
                    rate, waits = await appending(append, together, scale.seconds)
                rates.setdefault((side, together), []).append(rate)
                took.setdefault((side, together), []).extend(waits)
                scale.tell(f"round {turn + 1}: {side}, {together} at once: {rate:,.0f} a second")
    return figures(rates, took)


def opened(side: str, folder: Path, held: AsyncExitStack) -> Append:
    """How *side* appends to something new in *folder*; *held* closes it."""
    folder.mkdir()
    if side == "file":
        spool = Spool(folder, segment_bytes=SEGMENT_BYTES, limit_bytes=LIMIT_BYTES)
        held.push_async_callback(spool.close)
        return spool.append
    table = Sqlite(folder / "kept.db")
    held.push_async_callback(table.close)
    return table.append


async def appending(append: Append, together: int, seconds: float) -> tuple[float, list[float]]:
    """*together* appenders at work for *seconds*: appends a second, and what each took, ms."""
    header, body = os.urandom(HEADER_BYTES), os.urandom(BODY_BYTES)
    took: list[float] = []
    began = time.perf_counter()

    async def one_after_another() -> None:
        while (start := time.perf_counter()) - began < seconds:
            await append(header, body)
            took.append((time.perf_counter() - start) * 1000)

    await asyncio.gather(*(one_after_another() for _ in range(together)))
    return len(took) / (time.perf_counter() - began), took


def figures(
    rates: dict[tuple[str, int], list[float]], took: dict[tuple[str, int], list[float]]
) -> list[Figure]:
    """What the rounds amount to."""
    found = []
    for n in TOGETHER:
        ours, theirs = ("file", n), ("SQLite", n)
        found += [
            Figure(f"append_rate_{n}", median(rates[ours]), "/s", "", median(rates[theirs])),
            Figure(f"append_vs_sqlite_{n}", ratio_of_medians(rates[ours], rates[theirs]), "x"),
        ]
        found += [
            Figure(
                f"append_p{share * 100:.0f}_{n}",
                percentile(took[ours], share),
                "ms",
                "",
                percentile(took[theirs], share),
            )
            for share in (0.5, 0.95, 0.99)
        ]
    return found
