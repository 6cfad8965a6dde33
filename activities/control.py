"""What entities and rounds have done: at the engine, and in our own records."""

from collections.abc import Sequence
from typing import Any, Protocol

from temporalio import activity

from activities.boundary import told_to_temporal
from contexten.degradation import Level, level_in

DEGRADATION = "degradation"


class Queues(Protocol):
    """The engine, as ``activities.clients.queue_control`` has it: its queues and our entities."""

    async def set_rate(self, queue: str, rps: float | None, because: str) -> None: ...
    async def waiting(self, queue: str) -> int: ...
    async def standings(self, workflow_ids: Sequence[str]) -> dict[str, Any]: ...


class ControlActivities:
    """
    The deeds of the ``control`` queue.

    Besides what each says, a deed fails as the engine or the database does, and is repeated.
    """

    def __init__(self, queues: Queues) -> None:
        self._queues = queues

    @activity.defn(name="control.set_queue_rate")
    async def set_queue_rate(self, queue: str, rps: float | None, because: str) -> None:
        """
        Let the calls on *queue* go out at *rps* a second; 0 holds them, None lets them be.

        Safe to repeat: the same rate is the same rate.

        Raises:
            TransientError: The engine is away.
        """
        with told_to_temporal():
            await self._queues.set_rate(queue, rps, because)

    @activity.defn(name="control.count_waiting")
    async def count_waiting(self, queue: str) -> int:
        """
        How many calls wait on *queue* for a worker, about.

        Raises:
            TransientError: The engine is away.
        """
        with told_to_temporal():
            return await self._queues.waiting(queue)

    @activity.defn(name="control.read_level")
    async def read_level(self) -> Level:
        """
        How much of the service is on: all of it, if nobody has said otherwise.

        Safe to repeat: it only reads.

        Raises:
            TransientError: The engine is away.
        """
        with told_to_temporal():
            return level_in((await self._queues.standings([DEGRADATION])).get(DEGRADATION))
