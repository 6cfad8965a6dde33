"""
Reactions by decorator: what an event leads to.

    app = App()

    @app.github.event("pull_request:labeled")
    async def ask_for_review(event: Event) -> None:
        ...

A reaction is ordinary deterministic code. It runs inside the delivery workflow
and calls platform activities; a name may have several, and a reaction several names.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from contexten.delivery import Event, Platform

Reaction = Callable[[Event], Awaitable[None]]


@dataclass(slots=True)
class Reactions:
    """The reactions to one platform's events, by event name, in order of registration."""

    platform: Platform
    by_name: dict[str, list[Reaction]] = field(default_factory=dict)

    def event(self, name: str) -> Callable[[Reaction], Reaction]:
        """
        Register the decorated coroutine function for *name*.

        Args:
            name: ``event`` or ``event:action``, as the platform calls them;
                ``event`` alone takes every action.

        Raises:
            TypeError: If what is decorated is not a coroutine function of one event.
            ValueError: If *name* is empty or has more than one colon.
        """
        parts = name.split(":")
        if len(parts) > 2 or not all(parts):
            raise ValueError(f"{name!r} is not an event: write 'event' or 'event:action'")

        def register(reaction: Reaction) -> Reaction:
            refuse_unfit(reaction)
            self.by_name.setdefault(name, []).append(reaction)
            return reaction

        return register

    def to(self, event: Event) -> Iterator[Reaction]:
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

    def reactions_to(self, event: Event) -> list[tuple[str, Reaction]]:
        """Every reaction to *event* with its full name, ``module.function``."""
        of_platform: Reactions = getattr(self, event.platform)
        return [(f"{r.__module__}.{r.__qualname__}", r) for r in of_platform.to(event)]
