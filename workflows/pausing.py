"""Pausing one workflow: it makes no further call until it is resumed."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from temporalio import workflow

from contexten.orders import LONGEST_REASON, Entry, Pause, clean, logged, order_of


class Pausable:
    """
    A workflow that a person can pause. What it has asked for already goes on by itself.

    Who paused it, why, and what else was ordered is in its memo, under ``standing``.
    """

    def __init__(self) -> None:
        self._pause: Pause | None = None
        self._orders: tuple[Entry, ...] = ()

    @workflow.signal
    def pause(self, *arguments: object) -> None:
        """Make no further call: because, by, for."""

        def paused(now: datetime) -> Entry:
            order = order_of(*arguments)
            self._pause = Pause.of(order, now)
            return Entry(now, "pause", order.by, order.because)

        self._obey("pause", paused)

    @workflow.signal
    def resume(self, *arguments: object) -> None:
        """Go on: because, by."""

        def resumed(now: datetime) -> Entry:
            order = order_of(*arguments)
            refused = None if self._pause else "it is not paused"
            self._pause = None
            return Entry(now, "resume", order.by, order.because, refused)

        self._obey("resume", resumed)

    @workflow.query
    def standing(self) -> dict[str, Any]:
        """Whether it is paused, by whom and why, and the latest orders."""
        return {
            "paused": self._pause and self._pause.as_json(),
            "orders": [one.as_json() for one in self._orders],
        }

    async def until_resumed(self) -> None:
        """Return at once, or when nobody has this workflow paused any more."""
        while self._pause is not None:
            await self._ends(self._pause)

    async def _ends(self, pause: Pause) -> None:
        """Return once *pause* is taken back, is followed by another, or its time is over."""
        left = None if pause.until is None else pause.until - workflow.now()
        try:
            await workflow.wait_condition(lambda: self._pause is not pause, timeout=left)
        except TimeoutError:
            if self._pause is pause:
                self._pause = None
                self._show()

    def _obey(self, what: str, changed: Callable[[datetime], Entry]) -> None:
        try:
            entry = changed(workflow.now())
        except Exception as error:  # noqa: BLE001 - a signal that fails fails for ever
            refused = clean(str(error), LONGEST_REASON) or type(error).__name__
            entry = Entry(workflow.now(), what, refused=refused)
        self._orders = logged(self._orders, entry)
        self._show()

    def _show(self) -> None:
        workflow.upsert_memo({"standing": self.standing()})
        workflow.set_current_details(self._pause.said("Paused") if self._pause else "")


async def not_paused() -> None:
    """Return once nobody has the workflow at work paused; at once if it cannot be."""
    instance = workflow.instance()
    if isinstance(instance, Pausable):
        await instance.until_resumed()
