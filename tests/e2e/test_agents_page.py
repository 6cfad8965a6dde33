"""The page about agents holds: each of its commands is run as it stands there."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from shell import Said, Shell, Up
from waiting import until

from starter import engine

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/scenarios/agents.md").read_text()
COMMANDS = [shlex.split(line) for line in re.findall(r"^    (.+)$", PAGE, re.MULTILINE)]
FIRST, SECOND = "octo/hello#1", "octo/hello#2"


class Typing:
    """Types the commands of the page, one after the other."""

    def __init__(self, up: Up) -> None:
        self.up = up
        self.left: Iterator[list[str]] = iter(COMMANDS)

    def type_next(self, expected: str) -> str:
        """Run the next command, which is *expected*, and must end well; what it said."""
        words = next(self.left)
        assert " ".join(words).startswith(expected)
        said = self.run(words)
        assert said.status == 0, said.text
        return said.text

    def run(self, words: list[str]) -> Said:
        """Run *words* as a person would from the clone."""
        if words[0] == "contexten":
            ours = (str(ROOT / word) if word.startswith("sandbox/") else word for word in words[1:])
            return self.up.shell.run(*ours)
        line = [engine.binary(), *words[1:], "--address", self.up.running.engine]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        return Said(done.returncode, done.stdout + done.stderr)

    async def effects(self, kind: str, target: str) -> list[dict[str, Any]]:
        """What stands of *kind* at *target* on the sandbox's GitHub."""
        async with httpx.AsyncClient() as http:
            seen = (await http.get(f"{self.up.running.sandbox}/_ledger")).json()["effects"]
        return [one for one in seen if one["kind"] == kind and target in one["target"]]

    async def has_heard(self, context: str, words: str) -> None:
        """Wait until what the run of *context* tells of itself has *words* in it."""
        query = ["temporal", "workflow", "query", "-w", f"agent/github/{context}"]

        async def heard() -> bool:
            return words in re.sub(r"\s", "", self.run([*query, "--type", "progress"]).text)

        await until(heard, 60)

    async def is_over(self, context: str) -> None:
        """Wait until the run of *context* has ended."""
        describe = ["temporal", "workflow", "describe", "-w", f"agent/github/{context}"]

        async def over() -> bool:
            return "COMPLETED" in self.run(describe).text.upper()

        await until(over, 120)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell with the reactions of a new installation."""
    one = Shell(tmp_path)
    del one.environment["REACTIONS"]
    return one


@pytest.mark.timeout(400)
async def test_each_command_of_the_page_does_what_the_page_says(up: Up) -> None:
    typing = Typing(up)
    assert next(typing.left) == ["contexten", "up", "--sandbox"]
    typing.type_next("contexten pause model")

    assert typing.type_next("contexten deliver").startswith("202")
    await typing.has_heard(FIRST, '"branch":"contexten/github-octo-hello-1')
    assert "Turn 1" in typing.type_next("temporal workflow query")
    typing.type_next("temporal workflow query")
    assert "model_calls" in typing.type_next("temporal workflow query")

    assert typing.type_next("contexten deliver").startswith("202")
    await typing.has_heard(FIRST, '"waiting":1')
    typing.type_next("contexten resume model")
    await typing.is_over(FIRST)
    assert "/pull/" in typing.type_next("temporal workflow query")
    assert len(await typing.effects("pull_request", "octo/hello")) == 1
    assert len(await typing.effects("comment", FIRST)) == 2

    typing.type_next("contexten pause model")
    assert typing.type_next("contexten deliver").startswith("202")
    await typing.has_heard(SECOND, '"branch":"contexten/github-octo-hello-2')
    assert typing.type_next("contexten deliver").startswith("202")
    await typing.is_over(SECOND)
    typing.type_next("contexten resume model")
    assert len(await typing.effects("pull_request", "octo/hello")) == 1
    assert list(typing.left) == []
