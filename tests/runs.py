"""What a run leans on, as stand-ins: a model that follows a script, and a machine."""

import asyncio
import hashlib
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

from fakes import FakeGithub
from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.common import RawValue
from temporalio.worker import Worker, WorkflowRunner
from watching import boundary

from activities.github import GithubActivities
from contexten.agent import Ask, Terms
from contexten.agent_run import Ended
from contexten.codebase import BranchAt, Checkout, CheckoutAsk
from contexten.degradation import Level
from contexten.delivery import Event, Platform
from contexten.place import Place
from contexten.turns import ToolCall, ToolResult, Turn, TurnAsk
from workflows.agent import AgentRunWorkflow

Script = Callable[[TurnAsk], Turn]


class Hold:
    """Something that waits: whether it was reached, and what lets it go."""

    def __init__(self) -> None:
        self.reached, self.let_go = asyncio.Event(), asyncio.Event()


class Scripted:
    """The provider and the machine: what they were asked, and what they answer by script."""

    def __init__(self, *script: Turn, terms: Terms | None = None) -> None:
        self.script, self.terms = list(script), terms or Terms()
        self.asked: list[TurnAsk] = []
        self.used: list[str] = []
        self.removed = 0
        self.machines = ["tools-here"]
        self.pushed = "c" * 40
        self.holds: dict[str, Hold] = {}

    def hold(self, deed: str) -> "Hold":
        """Have the next *deed* wait until it is let go."""
        return self.holds.setdefault(deed, Hold())

    async def _pass(self, deed: str) -> None:
        if hold := self.holds.pop(deed, None):
            hold.reached.set()
            await hold.let_go.wait()

    @activity.defn(name="model.next_turn")
    async def next_turn(self, ask: TurnAsk) -> Turn:
        self.asked.append(ask)
        await self._pass("next_turn")
        return self.script.pop(0) if self.script else Turn("t", text="All done.", tokens=10)

    @activity.defn(name="control.read_level")
    async def read_level(self) -> Level:
        return Level.FULL

    @activity.defn(name="tools.read_terms")
    async def read_terms(self) -> Terms:
        return self.terms

    @activity.defn(name="tools.keep_text")
    async def keep_text(self, text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    @activity.defn(name="tools.prepare_checkout")
    async def prepare_checkout(self, ask: CheckoutAsk) -> Checkout:
        base = ask.base or "main"
        await self._pass("prepare_checkout")
        machine = self.machines.pop(0) if len(self.machines) > 1 else self.machines[0]
        return Checkout(
            machine, ask.run, ask.repository, ask.branch, base, "b" * 40, "b" * 40, True
        )

    @activity.defn(name="tools.read_branch")
    async def read_branch(self, at: BranchAt) -> BranchAt:
        return BranchAt(at.repository, at.branch, self.pushed)

    @activity.defn(name="tools.remove_checkout")
    async def remove_checkout(self, checkout: Checkout) -> None:
        await self._pass("remove_checkout")
        self.removed += 1

    @activity.defn(dynamic=True)
    async def use_tool(self, arguments: Sequence[RawValue]) -> ToolResult:
        name = activity.info().activity_type
        self.used.append(name)
        head = "c" * 40 if name == "tools.commit" else None
        call = activity.payload_converter().from_payload(arguments[0].payload)["call"]["id"]
        return ToolResult(call, True, "0" * 64, f"{name} did it", head)

    def workers(self, client: Client, runner: WorkflowRunner, github: FakeGithub) -> list[Worker]:
        """Who serves the queues of a run, and that of GitHub."""
        platform = GithubActivities(github)  # type: ignore[arg-type]
        return [
            *self.workers_of_run(client, runner),
            Worker(
                client,
                task_queue="github",
                interceptors=[boundary("github")],
                activities=[platform.post_comment, platform.read_comment],
                activity_executor=ThreadPoolExecutor(4),
            ),
        ]

    def workers_of_run(
        self, client: Client, runner: WorkflowRunner, *control: Callable[..., Any]
    ) -> list[Worker]:
        """Who serves the queues of a run, that of the runs first; *control* has more deeds."""
        return [
            Worker(
                client,
                task_queue="agents",
                workflows=[AgentRunWorkflow],
                workflow_runner=runner,
                workflow_failure_exception_types=[Exception],
            ),
            Worker(client, task_queue="model", activities=[self.next_turn]),
            Worker(client, task_queue="control", activities=[self.read_level, *control]),
            *self.machines_at_work(client),
        ]

    def machines_at_work(self, client: Client) -> list[Worker]:
        """Who serves the queues of tools."""
        shared: list[Callable[..., Any]] = [
            self.read_terms,
            self.keep_text,
            self.prepare_checkout,
            self.read_branch,
        ]
        here: list[Callable[..., Any]] = [self.use_tool, self.remove_checkout]
        return [
            Worker(client, task_queue="tools", activities=shared),
            Worker(client, task_queue="tools-here", activities=here),
        ]


async def begun(
    client: Client, key: str = "github/1", ask: Ask | None = None
) -> WorkflowHandle[Any, Ended]:
    """A run that was just asked for."""
    return await client.start_workflow(
        AgentRunWorkflow.run,
        args=[ask or an_ask(key), None],
        id=f"agent/{uuid.uuid4()}",
        task_queue="agents",
    )


async def entered(
    stack: AsyncExitStack,
    client: Client,
    runner: WorkflowRunner,
    house: Scripted,
    github: FakeGithub | None = None,
) -> FakeGithub:
    """Have all that a run needs at work."""
    github = github or FakeGithub()
    for worker in house.workers(client, runner, github):
        await stack.enter_async_context(worker)
    return github


def an_ask(key: str, words: str = "Mend it.", at: str = "7") -> Ask:
    """An ask on an issue of octo/hello."""
    event = Event(
        Platform.GITHUB, key, "issues", "labeled", datetime.now(UTC), "octo/hello",
        f"github/octo/hello#{at}", "ada",
    )  # fmt: skip
    place = Place(Platform.GITHUB, "octo/hello", at)
    return Ask(key, words, "ada", place, event, "octo/hello", title="It is broken")


def calls(*named: tuple[str, str], ref: str = "t") -> Turn:
    """A turn that wants tools of those names, with those arguments."""
    wanted = (ToolCall(f"{name}-{n}", name, said, name) for n, (name, said) in enumerate(named))
    return Turn(ref, tuple(wanted), model="offline", tokens=10)
