"""Which effect comes next: keys that are the same in every attempt and every run of a delivery."""

from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass, field

from temporalio import workflow

from contexten.delivery import Event
from contexten.effects import Effect, earliest, effect_key


@dataclass(slots=True)
class Scope:
    """One reaction at work on one event, and how often it did what so far."""

    reaction: str
    event: Event
    done: Counter[str] = field(default_factory=Counter)


_scope: ContextVar[Scope] = ContextVar("scope")


def enter(reaction: str, event: Event) -> None:
    """From here on, in this task, effects are those of *reaction* to *event*."""
    _scope.set(Scope(reaction, event))


def next_effect(operation: str) -> Effect:
    """
    The identity of the effect that *operation* is about to have.

    Raises:
        LookupError: Outside a reaction.
    """
    scope = _scope.get()
    ordinal = scope.done[operation]
    scope.done[operation] += 1
    key = effect_key(workflow.info().workflow_id, scope.reaction, operation, ordinal)
    return Effect(key, earliest(scope.event))
