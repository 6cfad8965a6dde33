"""The tools of an agent as the engine has them used: a real checkout, git, store and worker."""

import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from codebases import HELLO, ask, codebase_at, nothing, put, tree_of
from house import House
from pretend import Sandbox
from temporalio.client import ActivityFailureError, Client
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker
from waiting import until

from activities.clients.codebase import Codebase
from activities.clients.copies import Copies
from activities.clients.workbench import Shell, Workbench
from activities.stores.blobs import Blobs, Texts
from activities.stores.database import Database
from activities.tools import Answers, ToolsActivities
from contexten.agent import Budget, Terms
from contexten.codebase import BranchAt, Checkout, ToolAsk
from contexten.errors import NOT_WORTH_REPEATING
from contexten.redaction import Redaction
from contexten.tool_text import LONGEST_TEXT, Done
from contexten.tools import TOOLS, Kind
from contexten.transcript import ASSISTANT, Call, Message, Part
from contexten.turns import ToolCall, ToolResult
from worker import deeds_of

SECRET = "a secret that nobody may see"
TERMS = Terms(Budget(model_calls=3), model="offline", repositories=(HELLO,))
TRANSCRIPT = "f" * 64


@dataclass
class Bench:
    """A worker of tools on a real engine, and a working copy for them."""

    client: Client
    queue: str
    codebase: Codebase
    checkout: Checkout
    texts: Texts
    root: Path

    async def use(self, name: str, arguments: str = "{}", **more: Any) -> ToolResult:
        """What comes of a call of the tool *name*."""
        call = ToolCall(more.pop("call_id", f"call_{uuid.uuid4()}"), name, arguments)
        asked = replace(ToolAsk(self.checkout, TRANSCRIPT, call), **more)
        return await self.does(f"tools.{name}", asked, ToolResult)

    async def does(self, kind: str, *arguments: Any, result: Any = None) -> Any:
        """What the activity *kind* comes to."""
        return await self.client.execute_activity(
            kind,
            args=arguments[:1],
            id=f"{kind} {uuid.uuid4()}",
            task_queue=self.queue,
            result_type=result or (arguments[1] if len(arguments) > 1 else str),
            start_to_close_timeout=timedelta(seconds=30),
            heartbeat_timeout=timedelta(seconds=20),
            retry_policy=RetryPolicy(
                non_retryable_error_types=NOT_WORTH_REPEATING, maximum_attempts=2
            ),
        )

    def said(self, result: ToolResult) -> str:
        """What a model is told of *result*."""
        return self.texts.get(result.ref)


def activities_of(bench: Workbench, texts: Texts, terms: Terms = TERMS) -> ToolsActivities:
    """The tools, over *bench*."""
    answers = Answers(texts, Redaction([SECRET]).clean)
    return ToolsActivities(bench, answers, terms, nothing, 4)


@pytest.fixture
def texts(tmp_path: Path) -> Texts:
    return Texts(Blobs(Database(f"sqlite:///{tmp_path / 'kept.db'}"), timedelta(days=1)))


@pytest.fixture
async def bench(
    temporal: Client, sandbox: Sandbox, texts: Texts, tmp_path: Path
) -> AsyncIterator[Bench]:
    put(sandbox)
    codebase, copies = codebase_at(f"{sandbox.url}/github", tmp_path), Copies(tmp_path)
    checkout = codebase.prepare(ask(), nothing)
    deeds = activities_of(Workbench(copies, codebase), texts)
    queue = copies.queue()
    async with Worker(temporal, task_queue=queue, activities=deeds_of(deeds)):
        yield Bench(temporal, queue, codebase, checkout, texts, tree_of(tmp_path))


def pushed(sandbox: Sandbox) -> list[str]:
    """The commits that were pushed to the run's branch, oldest first."""
    effects = [one["details"] for one in sandbox.effects("push")]
    return [one["sha"] for one in effects if one["branch"] == "contexten/1"]


def head(bench: Bench) -> str | None:
    return bench.codebase.read_branch(BranchAt(HELLO, "contexten/1", None), nothing).head_sha


async def test_a_file_is_read_changed_committed_and_pushed(bench: Bench) -> None:
    seen = await bench.use("view_file", '{"path": "greeting.py"}')
    made = await bench.use("create_file", '{"path": "new.py", "content": "x = 1\\n"}')
    edited = await bench.use("edit_file", '{"path": "new.py", "old": "1", "new": "2"}')
    done = await bench.use("commit", '{"message": "Say two"}')

    assert [one.ok for one in (seen, made, edited, done)] == [True] * 4
    assert bench.said(seen).startswith("greeting.py, lines 1 to ")
    assert edited.brief == "new.py was changed at line 1"
    assert done.head == head(bench)
    assert (seen.head, edited.head) == (None, None)
    assert f"which is at {done.head} now" in bench.said(done)


async def test_a_commit_that_is_asked_for_twice_is_one(bench: Bench, sandbox: Sandbox) -> None:
    (bench.root / "new.py").write_text("x = 1\n")
    first = await bench.use("commit", '{"message": "One"}', call_id="call_1_0")
    second = await bench.use("commit", '{"message": "One"}', call_id="call_1_0")
    (bench.root / "new.py").write_text("x = 2\n")
    third = await bench.use("commit", '{"message": "Two"}', call_id="call_1_0", transcript="e" * 64)

    assert second == first
    assert pushed(sandbox) == [first.head, third.head]


async def test_a_change_whose_answer_was_lost_is_made_once(bench: Bench) -> None:
    (bench.root / "a.txt").write_text("one")
    edit = '{"path": "a.txt", "old": "one", "new": "one one"}'

    first = await bench.use("edit_file", edit, call_id="call_1_0")
    second = await bench.use("edit_file", edit, call_id="call_1_0")

    assert first == second
    assert (bench.root / "a.txt").read_text() == "one one"


async def test_what_is_protected_is_neither_written_nor_committed(bench: Bench) -> None:
    asked = '{"path": ".github/workflows/ci.yml", "content": "on: push"}'
    refused = await bench.use("create_file", asked)
    (bench.root / ".github/workflows").mkdir(parents=True)
    (bench.root / ".github/workflows/ci.yml").write_text("on: push")
    kept = await bench.use("commit", '{"message": "Run me"}')

    assert (refused.ok, kept.ok, kept.head) == (False, False, None)
    assert "may not be changed" in bench.said(kept)
    assert head(bench) is None


async def test_a_commit_of_nothing_is_an_answer(bench: Bench) -> None:
    assert "nothing changed" in bench.said(await bench.use("commit", '{"message": "x"}'))


async def test_secrets_are_cut_out_of_what_is_kept_and_told(bench: Bench) -> None:
    (bench.root / "notes.txt").write_text(f"{SECRET}\nghp_{'a' * 36}\n")
    seen = await bench.use("view_file", '{"path": "notes.txt"}')
    kept = await bench.does("tools.keep_text", f"it says {SECRET}")

    for text in (bench.said(seen), seen.brief, bench.texts.get(kept)):
        assert SECRET not in text
        assert "ghp_" not in text
    assert bench.texts.get(kept) == "it says [redacted]"


async def test_what_is_too_long_is_told_by_its_two_ends(bench: Bench) -> None:
    (bench.root / "wide.txt").write_text("w" * 4_000_000)
    kept = bench.texts.get(await bench.does("tools.keep_text", f"begin{'x' * 5_000_000}end"))
    seen = await bench.use("view_file", '{"path": "wide.txt"}')

    assert len(kept) <= LONGEST_TEXT
    assert (kept[:6], kept[-4:]) == ("beginx", "xend")
    assert "characters are left out" in kept
    assert len(bench.said(seen)) < 2_000


async def test_arguments_that_do_not_travel_are_read_in_the_transcript(bench: Bench) -> None:
    content = "y" * 100_000
    written = f'{{"path": "long.txt", "content": "{content}"}}'
    calls = (Call("call_1_0", "view_file", "{}"), Call("call_1_1", "create_file", written))
    transcript = bench.texts.put(Part(None, (Message(ASSISTANT, "so", calls),)).as_text())

    there = await bench.use("create_file", "", call_id="call_1_1", transcript=transcript)

    assert there.ok
    assert (bench.root / "long.txt").read_text() == content
    for lost in (transcript, TRANSCRIPT, bench.texts.put("no transcript")):
        with pytest.raises(ActivityFailureError) as failed:
            await bench.use("create_file", "", call_id="call_9_9", transcript=lost)
        assert type_of(failed.value) == "ClientError"


@pytest.mark.parametrize(
    "written", ["{", "[]", "{}", '{"path": 1}', '{"path": "a", "more": 1}', '{"path": ""}']
)
async def test_what_a_model_got_wrong_is_an_answer(bench: Bench, written: str) -> None:
    done = await bench.use("view_file", written)

    assert not done.ok
    assert bench.said(done)


@pytest.mark.parametrize("kind", ["tools.merge", "tools.create_pr", "tools.finish", "view_file"])
async def test_a_tool_that_is_not_carried_out_here_is_refused(bench: Bench, kind: str) -> None:
    asked = ToolAsk(bench.checkout, "", ToolCall("call_1_0", kind.partition(".")[2]))

    with pytest.raises(ActivityFailureError) as failed:
        await bench.does(kind, asked, ToolResult)

    assert type_of(failed.value) == "ClientError"


async def test_a_call_that_is_none_or_of_another_tool_is_refused(bench: Bench) -> None:
    other = ToolAsk(bench.checkout, "", ToolCall("call_1_0", "delete_file"))
    for asked in ("not a call", 7, {"call": {}}, other):
        with pytest.raises(ActivityFailureError) as failed:
            await bench.does("tools.view_file", asked, ToolResult)
        assert type_of(failed.value) == "ClientError"


async def test_a_copy_that_is_gone_is_no_answer_of_a_tool(bench: Bench) -> None:
    bench.codebase.remove(bench.checkout, nothing)

    with pytest.raises(ActivityFailureError) as failed:
        await bench.use("list_directory")

    assert type_of(failed.value) == "ClientError"
    assert not bench.root.parent.exists()


async def test_every_tool_on_a_copy_has_an_answer(bench: Bench) -> None:
    for tool in (one for one in TOOLS.values() if one.kind is Kind.CODE):
        assert bench.said(await bench.use(tool.name)), tool.name


async def test_the_terms_are_those_that_were_set(bench: Bench) -> None:
    read = await bench.does("tools.read_terms", result=Terms)

    assert read == TERMS


def type_of(failure: ActivityFailureError) -> str | None:
    """What our error was called."""
    assert isinstance(failure.cause, ApplicationError), failure.cause
    return failure.cause.type


class Counted:
    """A shell that is killed in its first command."""

    def __init__(self) -> None:
        self.ran = 0

    def run(self, root: Path, command: str, timeout_s: int, beat: Callable[[], None]) -> Done:
        self.ran += 1
        if command == "die":
            raise SystemExit
        return Done(f"{command} for {timeout_s} s")


async def test_a_command_that_was_interrupted_is_not_run_again(bench: Bench) -> None:
    shell = Counted()
    given: Shell = shell
    places = Workbench(Copies(bench.root.parents[2]), bench.codebase, given)
    asked = ToolAsk(bench.checkout, TRANSCRIPT, ToolCall("call_1_0", "run_bash_command"))
    command = TOOLS["run_bash_command"].arguments

    with pytest.raises(SystemExit):
        places.use(asked, command("die"), nothing)
    again = places.use(asked, command("die"), nothing)
    other = replace(asked, call=replace(asked.call, id="call_2_0"))
    twice = [places.use(other, command("ls", 99_999), nothing) for _ in range(2)]

    assert not again.ok
    assert "interrupted" in again.text
    assert twice == [Done("ls for 600 s")] * 2
    assert shell.ran == 2


@pytest.mark.parametrize(("wanted", "terms"), [(False, TERMS), (True, Terms(shell=False))])
async def test_commands_are_not_run_where_they_are_switched_off(
    bench: Bench, wanted: bool, terms: Terms
) -> None:
    shell = Counted()
    places = Workbench(Copies(bench.root.parents[2]), bench.codebase, shell)
    deeds = activities_of(places, bench.texts, terms)
    async with Worker(bench.client, task_queue="switched off", activities=deeds_of(deeds)):
        off = replace(bench, queue="switched off")
        done = await off.use("run_bash_command", '{"command": "ls"}', shell=wanted)

    assert not done.ok
    assert "switched them off" in bench.said(done)
    assert shell.ran == 0


async def test_a_commit_whose_worker_was_killed_while_it_pushed_is_there_once(
    temporal: Client, engine_address: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    put(sandbox)
    async with House(tmp_path / "house") as house:
        house.environment["TEMPORAL_ADDRESS"] = engine_address
        house.environment |= {"AGENT_MAX_MODEL_CALLS": "7", "AGENT_SHELL": "off"}
        house.environment["GITHUB_URL"] = f"{sandbox.url}/github"
        copies = Copies(house.var / "codebase")
        await house.start_worker("tools")
        client, queue = temporal, copies.queue()
        texts = Texts(Blobs(Database(f"sqlite:///{house.var / 'ledger.db'}"), timedelta(days=1)))
        codebase = codebase_at(f"{sandbox.url}/github", tmp_path)
        bench = Bench(client, queue, codebase, CHECKOUT, texts, copies.of_run("agent/1"))
        terms = await bench.does("tools.read_terms", result=Terms)
        bench.checkout = await bench.does("tools.prepare_checkout", ask(), Checkout)
        (bench.root / "new.py").write_text("x = 1\n")
        sandbox.breaks("github", "hang", match="git-receive-pack")

        asked = ToolAsk(bench.checkout, TRANSCRIPT, ToolCall("call_1_0", "commit", MESSAGE))
        begun = await client.start_activity(
            "tools.commit",
            asked,
            id=f"commit {uuid.uuid4()}",
            task_queue=queue,
            result_type=ToolResult,
            start_to_close_timeout=timedelta(minutes=2),
            heartbeat_timeout=timedelta(seconds=7),
        )
        await until(lambda: is_struck(sandbox), 30)
        await house.workers["tools"].kill()
        sandbox.heals()
        await house.start_worker("tools")
        done = await begun.result()

        assert terms.budget.model_calls == 7
        assert not terms.shell
        assert done.ok
        assert pushed(sandbox) == [done.head]
        assert head(bench) == done.head


CHECKOUT = Checkout("", "agent/1", HELLO, "contexten/1", "main", "", "", fresh=True)
MESSAGE = '{"message": "Say one"}'


async def is_struck(sandbox: Sandbox) -> bool:
    """Whether the fault that is in force was met."""
    return sandbox.struck() > 0
