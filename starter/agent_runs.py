"""Agent runs as an operator sees them: which there are, how each stands, and orders to them."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from temporalio.client import (
    Client,
    WorkflowExecution,
    WorkflowExecutionStatus,
    WorkflowQueryFailedError,
)
from temporalio.service import RPCError, RPCStatusCode

from contexten.agent_run import AGENT, run_of
from contexten.orders import Order, clean
from starter.orders import Conflict, NotThere, described, latest, obeyed, orders_in
from workflows import attributes

ANSWER = timedelta(seconds=5)
ANSWER_OF_MANY = timedelta(seconds=2)
LISTED = "WorkflowType = 'AgentRunWorkflow' AND ExecutionStatus != 'ContinuedAsNew'"
ASKED_AT_ONCE = 20
QUERIES = ("progress", "plan", "budget")
NOBODY_ANSWERS = frozenset(
    {
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.FAILED_PRECONDITION,
    }
)


class What(StrEnum):
    """What a run can be told."""

    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    MESSAGE = "message"
    APPROVE = "approve"
    REJECT = "reject"


class Unanswered(Exception):  # noqa: N818 - it is the question that is unanswered
    """No worker says how a run stands; the message says why."""


@dataclass(frozen=True, slots=True)
class Listed:
    """
    One run in the list.

    Attributes:
        context: What it is about.
        state: How it stands while it is under way, such as ``Turn 3``; else how it ended.
        running: Whether it is under way.
        asked_by: Who asked first; None if it has ended, or no worker says.
        since: When it began, or went on in its latest history; UTC.
        until: When it ended; None while it is under way.
    """

    context: str
    state: str
    running: bool
    asked_by: str | None
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Shown:
    """One run whole: as it is listed, and what it answers to each of its queries."""

    run: Listed
    progress: Mapping[str, Any]
    plan: str
    budget: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """It as plain values."""
        return asdict(self.run) | {
            "progress": dict(self.progress),
            "plan": self.plan,
            "budget": dict(self.budget),
        }


async def runs(client: Client, *, most: int, only_running: bool = False) -> list[Listed]:
    """
    The runs under way and ended, the newest first.

    Raises:
        RPCError: If the engine is away.
    """
    query = LISTED + (" AND ExecutionStatus = 'Running'" if only_running else "")
    found = [one async for one in client.list_workflows(query, limit=most)]
    at_once = asyncio.Semaphore(ASKED_AT_ONCE)

    async def listed(one: WorkflowExecution) -> Listed:
        async with at_once:
            return await stood(client, one)

    return list(await asyncio.gather(*map(listed, found)))


async def stood(client: Client, found: WorkflowExecution) -> Listed:
    """How the run that the engine *found* stands; a run under way is asked itself."""
    one = as_listed(found)
    if not one.running:
        return one
    try:
        progress = await answer(client, found.id, "progress", ANSWER_OF_MANY)
    except Unanswered:
        paused = ((await found.memo()).get("standing") or {}).get("paused")
        return replace(one, state="paused") if paused else one
    return told(one, progress)


def as_listed(found: WorkflowExecution) -> Listed:
    """The run that the engine *found*, as far as the engine knows it."""
    status = found.status.name.lower() if found.status else "unknown"
    running = found.status is WorkflowExecutionStatus.RUNNING
    ended = found.typed_search_attributes.get(attributes.OUTCOME, "")
    return Listed(
        context=found.id.removeprefix(AGENT),
        state=status if running else ended or status,
        running=running,
        asked_by=None,
        since=found.start_time,
        until=found.close_time,
    )


def told(one: Listed, progress: Mapping[str, Any]) -> Listed:
    """*one* with what it says of itself."""
    state = str(progress.get("state") or one.state) if one.running else one.state
    return replace(one, state=state, asked_by=progress.get("asked_by"))


async def shown(client: Client, context: str) -> Shown:
    """
    The latest run of *context*.

    Raises:
        NotThere: If there is none.
        Unanswered: If no worker says how it stands.
        RPCError: If the engine is away.
    """
    found = await described(client, id_of(context))
    progress, plan, budget = await asyncio.gather(
        *(answer(client, found.id, query) for query in QUERIES)
    )
    return Shown(told(as_listed(found), progress), progress, plan, budget)


async def answer(client: Client, workflow_id: str, query: str, within: timedelta = ANSWER) -> Any:
    """
    What a run answers to *query*.

    Raises:
        Unanswered: If nobody answers.
        RPCError: If the engine is away.
    """
    try:
        return await client.get_workflow_handle(workflow_id).query(query, rpc_timeout=within)
    except WorkflowQueryFailedError as error:
        raise Unanswered(f"the worker cannot answer: {clean(str(error), 300)}") from None
    except RPCError as error:
        if error.status in NOBODY_ANSWERS:
            raise Unanswered("no worker of the queue agents answers") from None
        raise


async def tell(client: Client, context: str, what: What, order: Order, words: str = "") -> bool:
    """
    Tell the run of *context* something; whether it was seen to be heard within a few seconds.

    Args:
        words: What is said to it, if it is a message.

    Raises:
        NotThere: If there is none.
        Conflict: If it has ended, or what it was told has no effect.
        RPCError: If the engine is away.
    """
    workflow_id = id_of(context)
    before = await described(client, workflow_id)
    if before.status is not WorkflowExecutionStatus.RUNNING:
        raise Conflict(f"the run has ended: {as_listed(before).state}")
    memo = await before.memo()
    seen = len(orders_in(memo)), latest(memo)
    handle = client.get_workflow_handle(workflow_id)
    try:
        await handle.signal(what, said_as(what, order, words), rpc_timeout=ANSWER)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise Conflict("the run has just ended") from None
        raise
    return await obeyed(client, workflow_id, seen)


def said_as(what: What, order: Order, words: str) -> dict[str, str]:
    """What the signal *what* takes."""
    if what is What.MESSAGE:
        return {"text": words, "by": order.by}
    return {"because": order.because, "by": order.by}


def id_of(context: str) -> str:
    """
    The workflow id of the run of *context*, which may be written as that id, too.

    Raises:
        NotThere: If it is empty.
    """
    context = context.strip().removeprefix(AGENT)
    if not context:
        raise NotThere("say of which context: `contexten agents` lists them")
    return run_of(context)
