"""
Thousands of deliveries open at once, because the platform they call hangs; then it is well again.

As many calls hang as the bulkhead has slots, and time out, and are tried again; all others
wait in the engine's queue. Every delivery has its workflow meanwhile, and that is what is
counted. Lost is one that did not end well, or did not take effect exactly once.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import WorkflowExecutionStatus

from bench.completion import WARMING, deliver
from bench.figures import Figure
from bench.house import House
from bench.load import Job, send, whole
from bench.scale import Scale
from bench.sides import Side, ours

CONNECTIONS = 32
SENT_WITHIN_S = 60.0
OPEN_WITHIN_S = 150.0
DRAINED_WITHIN_S = 200.0


@dataclass(frozen=True, slots=True)
class Held:
    """
    What it was like with so many open.

    Attributes:
        count: How many were open at once.
        opened_s: Seconds from the first sending until all were.
        drained_s: Seconds from the platform's recovery until all had ended.
        worker_bytes, engine_bytes: How much the process had grown by when all were open.
        lost: Deliveries that did not end well, or did not take effect exactly once.
    """

    count: int
    opened_s: float
    drained_s: float
    worker_bytes: int
    engine_bytes: int
    lost: int


async def run(folder: Path, scale: Scale) -> list[Figure]:
    """
    Take the figures.

    Raises:
        RuntimeError: If a part of the house does not come up, or not all get to be open.
    """
    held = [await hold(folder / str(count), count, scale) for count in scale.open]
    lost = sum(one.lost for one in held)
    counts = " + ".join(f"{one.count:,}" for one in held)
    figures = [Figure("open_deliveries_lost", lost, "", "== 0", f"of {counts}")]
    return figures + [figure for one in held for figure in figures_of(one)]


async def hold(folder: Path, count: int, scale: Scale) -> Held:
    """Have *count* deliveries open, then let the platform be well, and see how they end."""
    async with House(folder) as house:
        await house.sandbox()
        side = await ours(house)
        await deliver(side, scale.first(), WARMING)
        engine, _, worker = side.parts
        before = worker.rss_bytes(), engine.rss_bytes()
        await house.fault(platform="github", kind="hang")
        first = scale.first()
        opened_s = await all_open(side, first, count)
        scale.tell(f"{count:,} open after {opened_s:.0f} s")
        after = worker.rss_bytes(), engine.rss_bytes()
        await house.heal()
        drained_s = await drained(side, first, count)
        lost = count - await well_ended(side, first, count)
        scale.tell(f"drained in {drained_s:.0f} s, {lost} lost")
    return Held(count, opened_s, drained_s, after[0] - before[0], after[1] - before[1], lost)


async def all_open(side: Side, first: int, count: int) -> float:
    """
    Send *count* deliveries, and return once each has a workflow that waits; the seconds it took.

    Raises:
        RuntimeError: If not all are open within two and a half minutes.
    """
    job = Job(side.door.port, "keep", CONNECTIONS, SENT_WITHIN_S, most=count, first=first)
    began = asyncio.get_running_loop().time()
    whole(await send(job), side.door)
    running = await (await side.deliveries(first, count)).running(OPEN_WITHIN_S)
    if running < count:
        said = "\n".join(part.said[-1000:] for part in side.parts)
        raise RuntimeError(f"of {count} deliveries {running} got to be open\n{said}")
    return asyncio.get_running_loop().time() - began


async def drained(side: Side, first: int, count: int) -> float:
    """Return once all have completed, or it takes too long; the seconds it took."""
    began = asyncio.get_running_loop().time()
    await (await side.deliveries(first, count)).completed(DRAINED_WITHIN_S)
    return asyncio.get_running_loop().time() - began


async def well_ended(side: Side, first: int, count: int) -> int:
    """How many completed and took effect exactly once."""
    runs = await (await side.deliveries(first, count)).runs()
    completed = {n for n, r in runs.items() if r.status is WorkflowExecutionStatus.COMPLETED}
    effects = await side.house.effects(first, count)
    return sum(len(times) == 1 for number, times in effects.items() if number in completed)


def figures_of(held: Held) -> list[Figure]:
    """What *held* amounts to."""
    n, growth = held.count, "bytes_per_open_delivery"
    return [
        Figure(f"opened_per_s_{n}", n / held.opened_s, "/s"),
        Figure(f"drained_per_s_{n}", n / held.drained_s, "/s"),
        Figure(f"{growth}_worker_{n}", held.worker_bytes / n, "B"),
        Figure(f"{growth}_engine_{n}", held.engine_bytes / n, "B"),
    ]
