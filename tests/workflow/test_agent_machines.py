"""A run outlasts the machine that has its working copy: it goes on elsewhere, from its branch."""

from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

from codebases import HELLO, codebase_at, nothing, put
from pretend import Sandbox, sandbox
from runs import Scripted, begun, calls, entered
from temporalio.client import Client
from temporalio.worker import Worker, WorkflowRunner

from activities.clients.copies import Copies
from activities.clients.workbench import Workbench
from activities.stores.blobs import Blobs, Texts
from activities.stores.database import Database
from activities.tools import Answers, CheckoutToolsActivities, ToolsActivities
from contexten.agent import Ending, Terms
from contexten.codebase import BranchAt
from worker import deeds_of

__all__ = ["sandbox"]

DONE = calls(("finish", '{"summary": "It is mended."}'))
COMMIT = calls(("commit", '{"message": "Mend"}'))
WRITE = ("create_file", '{"path": "new.py", "content": "x = 1\\n"}')
VIEW = calls(("view_file", '{"path": "new.py"}'))
SOON = Terms(taken_within_s=1.0)


class Elsewhere(Scripted):
    """A house whose machines are served by others."""

    def machines_at_work(self, client: Client) -> list[Worker]:
        return []


class Machine:
    """A machine with working copies of its own, which can be shut down; texts are shared."""

    def __init__(self, client: Client, sandbox: Sandbox, texts: Texts, var: Path) -> None:
        self.codebase, copies = codebase_at(f"{sandbox.url}/github", var), Copies(var)
        bench = Workbench(copies, self.codebase)
        self.deeds = deeds_of(ToolsActivities(bench, Answers(texts, str), SOON, nothing, 4))
        self.deeds += deeds_of(CheckoutToolsActivities(self.codebase, nothing, 4))
        self.client, self.queues = client, ("tools", copies.queue())
        self._up = AsyncExitStack()

    async def start(self) -> None:
        for one in self.queues:
            worker = Worker(self.client, task_queue=one, activities=self.deeds)
            await self._up.enter_async_context(worker)

    async def shut_down(self) -> None:
        await self._up.aclose()


async def test_a_run_goes_on_elsewhere_from_what_it_had_pushed(
    temporal: Client, runner: WorkflowRunner, sandbox: Sandbox, tmp_path: Path
) -> None:
    put(sandbox)
    texts = Texts(Blobs(Database(f"sqlite:///{tmp_path / 'kept.db'}"), timedelta(days=1)))
    first, second = (Machine(temporal, sandbox, texts, tmp_path / one) for one in ("a", "b"))
    house = Elsewhere(calls(WRITE), COMMIT, VIEW, DONE, terms=SOON)
    thinks = house.hold("next_turn")
    async with AsyncExitStack() as stack:
        await entered(stack, temporal, runner, house)
        await first.start()
        stack.push_async_callback(first.shut_down)
        run = await begun(temporal)
        for _ in range(2):
            await thinks.reached.wait()
            before, thinks = thinks, house.hold("next_turn")
            before.let_go.set()
        await thinks.reached.wait()
        await first.shut_down()
        stack.push_async_callback(second.shut_down)
        await second.start()
        thinks.let_go.set()
        assert (await run.result()).ending is Ending.DONE
        progress = await run.query("progress")

    seen = next(one for one in house.asked[3].said if one.call_id)
    assert seen.ok
    assert "x = 1" in texts.get(seen.ref or "")
    branch = BranchAt(HELLO, progress["branch"], None)
    assert second.codebase.read_branch(branch, nothing).head_sha == progress["commit"]
    assert len(sandbox.effects("push")) == 1


async def test_a_machine_that_is_lost_is_replaced_once_and_the_model_is_told(
    temporal: Client, runner: WorkflowRunner
) -> None:
    both = calls(("view_file", '{"path": "a.py"}'), ("search", '{"query": "x"}'))
    house = Scripted(both, COMMIT, DONE, terms=SOON)
    house.machines = ["tools-gone", "tools-here"]
    async with AsyncExitStack() as stack:
        await entered(stack, temporal, runner, house)
        ended = await (await begun(temporal)).result()

    assert ended.ending is Ending.DONE
    assert sorted(house.used) == ["tools.commit", "tools.search", "tools.view_file"]
    said = "".join(one.text for one in house.asked[1].said)
    assert said.count("The machine with the working copy is gone.") == 1
    assert [one.ok for one in house.asked[1].said if one.call_id] == [True, True]


async def test_a_change_on_a_lost_machine_is_not_made_blindly_on_the_next(
    temporal: Client, runner: WorkflowRunner
) -> None:
    house = Scripted(COMMIT, DONE, terms=SOON)
    house.machines = ["tools-gone", "tools-here"]
    async with AsyncExitStack() as stack:
        await entered(stack, temporal, runner, house)
        await (await begun(temporal)).result()

    assert house.used == []
    answer = next(one for one in house.asked[1].said if one.call_id)
    assert not answer.ok
