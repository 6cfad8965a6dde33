"""The workflow of one delivery."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue, SearchAttributeUpdate
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    import orjson

    from contexten.delivery import Event  # reloaded, its datetime could not be converted
    from workflows.registry import import_all, reactions_to

from contexten.app import Importance, Registered
from contexten.classification import classified
from workflows import attributes
from workflows.effects import all_left_out, enter
from workflows.pausing import Pausable
from workflows.telling import tell_who_asked

import_all()  # a sandbox that reloads this module reloads the reactions with it

ASK_AGAIN_AFTER = timedelta(minutes=1)
ASK_AGAIN_AT_MOST = timedelta(hours=1)


class Outcome(StrEnum):
    """How a delivery ended: without a reaction, with all carried out, or with one that failed."""

    IGNORED = "ignored"
    HANDLED = "handled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivered:
    """
    Attributes:
        outcome: How it ended.
        reactions: The full names of the reactions that were carried out.
    """

    outcome: Outcome
    reactions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Carried:
    """
    How one reaction ended.

    Attributes:
        failure: Why it failed; None if it did not.
        told: The same, as somebody is told who knows nothing of our code.
        left_out: What it went on without.
    """

    failure: ApplicationError | None = None
    told: str = ""
    left_out: tuple[str, ...] = ()


@workflow.defn
class DeliveryWorkflow(Pausable):
    """
    Find the reactions to a delivery and carry them out, each on its own.

    Workflow ID: ``<platform>/<delivery id>``, so a delivery sent twice runs once; again only
    after it failed, and then without doubling what it did before it failed.

    Where another delivery about the same context may still be at work, this one asks it to
    say when it is done, and waits; one that has ended, however it ended, is not waited for.
    Telling who asked what went wrong comes last, and nobody waits for it.
    A person may pause it: it then makes no further call until it is resumed.
    """

    @workflow.init
    def __init__(self, event: Event, body: RawValue) -> None:
        super().__init__()
        self._received_at = event.received_at.timestamp()
        self._waiting: dict[str, None] = {}
        self._free = False
        self._done = False

    @workflow.run
    async def run(self, event: Event, body: RawValue) -> Delivered:
        reactions = reactions_to(event)
        if not reactions:
            return Delivered(Outcome.IGNORED)
        if event.after:
            await self._wait_for(event.after)
        event = replace(event, payload=orjson.loads(body.payload.data))
        carried = await asyncio.gather(*(carry_out(one, event) for one in reactions))
        failed = [one.failure for one in carried if one.failure]
        untold = any(one.left_out or one.failure for one in carried)
        last = untold and workflow.patched("tells-last")
        if untold and not last:
            await tell(event, carried)
        outcome = Outcome.FAILED if failed else Outcome.HANDLED
        workflow.upsert_search_attributes(found_by(outcome, failed))
        await self._free_those_waiting()
        if last:
            await self._tell_last(event, carried, min(one.importance for one in reactions))
        if failed:
            raise ApplicationError(
                "; ".join(map(str, failed)), type="ReactionFailed", non_retryable=True
            ) from failed[0]
        return Delivered(outcome, tuple(one.name for one in reactions))

    @workflow.signal
    async def follower_arrived(self, workflow_id: str, received_at: float) -> None:
        """
        From a delivery about the same context: it waits until this one is done.

        One that was received before this one, in seconds since the epoch, need not: this is a
        second run then, after the first was ended by hand, and two must not wait for each other.
        """
        if self._done or received_at < self._received_at:
            await signalled(workflow_id, "predecessor_ended")
        else:
            self._waiting[workflow_id] = None

    @workflow.signal
    def predecessor_ended(self) -> None:
        """From the delivery this one waits for: it is done."""
        self._free = True

    async def _wait_for(self, earlier: str) -> None:
        pause = ASK_AGAIN_AFTER
        while not self._free and await signalled(
            earlier, "follower_arrived", workflow.info().workflow_id, self._received_at
        ):
            with suppress(TimeoutError):
                await workflow.wait_condition(lambda: self._free, timeout=pause)
            pause = min(pause * 2, ASK_AGAIN_AT_MOST)

    async def _free_those_waiting(self) -> None:
        while self._waiting:
            follower, _ = self._waiting.popitem()
            await signalled(follower, "predecessor_ended")
        await workflow.wait_condition(workflow.all_handlers_finished)

    async def _tell_last(
        self, event: Event, carried: Sequence[Carried], importance: Importance
    ) -> None:
        """Tell who asked, while nothing waits for that: neither a follower nor the outcome."""
        self._done = True
        await tell(event, carried, importance)
        await workflow.wait_condition(workflow.all_handlers_finished)


async def signalled(workflow_id: str, signal: str, *arguments: str | float) -> bool:
    """Signal another delivery; False if it has ended."""
    try:
        await workflow.get_external_workflow_handle(workflow_id).signal(signal, args=arguments)
    except ApplicationError:
        return False
    return True


async def carry_out(one: Registered, event: Event) -> Carried:
    """Carry out one reaction; answer with how it ended, so that the others go on meanwhile."""
    enter(one.name, event, one.importance)
    try:
        await one.reaction(event)
    except Exception as error:  # noqa: BLE001 - one reaction's fault must not touch the others
        reason = said(error)
        workflow.logger.warning("reaction %s failed: %s", one.name, reason)
        failure = ApplicationError(
            f"{one.name}: {reason}", type="ReactionFailed", non_retryable=True
        )
        failure.__cause__ = error
        return Carried(failure, plain(one.name, error), all_left_out())
    return Carried(left_out=all_left_out())


async def tell(
    event: Event, carried: Sequence[Carried], importance: Importance = Importance.NORMAL
) -> None:
    """Tell who asked what failed, and what was left out."""
    if workflow.patched("tells-who-asked"):
        failed = [one.told for one in carried if one.failure]
        left_out = [what for one in carried for what in one.left_out]
        await tell_who_asked(event, failed, left_out, importance)


def found_by(
    outcome: Outcome, failed: Sequence[ApplicationError]
) -> list[SearchAttributeUpdate[Any]]:
    """The search attributes of a delivery that ended so."""
    found: list[SearchAttributeUpdate[Any]] = [attributes.OUTCOME.value_set(outcome)]
    if failed and failed[0].__cause__ is not None:
        category = classified(failed[0].__cause__).category
        found.append(attributes.ERROR_CATEGORY.value_set(category))
    return found


def said(error: Exception) -> str:
    """What went wrong, in one line: the platform's own words where a call failed."""
    if isinstance(error, ActivityError) and error.cause is not None:
        return f"{error.activity_type}: {error.cause}"
    return f"{type(error).__name__}: {error}"


def plain(reaction: str, error: Exception) -> str:
    """
    What went wrong, for whoever asked: the platform's words, or that the fault is ours.

    What an exception of a reaction says is not repeated: it may hold anything.
    """
    if isinstance(error, ActivityError):
        return f"{error.activity_type}: {classified(error).message}"
    return f"a fault of ours in {reaction.rpartition('.')[2]} ({type(error).__name__})"
