"""Which effect comes next: keys that are the same in every attempt and every run of a delivery."""

from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass, field

from temporalio import workflow

from contexten.app import Importance
from contexten.delivery import Event
from contexten.effects import Effect, earliest, effect_key


@dataclass(slots=True)
class Scope:
    """One reaction at work on one event, and how often it did what so far."""

    reaction: str
    event: Event
    importance: Importance
    done: Counter[str] = field(default_factory=Counter)
    left_out: list[str] = field(default_factory=list)


_scope: ContextVar[Scope] = ContextVar("scope")


def enter(reaction: str, event: Event, importance: Importance = Importance.NORMAL) -> None:
    """From here on, in this task, effects are those of *reaction* to *event*."""
    _scope.set(Scope(reaction, event, importance))


def left_out(what: str) -> None:
    """Note what the reaction at work goes on without."""
    scope = _scope.get(None)
    if scope is not None:
        scope.left_out.append(what)


def all_left_out() -> tuple[str, ...]:
    """What the reaction at work went on without."""
    scope = _scope.get(None)
    return tuple(scope.left_out) if scope else ()


def importance() -> Importance:
    """How much what is at work in this task matters; outside a reaction it is normal."""
    scope = _scope.get(None)
    return scope.importance if scope else Importance.NORMAL


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


def about() -> dict[str, str]:
    """What the calls of this task are about, as far as it is known: context and repository."""
    scope = _scope.get(None)
    if scope is None:
        return {}
    named = {"context": scope.event.context, "repository": scope.event.repository}
    return {name: value for name, value in named.items() if value}
