"""What entities and rounds have done: at the engine, and in our own records."""

from typing import Protocol

from temporalio import activity

from activities.boundary import told_to_temporal


class Queues(Protocol):
    """The engine's task queues. ``activities.clients.queue_control`` is the real one."""

    async def set_rate(self, queue: str, rps: float | None, because: str) -> None: ...
    async def waiting(self, queue: str) -> int: ...


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
