"""A turn of an agent run: what the model is told, what it wants done, and what comes of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from contexten.codebase import BranchAt, Checkout, CheckoutAsk, ToolAsk
    from contexten.github import PullRequest
    from contexten.turns import (
        LONGEST_BRIEF,
        LONGEST_INLINE,
        Role,
        Said,
        ToolCall,
        Turn,
        TurnAsk,
    )

from contexten import agent_prompt as prompt
from contexten.agent import Ending, Terms
from contexten.agent_run import UNUSABLE_AT_MOST, Ended, Message, Pull, Question, Run
from contexten.agent_toolbox import arguments, batches, given, refused_branch, unfit
from contexten.classification import classified
from contexten.errors import Category
from contexten.evidence_of_run import Found, is_failure, missing
from contexten.orders import clean
from contexten.subject import branch_for
from contexten.tools import TOOLS, Kind
from workflows import agent_deeds, agent_tools, github
from workflows.agent_telling import tell_question
from workflows.effects import enter
from workflows.pausing import Pausable

GONE = "The machine with the working copy is gone; there is a new copy, at what was committed."


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call: the text or the digest of it, and whether it went well."""

    text: str = ""
    ref: str | None = None
    ok: bool = True
    brief: str = ""
    ended: Ended | None = None


class Turning(Pausable):
    """What takes turns, and keeps where it stands."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._run = run
        self._rebuilding = asyncio.Lock()

    async def _turn(self) -> Ended | None:
        """Let the model go on from what was said, and do what it wants; how it ended, if it did."""
        await self._listen()
        run = self._run
        turn = await agent_deeds.next_turn(
            TurnAsk(
                workflow.info().workflow_id,
                run.trace,
                run.turns + 1,
                run.transcript,
                run.said,
                given(run),
            )
        )
        self._run = run.turned(turn).and_heard(self._run.inbox, self._run.keys, self._run.untold)
        if turn.unusable:
            return self._unusable(turn.unusable)
        if turn.calls:
            return await self._calls(turn)
        if not turn.text.strip():
            return self._unusable("it is empty")
        answer = await self._finish(turn.text, "answer")
        if answer.ended is None:
            self._run = self._run.told(Said(Role.USER, answer.text[:LONGEST_INLINE]))
        return answer.ended

    async def _listen(self) -> None:
        """Tell the model what people said meanwhile."""
        self._run, messages = self._run.read()
        for one in messages:
            said = await self._said(Role.USER, prompt.of_message(self._run, one))
            self._run = self._run.told(said)

    async def _said(self, role: Role, text: str) -> Said:
        """*text* as a part of the transcript: by reference if it is long."""
        if len(text) <= LONGEST_INLINE:
            return Said(role, text)
        return Said(role, ref=await agent_deeds.keep_text(text))

    def _unusable(self, why: str) -> Ended | None:
        """The answer cannot be used: say so once, and end the second time."""
        self._run = self._run.unusable_again()
        if self._run.unusable >= UNUSABLE_AT_MOST:
            return Ended(Ending.FAILED, f"the model's answers could not be used: {clean(why, 300)}")
        note = prompt.unusable(clean(why, 500))
        self._run = self._run.told(Said(Role.USER, note))
        return None

    async def _calls(self, turn: Turn) -> Ended | None:
        """Do what the model wants, in its order, reads at once."""
        names = given(self._run)
        wrong = {one.id: why for one in turn.calls if (why := unfit(one, names))}
        at = {one.id: index for index, one in enumerate(turn.calls)}
        if len(wrong) < len(at):
            self._run = replace(self._run, unusable=0)
        ended: Ended | None = None
        for batch in batches(turn.calls):
            if ended is None and (used_up := self._run.exhausted()):
                ended = Ended(Ending.EXHAUSTED, f"{used_up} of this run are used up")
            if ended is None:
                doing = (self._answer(one, at[one.id], wrong.get(one.id)) for one in batch)
                answers: Sequence[Answer] = await asyncio.gather(*doing)
            else:
                answers = [Answer("Not done: the run had ended.", ok=False)] * len(batch)
            for call, answer in zip(batch, answers, strict=True):
                await self._note(call, answer)
                ended = ended or answer.ended
        if len(wrong) == len(at) and ended is None:
            return self._unusable("; ".join(wrong.values()))
        return ended

    async def _note(self, call: ToolCall, answer: Answer) -> None:
        """Write down what came of *call*."""
        brief = call.brief or clean(answer.text, LONGEST_BRIEF)
        self._run = self._run.called(clean(call.name), brief, ok=answer.ok)
        said = Said(Role.TOOL, ref=answer.ref)
        if answer.ref is None:
            said = await self._said(Role.TOOL, answer.text)
        self._run = self._run.told(replace(said, call_id=call.id, ok=answer.ok))

    async def _answer(self, call: ToolCall, index: int, wrong: str | None) -> Answer:
        """What comes of *call*, the one of that *index*; *wrong* says why it is unfit, if it is."""
        if wrong:
            return Answer(wrong, ok=False)
        enter(self._run.effects(f"{self._run.turns}.{index}"), self._run.first.event)
        kind = TOOLS[call.name].kind
        try:
            if kind is Kind.CODE:
                return await self._on_machine(call)
            if kind is Kind.RUN:
                return await self._in_run(call)
            return await self._on_platform(call)
        except agent_tools.NotBound as error:
            return Answer(str(error), ok=False)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise asyncio.CancelledError from error
            return Answer(f"{call.name} failed: {classified(error).message}", ok=False)

    async def _on_machine(self, call: ToolCall) -> Answer:
        """Use a tool of the working copy; one that is gone is made anew."""
        checkout = self._checkout()
        terms = self._terms()
        ask = ToolAsk(checkout, self._run.transcript or "", call, terms.shell)
        try:
            result = await agent_deeds.use_tool(ask, terms.taken_within)
        except ActivityError as error:
            if not agent_deeds.is_gone(error):
                raise
            await self._rebuild(checkout)
            if self._checkout().fresh and not TOOLS[call.name].reads:
                return Answer(GONE, ok=False)
            ask = replace(ask, checkout=self._checkout())
            result = await agent_deeds.use_tool(ask, terms.taken_within)
        if result.head:
            self._run = replace(self._run, head=result.head)
        return Answer(ref=result.ref, ok=result.ok, brief=result.brief)

    def _terms(self) -> Terms:
        """On what terms it works; the usual ones until they were read."""
        return self._run.terms or Terms()

    def _checkout(self) -> Checkout:
        """The working copy, without which no tool of it is given."""
        if self._run.checkout is None:
            raise agent_tools.NotBound("this run has no working copy")
        return self._run.checkout

    async def _rebuild(self, lost: Checkout) -> None:
        """Have *lost* made anew from what was pushed, once, and let the model know."""
        async with self._rebuilding:
            if self._run.checkout is not lost:
                return
            await self._prepare(lost.repository, lost.branch, lost.base)
            if self._checkout().fresh:
                note = prompt.rebuilt(self._run, lost.branch)
                self._run = self._run.told(Said(Role.USER, note))

    async def _prepare(self, repository: str, branch: str, base: str | None) -> None:
        """Have a working copy made."""
        ask = CheckoutAsk(workflow.info().workflow_id, repository, branch, base)
        checkout = await agent_deeds.prepare_checkout(ask)
        self._run = self._run.on(checkout)  # the run as it is now: it heard things meanwhile

    async def _on_platform(self, call: ToolCall) -> Answer:
        """Use a tool of a platform."""
        did = await agent_tools.carry_out(self._run, call.name, arguments(call))
        if did.pull:
            self._run = replace(self._run, pull=did.pull)
        if did.url:
            self._run = replace(self._run, posted=(*self._run.posted, did.url)[-20:])
        if did.move:
            await self._move(did.move)
        return Answer(did.text)

    async def _move(self, pull: PullRequest) -> None:
        """
        Work on the branch of *pull* from now on.

        Raises:
            NotBound: If it is not ours to push to.
        """
        if refused := refused_branch(pull, self._checkout().repository):
            raise agent_tools.NotBound(refused)
        await self._prepare(self._checkout().repository, pull.head, pull.base)

    async def _in_run(self, call: ToolCall) -> Answer:
        """Use a tool of the run itself."""
        said = arguments(call)
        if call.name == "reflect":
            self._run = self._run.planned(said.thoughts)
            self._show()
            return Answer("Written down.")
        if call.name == "ask_human":
            return await self._ask(Question(said.question[:2000], said.choices[:10]))
        return await self._finish(said.summary, said.outcome)

    async def _ask(self, question: Question) -> Answer:
        """Ask, and wait for the answer."""
        if self._run.inbox:
            return Answer("Not asked: somebody just said something. Read that first.", ok=False)
        self._run = replace(self._run, question=question)
        self._show()
        await tell_question(self._run, question)
        await workflow.wait_condition(lambda: bool(self._run.inbox))
        message: Message = self._run.inbox[0]
        self._run = replace(self._run, question=None, inbox=self._run.inbox[1:])
        self._show()
        return Answer(prompt.of_message(self._run, message))

    async def _finish(self, summary: str, outcome: str) -> Answer:
        """End, if what was done can be seen; else say what is missing, once."""
        lacking = missing(self._run, outcome, await self._found())
        if not lacking:
            ending = Ending.FAILED if is_failure(outcome) else Ending.DONE
            return Answer("Done.", ended=Ended(ending, summary))
        if self._run.doubted:
            said = f"it said that it was done, but {'; '.join(lacking)}"
            return Answer(said, ok=False, ended=Ended(Ending.FAILED, said))
        self._run = replace(self._run, doubted=True)
        return Answer(prompt.missing(lacking), ok=False)

    async def _found(self) -> Found:
        """What is there of what the run did."""
        run, unseen = self._run, []
        branch: BranchAt | None = None
        pull: PullRequest | None = None
        try:
            if run.checkout and run.head:
                branch = await agent_deeds.read_branch(run.checkout.repository, run.checkout.branch)
        except ActivityError as error:
            unseen += unseen_of("the branch", error)
        try:
            if run.checkout and run.pull:
                pull = await self._pull(run.checkout.repository, run.pull)
        except ActivityError as error:
            unseen += unseen_of("the pull request", error)
        return Found(branch, pull, tuple(unseen))

    async def _pull(self, repository: str, pull: Pull) -> PullRequest:
        """*pull* as it stands."""
        return await github.read_pull_request(repository, pull.number)

    def _branch(self) -> str:
        """The branch that the run works on if it works on no other's."""
        return branch_for(workflow.info().workflow_id.partition("/")[2])


def unseen_of(what: str, error: ActivityError) -> list[str]:
    """That *what* could not be looked up; nothing if it is not there, which speaks for itself."""
    if is_cancelled_exception(error):
        raise asyncio.CancelledError from error
    failure = classified(error)
    if failure.category is Category.CLIENT_ERROR and failure.status in (404, 410):
        return []
    return [f"{what} could not be looked up: {failure.message}"]
