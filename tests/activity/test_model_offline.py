"""The offline model mends a real repository, and does what people say meanwhile."""

import subprocess
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.clients.language_models import Models
from activities.clients.model_setup import Setup
from activities.model import ModelActivities
from activities.stores.blobs import Blobs, Texts
from activities.stores.database import Database
from contexten.offline import WHAT_IT_IS
from contexten.tool_arguments import arguments_of
from contexten.turns import Role, Said, ToolCall, Turn, TurnAsk
from sandbox.git import sample

TOOLS = (
    *("list_directory", "run_bash_command", "edit_file", "create_file"),
    *("commit", "create_pr", "finish"),
)
TRACE = "6f0c9f0e-3b0f-4a53-9d0c-2f6d7b1a8e10"
ADD = "def add(a, b):\n    return a - b\n"
TOTAL = """
def total(numbers):
    found = 0
    for at in range(len(numbers) - 1):
        found = add(found, numbers[at])
    return found
"""
TESTS = """
from calc.ops import add, total


def test_add():
    assert add(1, 2) == 3


def test_total():
    assert total([1, 2, 3]) == 6
"""
BROKEN = {
    "calc/__init__.py": "",
    "calc/ops.py": ADD + TOTAL,
    "tests/test_ops.py": TESTS,
    "conftest.py": "",
}


class Nothing:
    """Takes nothing out."""

    def clean(self, text: str) -> str:
        return text


class Desk:
    """A repository, and a run in it: plain subprocesses stand for the tools."""

    def __init__(self, folder: Path, files: Mapping[str, str]) -> None:
        self.folder = folder / "repository"
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self._kept = Database(f"sqlite:///{folder}/ledger.db")
        texts = Texts(Blobs(self._kept, timedelta(days=1)))
        self._deeds = ModelActivities(Models(Setup()), texts, Nothing())
        self.did: list[tuple[str, dict[str, Any]]] = []

    async def run(
        self, *words: str, tools: tuple[str, ...] = TOOLS, later: Mapping[int, str] | None = None
    ) -> str:
        """The run to its end; what it said then."""
        said: list[Said] = [Said(Role.SYSTEM, "rules"), *(Said(Role.USER, w) for w in words)]
        transcript = None
        for number in range(1, 90):
            if later and number in later:
                said.append(Said(Role.USER, later[number]))
            ask = TurnAsk("agent/1", TRACE, number, transcript, tuple(said), tools)
            turn: Turn = await ActivityEnvironment().run(self._deeds.next_turn, ask)
            assert turn.unusable is None
            assert (turn.model, turn.tokens, turn.usd) == ("offline", 0, 0.0)
            transcript, said = turn.transcript, []
            if not turn.calls:
                return turn.text
            for call in turn.calls:
                ok, text = self.does(call)
                if call.name == "finish":
                    return text
                said.append(Said(Role.TOOL, text, call_id=call.id, ok=ok))
        raise AssertionError("it never ends")

    def does(self, call: ToolCall) -> tuple[bool, str]:
        """What a tool answers."""
        wanted = arguments_of(call.name, call.arguments)
        self.did.append((call.name, {n: getattr(wanted, n) for n in wanted.__slots__}))
        match call.name:
            case "run_bash_command":
                done = subprocess.run(
                    ["bash", "-c", wanted.command],
                    cwd=self.folder,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                return True, done.stdout + done.stderr
            case "edit_file":
                path = self.folder / wanted.path
                if path.read_text().count(wanted.old) != 1:
                    return False, "it occurs not exactly once"
                path.write_text(path.read_text().replace(wanted.old, wanted.new))
            case "create_file":
                (self.folder / wanted.path).write_text(wanted.content)
            case "finish":
                return True, str(wanted.summary)
        return True, "done"

    def named(self, tool: str) -> list[dict[str, Any]]:
        """How *tool* was called."""
        return [arguments for name, arguments in self.did if name == tool]

    def close(self) -> None:
        self._kept.close()


@pytest.fixture
def desk(tmp_path: Path) -> Any:
    made = Desk(tmp_path, BROKEN)
    yield made
    made.close()


async def test_two_mistakes_are_mended_committed_and_told_of(desk: Desk) -> None:
    said = await desk.run("Please mend the tests")

    mended = (desk.folder / "calc/ops.py").read_text()
    assert "return a + b" in mended
    assert "All tests pass now." in said
    assert len(desk.named("commit")) == 1
    (asked,) = desk.named("create_pr")
    assert WHAT_IT_IS in asked["body"]
    done = subprocess.run(
        ["python", "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=desk.folder,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0


async def test_the_sample_of_the_sandbox_is_mended_as_a_person_would(tmp_path: Path) -> None:
    desk = Desk(tmp_path, sample())

    said = await desk.run("The greeting of nobody is wrong. Mend it.")

    greeting = sample()["greeting.py"].replace("{name}", "{name or 'world'}")
    assert (desk.folder / "greeting.py").read_text() == greeting
    assert "All tests pass now." in said
    assert len(desk.named("edit_file")) == 1
    desk.close()


async def test_what_people_say_meanwhile_changes_what_it_does(desk: Desk) -> None:
    later = {3: "@contexten also write NOTES.md: it's done", 4: "call the PR title: Sums add up"}

    await desk.run("Please mend the tests", later=later)

    assert (desk.folder / "NOTES.md").read_text() == "it's done\n"
    assert desk.named("create_pr")[0]["title"] == "Sums add up"


async def test_it_stops_when_told_to_and_leaves_the_code_as_it_was(desk: Desk) -> None:
    said = await desk.run("Please mend the tests", later={5: "@contexten stop"})

    assert said == "I stopped, as I was told to."
    assert not desk.named("commit")


async def test_it_answers_what_it_is_told_to_answer(desk: Desk) -> None:
    assert await desk.run("only answer: pong") == "pong"
    assert not desk.named("edit_file")


async def test_what_no_small_change_mends_is_left_as_it_was_and_said(tmp_path: Path) -> None:
    test = "from a import f\n\n\ndef test():\n    assert f(f) == [77]\n"
    files = {"a.py": "def f(x):\n    return x\n", "test_a.py": test}
    desk = Desk(tmp_path, files)

    said = await desk.run("mend it")

    assert "none of the at most" in said
    assert (desk.folder / "a.py").read_text() == files["a.py"]
    assert not desk.named("commit")
    desk.close()


async def test_without_a_repository_it_says_what_it_is(desk: Desk) -> None:
    assert WHAT_IT_IS in await desk.run("hello", tools=("finish",))
    assert WHAT_IT_IS in await desk.run("hello", tools=())


async def test_a_review_comments_what_the_tests_say_and_changes_nothing(desk: Desk) -> None:
    tools = ("run_bash_command", "create_pr_comment", "finish")

    await desk.run("Review the pull request: read its changes", tools=tools)

    (comment,) = desk.named("create_pr_comment")
    assert "2 tests fail" in comment["body"]
    assert "tests/test_ops.py::test_add" in comment["body"]
