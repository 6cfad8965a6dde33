"""
Reactions by decorator: what an event leads to.

    app = App()

    @app.github.event("pull_request:labeled")
    async def ask_for_review(event: Event) -> None:
        ...

A reaction is ordinary deterministic code. It runs inside the delivery workflow
and calls platform activities; a name may have several, and a reaction several names.
When the service is down to what is essential, the calls of all others wait:

    @app.slack.event("app_mention", importance=Importance.ESSENTIAL)
"""

import inspect
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from contexten.degradation import ESSENTIAL_PRIORITY, NORMAL_PRIORITY
from contexten.delivery import Event, Platform

Reaction = Callable[[Event], Awaitable[None]]


class Importance(IntEnum):
    """How much a reaction matters: the priority of its calls, 1 first."""

    ESSENTIAL = ESSENTIAL_PRIORITY
    NORMAL = NORMAL_PRIORITY


@dataclass(frozen=True, slots=True)
class Registered:
    """
    A reaction as it was registered.

    Attributes:
        name: Its full name, ``module.function``.
        reaction: The coroutine function.
        importance: How much it matters.
    """

    name: str
    reaction: Reaction
    importance: Importance


@dataclass(slots=True)
class Reactions:
    """The reactions to one platform's events, by event name, in order of registration."""

    platform: Platform
    by_name: dict[str, list[Registered]] = field(default_factory=dict)

    def event(
        self, name: str, *, importance: Importance = Importance.NORMAL
    ) -> Callable[[Reaction], Reaction]:
        """
        Register the decorated coroutine function for *name*.

        Args:
            name: ``event`` or ``event:action``, as the platform calls them;
                ``event`` alone takes every action.
            importance: Whether it goes on when the service is down to what is essential.

        Raises:
            TypeError: If what is decorated is not a coroutine function of one event.
            ValueError: If *name* is empty or has more than one colon.
        """
        parts = name.split(":")
        if len(parts) > 2 or not all(parts):
            raise ValueError(f"{name!r} is not an event: write 'event' or 'event:action'")

        def register(reaction: Reaction) -> Reaction:
            refuse_unfit(reaction)
            full = f"{reaction.__module__}.{reaction.__qualname__}"
            self.by_name.setdefault(name, []).append(Registered(full, reaction, importance))
            return reaction

        return register

    def to(self, event: Event) -> Iterator[Registered]:
        """The reactions to *event*: those of every action first, then those of its own."""
        yield from self.by_name.get(event.name, ())
        if event.action:
            yield from self.by_name.get(event.kind, ())


def refuse_unfit(reaction: Reaction) -> None:
    """
    Raises:
        TypeError: If *reaction* cannot be awaited with one event.
    """
    name = getattr(reaction, "__name__", repr(reaction))
    if not inspect.iscoroutinefunction(reaction):
        raise TypeError(f"{name} is not a reaction: write 'async def {name}(event)'")
    try:
        inspect.signature(reaction).bind(None)
    except TypeError:
        raise TypeError(f"{name} is not a reaction: it must take exactly one event") from None


class App:
    """All reactions of one module, one set a platform."""

    def __init__(self) -> None:
        self.github = Reactions(Platform.GITHUB)
        self.linear = Reactions(Platform.LINEAR)
        self.slack = Reactions(Platform.SLACK)

    def reactions_to(self, event: Event) -> list[Registered]:
        """Every reaction to *event*."""
        of_platform: Reactions = getattr(self, event.platform)
        return list(of_platform.to(event))
