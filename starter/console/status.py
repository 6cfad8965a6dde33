"""``contexten status``: how things stand, at the door, in the engine and on each queue."""

from dataclasses import dataclass
from typing import Any

import httpx
from temporalio.client import Client
from temporalio.service import RPCError

from contexten.queues import Queue
from starter.pollers import pollers
from workflows import attributes

ANSWER_S = 5.0


@dataclass(frozen=True, slots=True)
class Standing:
    """
    One line of how things stand.

    Attributes:
        what: What it is about.
        well: Whether it is as it should be.
        how: How it stands.
    """

    what: str
    well: bool
    how: str


async def of_door(url: str) -> list[Standing]:
    """How the door at *url* stands, by its own account."""
    try:
        async with httpx.AsyncClient(timeout=ANSWER_S) as http:
            answer = await http.get(f"{url}/readyz")
            said = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        return [Standing("door", False, f"{url} does not answer ({type(error).__name__})")]
    waiting = f"{said['backlog_bytes']} bytes wait, the oldest for {said['backlog_age_s']:.1f} s"
    return [
        Standing("door", answer.is_success, f"{url} is {'' if answer.is_success else 'not '}ready"),
        Standing("spool", said["spool"] in ("writable", "unused"), f"{said['spool']}; {waiting}"),
        *of_aside(said),
    ]


def of_aside(said: dict[str, Any]) -> list[Standing]:
    """What leads to nothing until a person has looked, by the door's own account."""
    quarantined, refused, damaged = (said[n] for n in ("quarantined", "refused", "damaged"))
    return [
        Standing("quarantine", not quarantined, f"{quarantined} deliveries cannot be read"),
        Standing("refused", not refused, f"{refused} deliveries the engine did not take"),
        Standing("damaged", not damaged, f"{damaged} stretches of the spool"),
    ]


async def of_engine(client: Client) -> list[Standing]:
    """
    How many deliveries there are in each state, and who takes work from each queue.

    Raises:
        RPCError: If the engine is away.
    """
    counted = {name: await count(client, query) for name, query in COUNTED.items()}
    many = ", ".join(f"{number} {name}" for name, number in counted.items())
    found = [Standing("deliveries", not counted["failed"], many)]
    return found + [of_workers(queue, await pollers(client, queue)) for queue in Queue]


def of_workers(queue: Queue, workers: int) -> Standing:
    """How a *queue* with as many *workers* stands."""
    many = f"{workers} worker{'' if workers == 1 else 's'}"
    return Standing(f"queue {queue}", workers > 0, many if workers else "nobody works on it")


DELIVERIES = "WorkflowType = 'DeliveryWorkflow'"
OUTCOME = attributes.OUTCOME.name
COUNTED = {
    "running": f"{DELIVERIES} AND ExecutionStatus = 'Running'",
    "handled": f"{DELIVERIES} AND {OUTCOME} = 'handled'",
    "ignored": f"{DELIVERIES} AND ExecutionStatus = 'Completed' AND {OUTCOME} IS NULL",
    "failed": f"{DELIVERIES} AND ExecutionStatus = 'Failed'",
}


async def count(client: Client, query: str) -> int:
    """How many workflows fit *query*."""
    return (await client.count_workflows(query)).count


async def standings(door: str, client: Client | None, engine: str) -> list[Standing]:
    """
    How everything stands.

    Args:
        client: A client of the engine; None if it does not answer.
        engine: Where the engine is, or should be.
    """
    found = await of_door(door)
    if client is None:
        return [*found, Standing("engine", False, f"{engine} does not answer")]
    try:
        return [*found, Standing("engine", True, f"{engine} answers"), *await of_engine(client)]
    except RPCError as error:
        return [*found, Standing("engine", False, f"{engine}: {error.message}")]
