"""The rule book, held for the whole cluster."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.control import ControlActivities
from contexten.bookprint import as_markdown, in_force
from contexten.hastening import Hastening, tempos
from contexten.operations import PLATFORMS
from contexten.queues import Queue
from contexten.rulebook import as_json, edit_from
from contexten.versions import (
    History,
    history_as_json,
    history_from_json,
    version_as_json,
    version_number,
)
from workflows.attributes import RULE_VERSION
from workflows.options import request

HASTEN = "control.hasten_waiting_calls"


@workflow.defn
class RuleBookWorkflow:
    """
    Hold the rule book: edited within its bounds, and rolled back, by updates.

    Workflow ID: ``rules``; there is exactly one.

    What may not be is refused before it is in the history. After an edit, calls that wait for
    their next try are moved. Workers read the book in the memo, under ``standing``.
    """

    @workflow.init
    def __init__(self, memory: Any = None) -> None:
        told = memory if isinstance(memory, dict) else {}
        self._history = history_from_json(told.get("history"))
        self._reached = version_number(told.get("reached"), self._history.book.version)

    @workflow.run
    async def run(self, memory: Any = None) -> None:
        self._show()
        while not workflow.info().is_continue_as_new_suggested():
            await workflow.wait_condition(self._has_something_to_do)
            if self._unreached:
                await self._reach()
        await workflow.wait_condition(workflow.all_handlers_finished)
        memory = {"history": history_as_json(self._history), "reached": self._reached}
        workflow.continue_as_new(memory)

    # What was let in stays in, also when a replay meets bounds that are narrower by now: so only
    # the validators, which no replay runs, ask whether a change is allowed.

    @workflow.update
    def edit(self, wanted: Any) -> int:
        """
        Change the book: ``{"by", "why", "changes": {path: value}}``; the version in force then.

        A path is such as ``slack.post_message.server_error.attempts``, a value such as ``2s``
        or ``default``.
        """
        with refusals_told():
            return self._now(self._history.with_edit(edit_from(wanted), workflow.now()))

    @edit.validator
    def edit_is_allowed(self, wanted: Any) -> None:
        """Refuse what is unknown, unreadable or out of bounds."""
        self._history.edited(edit_from(wanted), workflow.now())

    @workflow.update
    def roll_back(self, version: Any, by: Any = "", why: Any = "") -> int:
        """Go back to *version*, as a new one that is equal to it; the version in force then."""
        with refusals_told():
            now = workflow.now()
            return self._now(self._history.with_rollback(version, str(by), str(why), now))

    @roll_back.validator
    def roll_back_is_allowed(self, version: Any, by: Any = "", why: Any = "") -> None:
        """Refuse what is no version, or no longer kept."""
        self._history.rolled_back(version, str(by), str(why), workflow.now())

    @workflow.query
    def book(self) -> dict[str, Any]:
        """The book: its version, how it differs from what is shipped, and every value in force."""
        return as_json(self._history.book) | {"in_force": in_force(self._history.book)}

    @workflow.query
    def versions(self) -> list[dict[str, Any]]:
        """Who changed what, why and when, oldest first."""
        return [version_as_json(one) for one in self._history.versions]

    @workflow.query
    def version(self) -> int:
        """The version in force."""
        return self._history.book.version

    def _now(self, history: History) -> int:
        """Let *history* be in force; its version."""
        if history is not self._history:
            self._history = history
            self._show()
        return history.book.version

    def _show(self) -> None:
        """Let everybody see the book: workers read the memo, people the details."""
        book = self._history.book
        workflow.upsert_memo({"standing": as_json(book)})
        workflow.upsert_search_attributes([RULE_VERSION.value_set(book.version)])
        workflow.set_current_details(as_markdown(self._history))

    @property
    def _unreached(self) -> bool:
        """Whether there is a version that waiting calls do not follow yet."""
        return self._reached < self._history.book.version

    def _has_something_to_do(self) -> bool:
        return self._unreached or workflow.info().is_continue_as_new_suggested()

    async def _reach(self) -> None:
        """Have calls that wait already follow the version in force."""
        version = self._history.book.version
        if workflow.patched("platforms-follow"):
            await self._tell_platforms()
        faster = tempos(self._history.oldest_from(self._reached), self._history.book)
        how = await hastened(Hastening(version, faster))
        self._history = self._history.reached(version, how)
        self._reached = version
        workflow.set_current_details(as_markdown(self._history))

    async def _tell_platforms(self) -> None:
        """Have the gates of the platforms follow as well; one that is not there yet reads it."""
        with_model = workflow.patched("model-follows")
        for name in PLATFORMS:
            if name == Queue.MODEL and not with_model:
                continue
            gate = workflow.get_external_workflow_handle(f"platform/{name}")
            with suppress(ApplicationError):
                await gate.signal("rules_changed", as_json(self._history.book))


@contextmanager
def refusals_told() -> Iterator[None]:
    """Let an update fail that was let in and cannot be done after all, and nothing but it."""
    try:
        yield
    except ValueError as error:
        raise ApplicationError(str(error), type=type(error).__name__) from error


async def hastened(wanted: Hastening) -> str:
    """Have waiting calls moved; in words, what came of it."""
    options = await request(HASTEN, f"version {wanted.version}")
    try:
        done = await workflow.execute_activity_method(
            ControlActivities.hasten_waiting_calls, wanted, **options
        )
    except ActivityError as error:
        cause = error.cause
        why = cause.message if isinstance(cause, ApplicationError) else str(cause)
        return f"not moved, each takes it up at its next try: {why[:200]}"
    return str(done)
