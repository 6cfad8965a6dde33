"""The service level, held for the whole cluster."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from contexten.degradation import Degradation, Level, level_named
from contexten.operations import PLATFORMS
from contexten.orders import LONGEST_REASON, Entry, as_markdown, clean, order_of, subject_and_order
from contexten.queues import Queue
from contexten.reports import report_of

HELD_FOR = "2h"
"""How long a hold lasts that nobody repeats: it must not outlive who wanted it."""

ASK_AGAIN = timedelta(seconds=10)
REMIND = timedelta(minutes=10)
"""How often a platform that is held is told so again: it may have been started anew meanwhile."""


@workflow.defn
class DegradationWorkflow:
    """
    Hold the service level; health reports and people move it.

    Workflow ID: ``degradation``; there is exactly one.

    At maintenance it has every platform hold its queue, so that calls wait in the engine. An
    order that cannot be read is written down as refused, and nothing else comes of it.
    """

    @workflow.init
    def __init__(self, memory: dict[str, Any] | None = None) -> None:
        memory = memory or {}
        self._now = Degradation.from_json(memory.get("degradation", {}))
        told = memory.get("told", {}).items()
        self._told = {name: datetime.fromisoformat(at) for name, at in told}

    @workflow.run
    async def run(self, memory: dict[str, Any] | None = None) -> None:
        while not workflow.info().is_continue_as_new_suggested():
            seen = self._now = self._now.tick(workflow.now())
            self._show()
            await self._tell_platforms()
            await self._something_happens(seen)
        told = {name: at.isoformat() for name, at in self._told.items()}
        workflow.continue_as_new({"degradation": self._now.as_json(), "told": told})

    @workflow.signal
    def health_reported(self, *arguments: object) -> None:
        """From the health round: ``{"unhealthy_critical": 1, "unhealthy": ["github answers"]}``."""
        self._obey(
            "health_reported",
            lambda now: self._now.health_reported(*report_of(*arguments), now),
        )

    @workflow.signal
    def degrade(self, *arguments: object) -> None:
        """Stay at a level, whatever health says: level, because, by, for."""

        def degraded(now: datetime) -> Degradation:
            level, order = subject_and_order("level", *arguments)
            return self._now.degrade(level_named(level), order, now)

        self._obey("degrade", degraded)

    @workflow.signal
    def release(self, *arguments: object) -> None:
        """Let health decide again: because, by."""
        self._obey("release", lambda now: self._now.release(order_of(*arguments), now))

    @workflow.signal
    def pause(self, *arguments: object) -> None:
        """Let every platform call wait: because, by, for."""
        self._obey("pause", lambda now: self._now.pause(order_of(*arguments), now))

    @workflow.signal
    def resume(self, *arguments: object) -> None:
        """Take a pause of everything back: because, by."""
        self._obey("resume", lambda now: self._now.resume(order_of(*arguments), now))

    @workflow.signal
    def pause_repository(self, *arguments: object) -> None:
        """Let every call about a repository wait: repository, because, by, for."""

        def paused(now: datetime) -> Degradation:
            name, order = subject_and_order("repository", *arguments)
            return self._now.pause_repository(name, order, now)

        self._obey("pause_repository", paused)

    @workflow.signal
    def resume_repository(self, *arguments: object) -> None:
        """Let calls about a repository go out again: repository, because, by."""

        def resumed(now: datetime) -> Degradation:
            name, order = subject_and_order("repository", *arguments)
            return self._now.resume_repository(name, order, now)

        self._obey("resume_repository", resumed)

    @workflow.signal(dynamic=True)
    def unknown(self, name: str, arguments: Sequence[RawValue]) -> None:
        """Any other signal: refused, and written down."""
        entry = Entry(workflow.now(), clean(name), refused="there is no such order")
        self._now = self._now.refused(entry)

    @workflow.query
    def level(self) -> str:
        """The level in force."""
        return str(self._now.level)

    @workflow.query
    def standing(self) -> dict[str, Any]:
        """The level, why it is so, what is paused, and the latest orders."""
        return self._now.as_standing()

    @workflow.query
    def orders(self) -> list[dict[str, Any]]:
        """The log of orders, oldest first."""
        return [entry.as_json() for entry in self._now.orders]

    def _obey(self, what: str, changed: Callable[[datetime], Degradation]) -> None:
        now = workflow.now()
        try:
            self._now = changed(now)
        except Exception as error:  # noqa: BLE001 - a signal that fails fails for ever
            refused = clean(str(error), LONGEST_REASON) or type(error).__name__
            self._now = self._now.refused(Entry(now, what, refused=refused))

    def _show(self) -> None:
        """Let everybody see how it stands: workers read the memo, people the details."""
        standing = self._now.as_standing()
        if workflow.memo_value("standing", None) == standing:
            return
        workflow.upsert_memo({"standing": standing})
        said = f"**{self._now.level}**: {clean(self._now.why, LONGEST_REASON)}"
        workflow.set_current_details(f"{said}\n\n{as_markdown(self._now.orders)}")

    async def _tell_platforms(self) -> None:
        """Have the platforms hold their queues at maintenance, and let go afterwards."""
        if self._now.level is Level.MAINTENANCE:
            await asyncio.gather(*(self._hold(name) for name in called() if self._is_due(name)))
        else:
            await asyncio.gather(*(self._let_go(name) for name in list(self._told)))

    def _is_due(self, platform: str) -> bool:
        """Whether *platform* is to be told now to hold."""
        told = self._told.get(platform)
        return told is None or workflow.now() >= told + REMIND

    async def _hold(self, platform: str) -> None:
        order = {"by": "degradation", "because": self._now.why, "for": HELD_FOR}
        if await signalled(f"platform/{platform}", "hold", order):
            self._told[platform] = workflow.now()
        else:
            self._told.pop(platform, None)

    async def _let_go(self, platform: str) -> None:
        order = {"by": "degradation", "because": f"the level is {self._now.level}"}
        await signalled(f"platform/{platform}", "release_hold", order)
        self._told.pop(platform, None)

    async def _something_happens(self, seen: Degradation) -> None:
        """Return after the next order, or when there is something to do without one."""
        due = [self._now.next_due]
        if self._now.level is Level.MAINTENANCE:
            due += [told + REMIND for told in self._told.values()]
            due += [workflow.now() + ASK_AGAIN] if len(self._told) < len(called()) else []
        first = min((at for at in due if at), default=None)
        timeout = None if first is None else max(first - workflow.now(), timedelta(0))
        try:
            await workflow.wait_condition(lambda: self._now is not seen, timeout=timeout)
        except TimeoutError:
            return


def called() -> Sequence[str]:
    """The platforms whose calls are held: histories from before there was a model know of none."""
    if workflow.patched("holds-the-model"):
        return PLATFORMS
    return [name for name in PLATFORMS if name != Queue.MODEL]


async def signalled(workflow_id: str, signal: str, order: Mapping[str, str]) -> bool:
    """Signal another entity; False if it is not there."""
    try:
        await workflow.get_external_workflow_handle(workflow_id).signal(signal, order)
    except ApplicationError:
        return False
    return True
