"""The run of an agent: one context, one run, however often somebody asks."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, NoReturn

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from contexten.agent import Ask
    from contexten.agent_run import Ended, Run
    from contexten.turns import Role, Said

from activities.control import ControlActivities
from contexten import agent_prompt as prompt
from contexten.agent import Ending, Task
from contexten.agent_heard import message_of
from contexten.agent_run import Message, is_refused
from contexten.agent_toolbox import refused_branch
from contexten.agent_words import details
from contexten.classification import classified
from contexten.degradation import Flag, is_on
from contexten.durations import said as spelled
from contexten.evidence_of_run import Answer, seen_to_end, shown, unanswered
from contexten.orders import Entry, Order, Pause, logged, order_of
from contexten.place import Place
from contexten.queues import Queue
from contexten.retry import rule_for
from workflows import agent_deeds, attributes, github
from workflows.agent_telling import tell_end, tell_started
from workflows.agent_turns import Turning
from workflows.effects import enter
from workflows.options import timing
from workflows.terms import read_terms

LOOK_AGAIN = timedelta(minutes=1)
LOOK_AGAIN_AT_MOST = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Carried:
    """What goes on in another history: where the run stands, who paused it, what was ordered."""

    run: Run
    paused: dict[str, Any] | None = None
    orders: list[dict[str, Any]] = field(default_factory=list)


@workflow.defn
class AgentRunWorkflow(Turning):
    """
    Do what somebody asked for, turn by turn, until it is done and can be seen.

    Workflow ID: ``agent/<context>``, so whatever is asked about one issue, pull request, ticket
    or thread while it is under way comes to the same run.

    What is said to it is heard at its next turn, and never lost: not while it begins, nor while
    it ends. It ends when its work is done and was looked up, when a part of its budget is used
    up, when its time is over, or when a person cancels it; and says so to whoever asked.
    """

    @workflow.init
    def __init__(self, ask: Ask, carried: Carried | None) -> None:
        super().__init__(carried.run if carried else Run.of(ask, str(workflow.uuid4())))
        if carried and carried.paused:
            self._pause = Pause.from_json(carried.paused)
        self._orders = tuple(map(Entry.from_json, carried.orders)) if carried else ()
        self._cancelled: Order | None = None
        self._began_with = self._run.turns
        self._telling: asyncio.Task[None] | None = None
        self._given_back = False
        self._answers: dict[str, str] = {}

    @workflow.run
    async def run(self, ask: Ask, carried: Carried | None) -> Ended:
        self._show()
        while True:
            ended = await self._until_over()
            await self._settle(ended)
            if ended is None and self._cancelled is not None:
                continue  # told so while it settled
            if ended is None:
                return self._go_on(self._run)
            if ended.ending is not Ending.DONE:
                self._run, _ = self._run.read()  # whoever said it is told of the end
            self._cancelled = None  # obeyed; another is of what is said while it closes
            answers = await self._close(ended)
            if not self._run.inbox:
                return outcome(seen_to_end(ended, answers))
            self._again(ended, unanswered(self._run, answers))

    @workflow.signal
    def message(self, *arguments: object) -> None:
        """Say something: an ask, a text, or ``{"text": "…", "by": "ada"}``."""

        def heard(now: Any) -> Entry:
            message = message_of(as_ask, *arguments)
            self._run = self._run.hear(message)
            return Entry(now, "message", message.by or "somebody")

        self._obey("message", heard)

    @workflow.signal
    def cancel(self, *arguments: object) -> None:
        """Stop, and say so to who asked: because, by."""

        def cancelled(now: Any) -> Entry:
            order = order_of(*arguments)
            self._cancelled = order
            return Entry(now, "cancel", order.by, order.because)

        self._obey("cancel", cancelled)

    @workflow.signal
    def approve(self, *arguments: object) -> None:
        """Answer what the run asked with yes: because, by."""
        self._obey("approve", lambda now: self._decided("approve", "Yes", order_of(*arguments)))

    @workflow.signal
    def reject(self, *arguments: object) -> None:
        """Answer what the run asked with no: because, by."""
        self._obey("reject", lambda now: self._decided("reject", "No", order_of(*arguments)))

    @workflow.query
    def progress(self) -> dict[str, Any]:
        """How far it is: state, turns, latest calls, evidence, what became of its answers."""
        run = self._run
        return {
            "state": self._state(),
            "turns": run.turns,
            "asked_by": run.first.by,
            "repository": run.repository,
            "branch": run.checkout and run.checkout.branch,
            "commit": run.head,
            "pull_request": run.pull and run.pull.url,
            "question": run.question and run.question.text,
            "waiting": len(run.inbox),
            "latest": [[one.tool, one.brief, one.ok] for one in run.latest],
            "model": run.model,
            "answers": self._answers,
            "trace": run.trace_url,
        }

    @workflow.query
    def budget(self) -> dict[str, Any]:
        """What it has used up, and what it may."""
        spent, terms = self._run.spent, self._run.terms
        names = ("model_calls", "tool_calls", "tokens", "usd")
        found = {
            name: {"spent": getattr(spent, name), "of": terms and getattr(terms.budget, name)}
            for name in names
        }
        left = self._run.seconds_left(workflow.now().timestamp())
        of = terms and terms.budget.wall_clock_s
        return found | {"wall_clock_s": {"left": left, "of": of}}

    @workflow.query
    def plan(self) -> str:
        """What it wrote down that it will do."""
        return self._run.plan

    def _decided(self, what: str, word: str, order: Order) -> Entry:
        """Somebody decided what the run asked."""
        entry = Entry(workflow.now(), what, order.by, order.because)
        if self._run.question is None:
            return replace(entry, refused="nothing was asked")
        words = f"{word}. {order.because}" if order.because else f"{word}."
        self._run = self._run.hear(Message(words, order.by))
        return entry

    def _state(self) -> str:
        """How it stands, in a few words."""
        if self._pause:
            return self._pause.said("Paused")
        if self._run.question:
            return "Waits for an answer"
        return f"Turn {self._run.turns + 1}" if self._run.terms else "Begins"

    def _show(self) -> None:
        workflow.upsert_memo({"standing": self.standing()})
        workflow.set_current_details(details(self._run, self._state()))

    async def _until_over(self) -> Ended | None:
        """Work until it is over, cancelled, or out of time; None to go on in another history."""
        if self._cancelled is not None:  # while it closed or settled
            return stopped(self._cancelled)
        work = asyncio.create_task(self._work())

        def over() -> bool:
            return work.done() or self._cancelled is not None

        try:
            await workflow.wait_condition(lambda: over() or self._run.terms is not None)
            left = self._run.seconds_left(workflow.now().timestamp())
            await workflow.wait_condition(over, timeout=left)
        except TimeoutError:
            await put_down(work)
            return Ended(Ending.EXHAUSTED, f"all of its time, {self._time()}, is over")
        except asyncio.CancelledError:
            self._cancelled = Order("the engine", "the workflow was cancelled")
        if self._cancelled is not None:
            await put_down(work)
            return stopped(self._cancelled)
        return work.result()

    def _time(self) -> str:
        """How long it may take in all."""
        terms = self._run.terms
        return spelled(timedelta(seconds=terms.budget.wall_clock_s if terms else 0))

    async def _work(self) -> Ended | None:
        """Begin, if it has not, and take turns; whatever breaks ends it in plain words."""
        try:
            if self._run.terms is None and (refused := await self._begin()):
                return refused
            if self._given_back and (copy := self._run.checkout):
                self._given_back = False
                await self._prepare(copy.repository, copy.branch, copy.base)
            return await self._turns()
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise asyncio.CancelledError from error
            return Ended(Ending.FAILED, f"{error.activity_type}: {classified(error).message}")
        except Exception as error:  # noqa: BLE001 - whatever broke is told
            workflow.logger.exception("a run broke")
            return Ended(Ending.FAILED, f"a fault of ours ({type(error).__name__})")

    async def _begin(self) -> Ended | None:
        """Read the terms, say that it has begun, and have a working copy made."""
        enter(self._run.effects("begins"), self._run.first.event)
        await self._until_let()
        terms = await read_terms()
        now = workflow.now().timestamp()
        self._run = replace(self._run, terms=terms, began_at_s=now)
        repository = self._run.repository
        if repository and is_refused(terms, repository):
            return Ended(Ending.REJECTED, f"{repository} is not among the repositories I work on")
        self._telling = asyncio.create_task(tell_started(self._run))
        if repository and (refused := await self._copy(repository)):
            return refused
        system = Said(Role.SYSTEM, prompt.system(self._run))
        self._run = self._run.told(system, Said(Role.USER, prompt.opening(self._run)))
        return None

    async def _copy(self, repository: str) -> Ended | None:
        """Have a working copy made; why not, if the pull request is not ours to push to."""
        ask = self._run.first
        if ask.pull is None:
            await self._prepare(repository, self._branch(), ask.base)
            return None
        pull = await github.read_pull_request(repository, ask.pull)
        refused = refused_branch(pull, repository)
        if refused is None:
            await self._prepare(repository, pull.head, pull.base)
        elif ask.task is not Task.REVIEW:  # which changes nothing, and can do without a copy
            return Ended(Ending.REJECTED, refused)
        return None

    async def _until_let(self) -> None:
        """Return once the service is at a level at which runs begin."""
        pause = LOOK_AGAIN
        while True:
            try:
                level = await workflow.execute_activity_method(
                    ControlActivities.read_level,
                    task_queue=Queue.CONTROL,
                    **timing(rule_for("control.read_level")),
                )
            except ActivityError as error:
                if is_cancelled_exception(error):
                    raise
                return
            if is_on(Flag.NEW_AGENT_RUNS, level):
                return
            workflow.set_current_details(f"Waits: no run begins at level {level}.")
            await asyncio.sleep(pause.total_seconds())
            pause = min(pause * 2, LOOK_AGAIN_AT_MOST)

    async def _turns(self) -> Ended | None:
        """Take turns until it has ended; None to go on in another history."""
        most = self._terms().turns_a_history
        while True:
            await self.until_resumed()
            if used_up := self._run.exhausted():
                return Ended(Ending.EXHAUSTED, f"{used_up} of this run are used up")
            if self._run.turns - self._began_with >= most:
                return None
            if workflow.info().is_continue_as_new_suggested():
                return None
            if ended := await self._turn():
                return ended
            self._show()

    async def _settle(self, ended: Ended | None) -> None:
        """Wait until it was told that the run had begun; at the end a pause holds that no more."""
        if self._telling is not None:
            if ended is not None:
                self._pause = None
            await self._telling
            self._telling = None

    async def _close(self, ended: Ended) -> dict[Place, Answer]:
        """
        Tell how it ended, see to it that it can be read, and give the working copy back.

        Who paused it need not wait for it.
        """
        if self._pause is not None:
            self._pause = None
            entry = Entry(workflow.now(), "resume", "the run", "it has ended")
            self._orders = logged(self._orders, entry)
        workflow.upsert_search_attributes([attributes.OUTCOME.value_set(str(ended.ending))])
        answers = await tell_end(self._run, ended)
        self._answers = {shown(place): str(one) for place, one in answers.items()}
        workflow.upsert_memo({"answers": self._answers})
        if seen_to_end(ended, answers).lost:
            workflow.upsert_search_attributes([attributes.OUTCOME.value_set(str(Ending.FAILED))])
        if self._run.checkout is not None and not self._run.inbox:
            self._given_back = True
            with suppress(ActivityError):
                await agent_deeds.remove_checkout(self._run.checkout, self._terms().taken_within)
        self._show()
        return answers

    def _again(self, ended: Ended, lost: tuple[Ask, ...]) -> None:
        """Go on, as somebody said something while it ended: begun anew, unless all went well."""
        if ended.ending is Ending.DONE or self._cancelled is not None:
            self._run = self._run.rounded(lost)
            return
        asks = tuple(one.ask for one in self._run.inbox if one.ask is not None)
        asks = asks or (self._run.first,)
        fresh = Run(str(workflow.uuid4()), asks[0], keys=self._run.keys)
        self._go_on(replace(fresh, inbox=self._run.inbox, untold=(*lost, *asks)))

    def _go_on(self, run: Run) -> NoReturn:
        """Go on in another history."""
        paused = self._pause.as_json() if self._pause else None
        orders = [one.as_json() for one in self._orders]
        workflow.continue_as_new(args=[run.first, Carried(run, paused, orders)])


def stopped(order: Order) -> Ended:
    """How a run ends that was cancelled by *order*."""
    because = order.because and f", {order.because}"
    return Ended(Ending.CANCELLED, f"by {order.by}{because}.")


def outcome(ended: Ended) -> Ended:
    """
    *ended*, if it is not that the run failed.

    Raises:
        ApplicationError: If it is: no failed run looks as if it had come to its end.
    """
    if ended.ending is Ending.FAILED:
        kind = "AnswerLost" if ended.lost else "AgentRunFailed"
        raise ApplicationError(ended.words, type=kind, non_retryable=True)
    return ended


def as_ask(said: dict[str, Any]) -> Ask:
    """The ask that *said* is, as a converter reads it."""
    converter = workflow.payload_converter()
    return converter.from_payload(converter.to_payload(said), Ask)


async def put_down(work: "asyncio.Task[Ended | None]") -> None:
    """Cancel *work*, and wait until it has ended."""
    work.cancel()
    with suppress(asyncio.CancelledError, ActivityError):
        await work
