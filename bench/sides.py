"""Who does the same job: deliveries that lead to one platform call each, taken in and done."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bench.house import House
from bench.part import Part
from bench.runs import Deliveries, rising


@dataclass(frozen=True, slots=True)
class Side:
    """
    One way to do the job, up and running.

    Attributes:
        name: What it is called in a figure.
        house: Where it runs, with a platform of its own.
        door: What receives the deliveries.
        parts: All its processes, the engine's or the broker's too; not the platform's.
        kind: What the ids of its workflows begin with; empty where there are none.
    """

    name: str
    house: House
    door: Part
    parts: tuple[Part, ...]
    kind: str = ""

    def cpu_s(self) -> float:
        """Seconds of processor time that all its processes took so far."""
        return sum(part.cpu_s() for part in self.parts)

    async def deliveries(self, first: int, count: int) -> Deliveries:
        """The workflows of *count* deliveries from the number *first* on."""
        return Deliveries(await self.house.client(), first, count, self.kind)

    async def done(self, first: int, count: int, within_s: float) -> None:
        """
        Return once *count* deliveries from *first* on have taken effect, and their runs ended.

        Raises:
            RuntimeError: If they have not within *within_s* seconds.
        """

        async def effects() -> int:
            return len(await self.house.effects(first, count))

        done = await rising(effects, count, within_s)
        if done == count and self.kind:
            done = await (await self.deliveries(first, count)).completed(within_s)
        if done < count:
            said = "\n".join(part.said[-1000:] for part in self.parts)
            raise RuntimeError(f"{self.name}: of {count} deliveries {done} were done\n{said}")


async def ours(house: House) -> Side:
    """Door, spool, deliveries worker with the GitHub calls, engine: as shipped."""
    engine = await house.engine()
    door, worker = await house.door(), await house.worker()
    return Side("ours", house, door, (engine, door, worker), "github")


async def gated(house: House) -> Side:
    """Ours with its entities, which hold the platforms' gates for the whole cluster."""
    engine = await house.engine()
    control, door, worker = await house.worker("control"), await house.door(), await house.worker()
    return Side("ours", house, door, (engine, control, door, worker), "github")


async def ungated(house: House) -> Side:
    """Ours with the calls left to Temporal's own retries: no gate, no budget, no ledger."""
    engine = await house.engine()
    door, worker = await house.door(), await house.worker("deliveries")
    calls = await house.plain_worker()
    return Side("without the gate", house, door, (engine, door, worker, calls), "github")


async def sdk(house: House) -> Side:
    """FastAPI that awaits ``start_workflow`` and one plain worker, on the same engine as ours."""
    return await sdk_on("SDK", await house.engine(), house)


async def sdk_as_it_comes(house: House) -> Side:
    """The same on an engine as it comes, with nothing set but a database file."""
    return await sdk_on("SDK as it comes", await house.engine_as_it_comes(), house)


async def sdk_on(name: str, engine: Part, house: House) -> Side:
    """The plain SDK on *engine*."""
    door, worker = await house.uvicorn("sdk-door", "bench.sdk:door"), await house.sdk_worker()
    return Side(name, house, door, (engine, door, worker), "sdk")


async def celery(house: House) -> Side:
    """FastAPI and Celery on Valkey."""
    valkey = await house.valkey()
    broker = f"redis://127.0.0.1:{valkey.port}/0"
    door = await house.uvicorn("celery-door", "bench.celery_app:door", BROKER_URL=broker)
    return Side("Celery", house, door, (valkey, door, await house.celery_worker(broker)))


SIDES: tuple[Callable[[House], Awaitable[Side]], ...] = (
    ours,
    sdk,
    sdk_as_it_comes,
    celery,
)
