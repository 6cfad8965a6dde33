"""The webhook routes: ASGI on one side, the door on the other. Nothing in between costs time."""

from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any

from contexten.delivery import Platform
from contexten.reading import NAME
from starter.answers import NOT_FOUND, Answer
from starter.counters import DoorCounters
from starter.door import Door, Incoming
from starter.heading import collected
from starter.limits import Receive

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Receiver:
    """The ASGI application behind one platform's routes."""

    def __init__(self, platform: Platform, door: Door, counters: DoorCounters) -> None:
        self._platform = platform
        self._door = door
        self._counters = counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        began = perf_counter()
        answer = await self._answer(scope, receive)
        if answer is None:
            self._counters.answered(self._platform, "gone", perf_counter() - began)
            return
        await send(answer.start)
        await send(answer.body)
        self._counters.answered(self._platform, answer.name, perf_counter() - began)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer | None:
        tenant = None
        if route := scope.get("path_params"):
            owner, name = route["org"], route["repo"]
            if not (NAME.fullmatch(owner) and NAME.fullmatch(name)):
                return NOT_FOUND
            tenant = f"{owner}/{name}"
        headers = collected(scope["headers"])
        return await self._door.answer(Incoming(self._platform, tenant, headers, receive))
