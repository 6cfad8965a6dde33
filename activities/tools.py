"""What agents do with working copies of repositories, one deed each, safe to repeat."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from typing import Any, Protocol, TypeVar

from temporalio import activity
from temporalio.common import RawValue

from contexten.agent import Terms
from contexten.codebase import BranchAt, Checkout, CheckoutAsk, ToolAsk
from contexten.errors import AuthenticationError, ClientError, TransientError
from contexten.queues import Queue
from contexten.tool_arguments import arguments_of
from contexten.tool_text import Done, brief_of, told
from contexten.tools import TOOLS, Kind
from contexten.transcript import Part
from contexten.turns import ToolResult

BEATS_EVERY_S = 5.0
SHELL = "run_bash_command"
NO_SHELL = "commands may not be run here: whoever set this up has switched them off"
Beat = Callable[[], None]
Result = TypeVar("Result")


class CodebaseApi(Protocol):
    """The working copies of this machine. ``activities.clients.codebase`` is the real one."""

    def prepare(self, ask: CheckoutAsk, beat: Beat) -> Checkout: ...
    def remove(self, checkout: Checkout, beat: Beat) -> None: ...
    def read_branch(self, at: BranchAt, beat: Beat) -> BranchAt: ...


class Texts(Protocol):
    """Where texts are kept by their digest. ``activities.stores.blobs`` is the real one."""

    def put(self, text: str) -> str: ...
    def get(self, digest: str) -> str: ...


class Workbench(Protocol):
    """What carries the tools out. ``activities.clients.workbench`` is the real one."""

    def use(self, ask: ToolAsk, arguments: Any, beat: Beat) -> Done: ...


class NobodyWaits(Exception):  # noqa: N818 - it ends a deed that was called off
    """The attempt was cancelled, or its worker is about to end."""


async def beaten(threads: ThreadPoolExecutor, do: Callable[[Beat], Result]) -> Result:
    """What *do* comes to in one of *threads*, with heartbeats; it is told if it is called off."""
    called_off = Event()

    def beat() -> None:
        if called_off.is_set():
            raise NobodyWaits

    working = asyncio.get_running_loop().run_in_executor(threads, do, beat)
    try:
        while not working.done():
            activity.heartbeat()
            await asyncio.wait([working], timeout=BEATS_EVERY_S)
    except asyncio.CancelledError:
        called_off.set()
        await asyncio.wait([working])
        raise
    return working.result()


class CheckoutToolsActivities:
    """The deeds around a working copy, on the queue ``tools`` and on that of the copy's machine."""

    def __init__(self, codebase: CodebaseApi, renew: Callable[[], None], threads: int) -> None:
        """
        Args:
            codebase: The working copies; it blocks.
            renew: Has our credentials read anew.
            threads: How many deeds may be at work at once.
        """
        self._codebase = codebase
        self._renew = renew
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="checkouts")

    @activity.defn(name="tools.prepare_checkout")
    async def prepare_checkout(self, ask: CheckoutAsk) -> Checkout:
        """
        The working copy that a run needs: the one that is here, or a new one.

        Safe to repeat: a copy that is complete is found again, one that is not is made anew.

        Raises:
            TransientError: GitHub is away, or the disk is full; try again.
            RateLimitedError: GitHub asks us to slow down.
            ServerError: GitHub is broken.
            AuthenticationError: GitHub refuses our token.
            ClientError: The repository is gone, renamed, empty or too large, or has no such branch.
            FatalError: There is no git on this machine, or no token.
        """
        return await self._done(lambda beat: self._codebase.prepare(ask, beat))

    @activity.defn(name="tools.remove_checkout")
    async def remove_checkout(self, checkout: Checkout) -> None:
        """
        Remove a working copy of this machine.

        Safe to repeat: what is not there is removed.

        Raises:
            TransientError: Something is still at work on it.
        """
        await self._done(lambda beat: self._codebase.remove(checkout, beat))

    @activity.defn(name="tools.read_branch")
    async def read_branch(self, at: BranchAt) -> BranchAt:
        """
        A branch as it stands on the platform; without a commit if it is not there.

        Safe to repeat: it changes nothing.

        Raises:
            TransientError: GitHub is away; try again.
            RateLimitedError: GitHub asks us to slow down.
            ServerError: GitHub is broken.
            AuthenticationError: GitHub refuses our token.
            ClientError: The repository is gone or renamed.
            FatalError: There is no git on this machine, or no token.
        """
        return await self._done(lambda beat: self._codebase.read_branch(at, beat))

    async def _done(self, do: Callable[[Beat], Result]) -> Result:
        try:
            return await beaten(self._threads, do)
        except AuthenticationError:
            self._renew()
            raise


@dataclass(frozen=True, slots=True)
class Answers:
    """
    What tools answer, as it is kept.

    Attributes:
        texts: Where; it blocks.
        clean: What cuts our secrets out of a text.
    """

    texts: Texts
    clean: Callable[[str], str]

    def keep(self, text: str) -> tuple[str, str]:
        """*text* as a model is told it, and the digest that it is kept under."""
        cleaned = told(text, self.clean)
        return cleaned, self.texts.put(cleaned)

    def arguments(self, ask: ToolAsk) -> str:
        """
        What the model wrote as the arguments of the call of *ask*.

        Raises:
            ClientError: If the transcript is gone, or has no such call.
        """
        if ask.call.arguments or not ask.transcript:
            return ask.call.arguments
        try:
            part = Part.of_text(self.texts.get(ask.transcript))
        except ValueError as error:
            raise ClientError(str(error)[:200], platform=Queue.TOOLS) from None
        calls = (call for message in part.messages[-1:] for call in message.calls)
        found = next((call.arguments for call in calls if call.id == ask.call.id), None)
        if found is None:
            raise ClientError("the transcript does not have the call", platform=Queue.TOOLS)
        return found


class ToolsActivities:
    """The tools that an agent uses on a working copy, and what its run leans on besides."""

    def __init__(
        self,
        workbench: Workbench,
        answers: Answers,
        terms: Terms,
        renew: Callable[[], None],
        threads: int,
    ) -> None:
        """
        Args:
            workbench: What carries the tools out; it blocks.
            answers: Where what they answer is kept.
            terms: On what terms a run works that begins now.
            renew: Has our credentials read anew.
            threads: How many tools may be at work at once.
        """
        self._workbench = workbench
        self._answers = answers
        self._terms = terms
        self._renew = renew
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="tools")

    @activity.defn(name="tools.read_terms")
    async def read_terms(self) -> Terms:
        """
        On what terms a run works that begins now.

        Safe to repeat: it changes nothing.

        Raises:
            FatalError: Never yet: the settings were read when the worker was started.
        """
        return self._terms

    @activity.defn(name="tools.keep_text")
    async def keep_text(self, text: str) -> str:
        """
        Keep *text*, without secrets and as long as a model is told it; its digest.

        Safe to repeat: a text that is kept twice is one.

        Raises:
            TransientError: The store is away.
        """
        return await beaten(self._threads, lambda _: self._answers.keep(text)[1])

    @activity.defn(dynamic=True)
    async def use_tool(self, arguments: Sequence[RawValue]) -> ToolResult:
        """
        Use the tool that the type of the activity names, as in ``tools.view_file``.

        Safe to repeat: the call is written down before anything is changed, so that a
        repetition gives the same answer. Whatever a model can mend is an answer, too.

        Raises:
            ClientError: There is no such tool of ours, the transcript is gone, or so is the copy.
            TransientError: The store or the disk refused, or GitHub is away; try again.
            RateLimitedError: GitHub asks us to slow down.
            ServerError: GitHub is broken.
            AuthenticationError: GitHub refuses our token.
            FatalError: There is no git on this machine, or no token.
        """
        name = tool_named(activity.info().activity_type)
        ask = asked_in(arguments)
        if ask.call.name != name:
            raise ClientError(f"a call of another tool came to {name}", platform=Queue.TOOLS)
        try:
            return await beaten(self._threads, lambda beat: self._answered(ask, beat))
        except AuthenticationError:
            self._renew()
            raise
        except OSError as error:
            raise TransientError(f"the disk: {error.strerror}", platform=Queue.TOOLS) from None

    def _answered(self, ask: ToolAsk, beat: Beat) -> ToolResult:
        done = self._used(ask, beat)
        text, ref = self._answers.keep(done.text)
        return ToolResult(ask.call.id, done.ok, ref, brief_of(text), done.head)

    def _used(self, ask: ToolAsk, beat: Beat) -> Done:
        name, written = ask.call.name, self._answers.arguments(ask)
        if name == SHELL and not (ask.shell and self._terms.shell):
            return Done(NO_SHELL, ok=False)
        try:
            typed = arguments_of(name, written)
        except ValueError as wrong:
            return Done(str(wrong), ok=False)
        return self._workbench.use(ask, typed, beat)


def tool_named(kind: str) -> str:
    """
    The tool that an activity of the type *kind* is.

    Raises:
        ClientError: If there is no such tool, or it is not carried out here.
    """
    queue, _, name = kind.partition(".")
    tool = TOOLS.get(name)
    if queue != Queue.TOOLS or tool is None or tool.kind is not Kind.CODE:
        raise ClientError(f"there is no activity {kind[:80]}", platform=Queue.TOOLS)
    return name


def asked_in(arguments: Sequence[RawValue]) -> ToolAsk:
    """
    What an activity that uses a tool was given.

    Raises:
        ClientError: If it is no call of a tool.
    """
    try:
        ask: ToolAsk = activity.payload_converter().from_payload(arguments[0].payload, ToolAsk)
    except (IndexError, RuntimeError, TypeError, ValueError):
        raise ClientError("that is no call of a tool", platform=Queue.TOOLS) from None
    return ask
