"""
Orders from people on their way to what they are for: by the command line and over HTTP.

    all                 the service level's entity      pause resume degrade release
    github linear slack the platform's entity           pause resume force-open force-closed
                                                        metrics-only release
    octo/hello          the service level's entity      pause resume
    github/<delivery>   that workflow                   pause resume
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from contexten.degradation import level_named
from contexten.delivery import Platform
from contexten.durations import said as spelled
from contexten.operations import PLATFORMS
from contexten.orders import Order, clean, is_repository
from starter.entities import DEGRADATION
from starter.pending import hold_activities, release_activities

ANSWER = timedelta(seconds=5)
TAKEN_WITHIN_S = 3.0
LOOK_EVERY_S = 0.05
REPOSITORY = "repository:"
PAUSABLE = frozenset({"DeliveryWorkflow"})


class What(StrEnum):
    """What can be ordered."""

    PAUSE = "pause"
    RESUME = "resume"
    DEGRADE = "degrade"
    FORCE_OPEN = "force-open"
    FORCE_CLOSED = "force-closed"
    METRICS_ONLY = "metrics-only"
    RELEASE = "release"


class Kind(StrEnum):
    """What an order can be for."""

    ALL = "all"
    PLATFORM = "platform"
    REPOSITORY = "repository"
    WORKFLOW = "workflow"


PAUSING = (What.PAUSE, What.RESUME)
TAKES: Mapping[Kind, tuple[What, ...]] = {
    Kind.ALL: (*PAUSING, What.DEGRADE, What.RELEASE),
    Kind.PLATFORM: (
        *PAUSING,
        What.FORCE_OPEN,
        What.FORCE_CLOSED,
        What.METRICS_ONLY,
        What.RELEASE,
    ),
    Kind.REPOSITORY: PAUSING,
    Kind.WORKFLOW: PAUSING,
}


class Unfit(Exception):  # noqa: N818 - it is the order that is unfit
    """An order that nobody can obey; the message says why."""


class NotThere(Exception):  # noqa: N818
    """What the order is for is not there; the message names it."""


class Conflict(Exception):  # noqa: N818
    """An order that has no effect as things stand; the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """
    What an order is for.

    Attributes:
        kind: What that is.
        name: Its name: of the platform, of the repository, or the workflow's ID.
    """

    kind: Kind
    name: str

    @property
    def workflow_id(self) -> str:
        """The workflow that takes the order."""
        if self.kind is Kind.PLATFORM:
            return f"platform/{self.name}"
        return self.name if self.kind is Kind.WORKFLOW else DEGRADATION

    def signal(self, what: What) -> str:
        """
        The signal that says *what* to it.

        Raises:
            Unfit: If it takes no such order.
        """
        if what not in TAKES[self.kind]:
            takes = ", ".join(TAKES[self.kind])
            raise Unfit(f"{self.name} takes no {what}; it takes {takes}")
        signal = what.replace("-", "_")
        return f"{signal}_repository" if self.kind is Kind.REPOSITORY else signal


@dataclass(frozen=True, slots=True)
class Given:
    """
    An order that was given.

    Attributes:
        workflow_id: What it went to.
        signal: As which signal.
        taken: Whether it was seen to be obeyed; if not, it waits for a worker.
    """

    workflow_id: str
    signal: str
    taken: bool


def target_of(text: str) -> Target:
    """
    What *text* names. What begins like a delivery's ID is one; ``repository:github/docs`` is not.

    Raises:
        Unfit: If it names nothing.

    >>> target_of("octo/hello")
    Target(kind=<Kind.REPOSITORY: 'repository'>, name='octo/hello')
    >>> target_of("github/1f7b").workflow_id, target_of("github").workflow_id
    ('github/1f7b', 'platform/github')
    """
    text = text.strip()
    if text == Kind.ALL:
        return Target(Kind.ALL, text)
    if text in PLATFORMS:
        return Target(Kind.PLATFORM, text)
    head, slash, rest = text.partition("/")
    if slash and rest and head in set(Platform):
        return Target(Kind.WORKFLOW, text)
    repository = text.removeprefix(REPOSITORY)
    if is_repository(repository):
        return Target(Kind.REPOSITORY, repository)
    raise Unfit(f"{clean(text)!r} is nothing to order about: write {', '.join(TARGETS)}")


TARGETS = ("all", *PLATFORMS, "owner/name", "github/<delivery>")


def as_signal(target: Target, order: Order, level: str | None) -> dict[str, str]:
    """
    *order* as the object that a signal takes.

    Raises:
        Unfit: If *level* is none.
    """
    told = {"by": order.by, "because": order.because}
    if order.lasting is not None:
        told["for"] = spelled(order.lasting)
    if target.kind is Kind.REPOSITORY:
        told["repository"] = target.name
    if level is not None:
        try:
            told["level"] = level_named(level)
        except ValueError as error:
            raise Unfit(str(error)) from None
    return told


async def give(
    client: Client, target: Target, what: What, order: Order, level: str | None = None
) -> Given:
    """
    Give *order*, and see whether it is obeyed.

    The engine holds a workflow's waiting calls until it is told otherwise, and nobody would tell
    it at the end of a pause that has one; so it holds none then, and lets go what it held.

    Raises:
        Unfit: If *target* takes no such order.
        NotThere: If it is not there.
        Conflict: If it has no effect.
        RPCError: If the engine is away.
    """
    signal = target.signal(what)
    if what is What.DEGRADE and level is None:
        raise Unfit("say to which level")
    told = as_signal(target, order, level)
    before = await described(client, target.workflow_id)
    refuse_unfit(target, before)
    seen = len(orders_in(await before.memo())), latest(await before.memo())
    handle = client.get_workflow_handle(target.workflow_id)
    await handle.signal(signal, told, rpc_timeout=ANSWER)
    if target.kind is Kind.WORKFLOW:
        endless = what is What.PAUSE and order.lasting is None
        change = hold_activities if endless else release_activities
        await change(client, target.workflow_id, order)
    taken = await obeyed(client, target.workflow_id, seen)
    return Given(target.workflow_id, signal, taken)


def refuse_unfit(target: Target, found: WorkflowExecutionDescription) -> None:
    """
    Raises:
        Unfit: If *found* cannot take orders.
        Conflict: If it has ended.
    """
    if target.kind is Kind.WORKFLOW and found.workflow_type not in PAUSABLE:
        raise Unfit(f"{target.name} is a {found.workflow_type}, which cannot be paused")
    if found.status is not WorkflowExecutionStatus.RUNNING:
        ended = found.status.name.lower().replace("_", " ") if found.status else "gone"
        raise Conflict(f"{target.name} is not running any more: it is {ended}")


async def described(client: Client, workflow_id: str) -> WorkflowExecutionDescription:
    """
    What the engine says of a workflow, without asking any worker.

    Raises:
        NotThere: If there is none.
        RPCError: If the engine is away.
    """
    try:
        return await client.get_workflow_handle(workflow_id).describe(rpc_timeout=ANSWER)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise NotThere(f"the engine has no workflow {clean(workflow_id)}") from None
        raise


async def obeyed(client: Client, workflow_id: str, seen: tuple[int, Any]) -> bool:
    """
    Whether the log of the workflow has more than what was *seen* in it, within a few seconds.

    Raises:
        Conflict: If it refused.
    """
    deadline = asyncio.get_running_loop().time() + TAKEN_WITHIN_S
    while asyncio.get_running_loop().time() < deadline:
        memo = await (await described(client, workflow_id)).memo()
        if "standing" in memo and "orders" not in memo["standing"]:
            return False
        if (len(orders_in(memo)), latest(memo)) != seen:
            if refused := latest(memo).get("refused"):
                raise Conflict(refused)
            return True
        await asyncio.sleep(LOOK_EVERY_S)
    return False


def orders_in(memo: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The log of orders in the memo of an entity; empty if it keeps none."""
    standing = memo.get("standing")
    found = standing.get("orders", []) if isinstance(standing, dict) else []
    return found if isinstance(found, list) else []


def latest(memo: Mapping[str, Any]) -> dict[str, Any]:
    """The latest entry of that log; empty if there is none."""
    return (orders_in(memo) or [{}])[-1]
