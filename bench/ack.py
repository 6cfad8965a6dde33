"""
How fast a delivery is acknowledged, durably, beside a bare route and beside Celery.

Throughput is taken of the door alone, with neither engine nor workers running: what it
takes in then waits in the spool, on the disk. Celery's worker does not run either. The
paced figures are taken with the whole system at work on the same machine, then again after
the engine was killed.
"""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench.figures import Figure, percentile, ratio_of_medians
from bench.house import House
from bench.load import Job, Seen, records, send, whole
from bench.part import Part
from bench.runs import Deliveries
from bench.scale import Scale

CONNECTIONS = (1, 32, 256)
PACE = 100.0
UNHURRIED = 5.0
WARMING = 20
SETTLED_WITHIN_S = 30.0
NAMED = "bare FastAPI 2,500, arq 850, Celery 346, engine awaited 67: seen elsewhere on two cores"


@dataclass(slots=True)
class Sides:
    """The receivers compared, and what each round of each showed, by connections."""

    ours: Part
    reactions: Part
    bare: Part
    celery: Part
    seen: dict[tuple[str, int], list[Seen]] = field(default_factory=dict)

    def all(self) -> tuple[Part, ...]:
        """Every receiver, in the order of their turns."""
        return self.ours, self.reactions, self.bare, self.celery

    def rates(self, side: Part, connections: int) -> list[float]:
        """Acknowledgements a second, a number a round."""
        return [seen.rate for seen in self.seen[side.name, connections]]

    def beside_bare(self, side: Part, connections: int) -> float:
        """How many times the bare route's rate *side* has."""
        return ratio_of_medians(self.rates(side, connections), self.rates(self.bare, connections))


async def run(folder: Path, scale: Scale) -> list[Figure]:
    """
    Take the figures.

    Raises:
        RuntimeError: If a part of the house does not come up, or answers are missing.
    """
    async with House(folder) as house:
        valkey = await house.valkey()
        broker = f"redis://127.0.0.1:{valkey.port}/0"
        sides = Sides(
            await house.door("door-alone"),
            await house.door("door-reactions", WORKFLOWS_FOR="reactions"),
            await house.bare(),
            await house.uvicorn("celery-door", "bench.celery_app:door", BROKER_URL=broker),
        )
        for side in sides.all():
            job = Job(side.port, "paced", seconds=scale.seconds, most=WARMING, first=scale.first())
            whole(await send(job), side)
        await in_turn(sides, scale)
        bursts = await new_connections(sides, scale)
        figures = [*throughput(sides), *bursts]
        for part in (*sides.all(), valkey):
            await part.kill()
        return figures + await at_work(house, scale)


async def in_turn(sides: Sides, scale: Scale) -> None:
    """Rounds of every receiver at every number of connections, one after another."""
    for turn in range(scale.rounds):
        for connections in CONNECTIONS:
            for side in sides.all():
                job = Job(
                    side.port,
                    connections=connections,
                    seconds=scale.seconds,
                    first=scale.first(),
                    action="edited" if side is sides.reactions else "labeled",
                )
                seen = whole(await send(job), side)
                sides.seen.setdefault((side.name, connections), []).append(seen)
                scale.tell(
                    f"round {turn + 1}: {side.name} at {connections}: {seen.rate:,.0f} a second"
                )


def throughput(sides: Sides) -> list[Figure]:
    """What the rounds amount to."""
    ratios = {n: sides.beside_bare(sides.ours, n) for n in CONNECTIONS}
    rates = {n: median(sides.rates(sides.ours, n)) for n in CONNECTIONS}
    bare = {n: f"bare {median(sides.rates(sides.bare, n)):,.0f}" for n in CONNECTIONS}
    celery = {n: sides.rates(sides.celery, n) for n in CONNECTIONS}
    slow = [seen.p95_ms for seen in sides.seen[sides.ours.name, 256]]
    slow_bare = median(seen.p95_ms for seen in sides.seen[sides.bare.name, 256])
    spared = min(sides.beside_bare(sides.reactions, n) for n in (32, 256))
    return [
        Figure("ack_vs_bare", min(ratios[32], ratios[256]), "x", ">= 0.6", "the lower of 32, 256"),
        *(Figure(f"ack_vs_bare_{n}", ratios[n], "x") for n in CONNECTIONS),
        *(Figure(f"ack_rate_{n}", rates[n], "/s", "", bare[n]) for n in CONNECTIONS),
        *(
            Figure(
                f"ack_vs_celery_{n}",
                ratio_of_medians(sides.rates(sides.ours, n), celery[n]),
                "x",
                "> 1",
                f"Celery {median(celery[n]):,.0f} /s",
            )
            for n in CONNECTIONS
        ),
        Figure("ack_rate_above_named", rates[32], "/s", "> 850", NAMED),
        Figure("ack_p95_256", median(slow), "ms", "< 150", slow_bare),
        Figure("reactions_vs_bare", spared, "x", ">= 0.8", "the lower of 32, 256"),
    ]


async def new_connections(sides: Sides, scale: Scale) -> list[Figure]:
    """Bursts of 256 new connections, at the door and at the bare route in turn."""
    slowest: dict[str, list[float]] = {}
    for _ in range(scale.rounds):
        for side in (sides.ours, sides.bare):
            job = Job(side.port, "bursts", 256, scale.seconds, first=scale.first())
            seen = whole(await send(job), side)
            slowest.setdefault(side.name, []).append(seen.p99_ms)
            scale.tell(f"bursts of 256 on {side.name}: p99 {seen.p99_ms:.0f} ms")
    value, beside = (median(slowest[side.name]) for side in (sides.ours, sides.bare))
    return [Figure("burst_p99_256", value, "ms", "< 300", beside)]


async def at_work(house: House, scale: Scale) -> list[Figure]:
    """The paced figures, with everything running, then with the engine dead."""
    engine, _ = await asyncio.gather(house.engine(), house.sandbox())
    door, _ = await asyncio.gather(house.door(), house.worker())
    reached = await reach(house, door, scale)
    alive = whole(await send(paced(door, scale)), door)
    scale.tell(f"at {PACE:.0f} a second: p99 {alive.p99_ms:.1f} ms")
    busy = whole(await send(Job(door.port, "keep", 256, scale.seconds, first=scale.first())), door)
    scale.tell(f"with all at work, 256 connections: p95 {busy.p95_ms:.0f} ms")
    await engine.kill()
    dead = whole(await send(paced(door, scale)), door)
    scale.tell(f"at {PACE:.0f} a second, engine dead: p99 {dead.p99_ms:.1f} ms")
    return [
        Figure("ack_p95_256_all_at_work", busy.p95_ms, "ms", "< 150", f"{busy.rate:,.0f} /s"),
        Figure("ack_p99_at_100", alive.p99_ms, "ms", "< 15", f"p50 {alive.p50_ms:.1f}"),
        Figure("ack_p99_at_100_engine_dead", dead.p99_ms, "ms", "< 15", f"p50 {dead.p50_ms:.1f}"),
        reached,
    ]


def paced(door: Part, scale: Scale) -> Job:
    """A hundred deliveries a second."""
    return Job(door.port, "paced", 8, scale.paced_seconds, rate=PACE, first=scale.first())


async def reach(house: House, door: Part, scale: Scale) -> Figure:
    """From the answer at the sender to the start that the engine wrote down, unhurried."""
    kept = house.folder / "unhurried"
    job = Job(
        door.port,
        "paced",
        1,
        scale.paced_seconds,
        rate=UNHURRIED,
        first=scale.first(),
        records=str(kept),
    )
    seen = whole(await send(job), door)
    deliveries = Deliveries(await house.client(), job.first, seen.answered)
    if (done := await deliveries.completed(SETTLED_WITHIN_S)) < seen.answered:
        raise RuntimeError(f"of {seen.answered} deliveries {done} were done:\n{door.said[-2000:]}")
    runs = await deliveries.runs()
    waits = [
        (runs[number].start_time.timestamp() - answered) * 1000
        for number, (_, answered) in records(kept).items()
    ]
    middle = percentile(waits, 0.5)
    scale.tell(f"acknowledged to started: p50 {middle:.0f} ms, worst {max(waits):.0f} ms")
    return Figure("reach_workflow_ms", percentile(waits, 0.95), "ms", "< 50", f"p50 {middle:.1f}")
