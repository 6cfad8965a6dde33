"""What became of a call's attempts, kept by the engine in the heartbeat details of the activity."""

import asyncio
import inspect
from typing import Any

from temporalio import activity
from temporalio.worker import ActivityOutboundInterceptor, ExecuteActivityInput

from contexten.calls import Tries


class Memory(ActivityOutboundInterceptor):
    """
    In the way out of an attempt: a bare heartbeat of the deed does not wipe out what is known.

    Attributes:
        known: What became of the attempts before this one.
    """

    known = Tries()

    def heartbeat(self, *details: Any) -> None:
        """Tell the engine that the attempt is alive, and what is known."""
        super().heartbeat(*(details or (self.known.as_json(),)))


def remembered(info: activity.Info) -> Tries:
    """What the attempts before this one left behind; nothing if they left nothing that we know."""
    return Tries.from_json(info.heartbeat_details[0] if info.heartbeat_details else None)


async def remember(tries: Tries, attempt: ExecuteActivityInput) -> None:
    """Have the engine keep *tries* for the next attempt, once the deed of this one has begun."""
    if inspect.iscoroutinefunction(attempt.fn):
        activity.heartbeat(tries.as_json())
    else:  # the SDK has its heartbeat wait for the loop, as its deed is in a thread
        await asyncio.to_thread(activity.heartbeat, tries.as_json())
