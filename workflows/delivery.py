"""The workflow of one delivery."""

import asyncio
from dataclasses import dataclass, replace
from enum import StrEnum

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    import orjson

    from contexten.delivery import Event  # reloaded, its datetime could not be converted
    from workflows.registry import import_all, reactions_to

from contexten.app import Reaction
from workflows import attributes
from workflows.effects import enter

import_all()  # a sandbox that reloads this module reloads the reactions with it


class Outcome(StrEnum):
    """How a delivery ended."""

    IGNORED = "ignored"
    ANSWERED = "answered"
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


@workflow.defn
class DeliveryWorkflow:
    """
    Find the reactions to a delivery and carry them out, each on its own.

    Workflow ID: ``<platform>/<delivery id>``, so a delivery sent twice runs once; again only
    after it failed, and then without doubling what it did before it failed.
    """

    @workflow.run
    async def run(self, event: Event, body: RawValue) -> Delivered:
        reactions = reactions_to(event)
        if not reactions:
            return Delivered(Outcome.IGNORED)
        event = replace(event, payload=orjson.loads(body.payload.data))
        errors = await asyncio.gather(*(carry_out(name, r, event) for name, r in reactions))
        failed = [error for error in errors if error]
        outcome = Outcome.FAILED if failed else Outcome.ANSWERED
        workflow.upsert_search_attributes([attributes.OUTCOME.value_set(outcome)])
        if failed:
            raise ApplicationError(
                "; ".join(map(str, failed)), type="ReactionFailed", non_retryable=True
            ) from failed[0]
        return Delivered(outcome, tuple(name for name, _ in reactions))


async def carry_out(name: str, reaction: Reaction, event: Event) -> ApplicationError | None:
    """Carry out one reaction; answer with why it failed, so that the others go on meanwhile."""
    enter(name, event)
    try:
        await reaction(event)
    except Exception as error:  # noqa: BLE001 - one reaction's fault must not touch the others
        workflow.logger.exception("reaction failed", extra={"reaction": name})
        reason = said(error)
        failure = ApplicationError(f"{name}: {reason}", type="ReactionFailed", non_retryable=True)
        failure.__cause__ = error
        return failure
    return None


def said(error: Exception) -> str:
    """What went wrong, in one line: the platform's own words where a call failed."""
    if isinstance(error, ActivityError) and error.cause is not None:
        return f"{error.activity_type}: {error.cause}"
    return f"{type(error).__name__}: {error}"
