"""The page about agents holds: each of its commands is run as it stands there."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from agents import passes_tests
from shell import Said, Shell, Up
from waiting import until

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
        assert words[0] == "contexten"
        ours = (str(ROOT / word) if word.startswith("sandbox/") else word for word in words[1:])
        return self.up.shell.run(*ours)

    async def effects(self, kind: str, target: str) -> list[dict[str, Any]]:
        """What stands of *kind* at *target* on the sandbox's GitHub."""
        async with httpx.AsyncClient() as http:
            seen = (await http.get(f"{self.up.running.sandbox}/_ledger")).json()["effects"]
        return [one for one in seen if one["kind"] == kind and target in one["target"]]

    async def says(self, context: str, words: str, within_s: float = 60) -> None:
        """Wait until what is shown of the run of *context* has *words* in it."""
        show = ["contexten", "agent", f"github/{context}"]

        async def shown() -> bool:
            return words in " ".join(self.run(show).text.split())

        await until(shown, within_s)

    def clone(self, branch: str, folder: Path) -> Path:
        """A copy in *folder* of what is on *branch* of the sample repository."""
        sandbox = self.up.running.sandbox
        variables = httpx.get(f"{sandbox}/_environment").json()
        host = variables["GITHUB_URL"].removeprefix("http://")
        url = f"http://x-access-token:{variables['GITHUB_TOKEN']}@{host}/octo/hello.git"
        line = ["git", "clone", "--quiet", "--branch", branch, url, str(folder)]
        subprocess.run(line, check=True, capture_output=True)
        return folder


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell with the reactions of a new installation."""
    one = Shell(tmp_path)
    del one.environment["REACTIONS"]
    return one


@pytest.mark.timeout(400)
async def test_each_command_of_the_page_does_what_the_page_says(up: Up, tmp_path: Path) -> None:
    typing = Typing(up)
    assert next(typing.left) == ["contexten", "up", "--sandbox"]
    typing.type_next("contexten pause model")

    assert typing.type_next("contexten deliver").startswith("202")
    await typing.says(FIRST, "branch contexten/github-octo-hello-1")
    assert FIRST in typing.type_next("contexten agents --running")
    shown = typing.type_next("contexten agent github/")
    assert "Turn 1" in shown
    assert "model calls" in shown

    assert typing.type_next("contexten deliver").startswith("202")
    await typing.says(FIRST, "unread 1 messages")
    typing.type_next("contexten resume model")
    await typing.says(FIRST, f"github/{FIRST}: done", 120)
    assert "/pull/" in typing.type_next("contexten agent github/")
    (pull,) = await typing.effects("pull_request", "octo/hello")
    mended = typing.clone(pull["details"]["head"], tmp_path / "mended")
    assert (mended / "NOTES.md").read_text() == "hello\n"
    assert passes_tests(mended)
    assert len(await typing.effects("comment", FIRST)) == 2

    typing.type_next("contexten pause model")
    assert typing.type_next("contexten deliver").startswith("202")
    await typing.says(SECOND, "branch contexten/github-octo-hello-2")
    assert typing.type_next("contexten deliver").startswith("202")
    await typing.says(SECOND, f"github/{SECOND}: cancelled")
    typing.type_next("contexten resume model")
    assert len(await typing.effects("pull_request", "octo/hello")) == 1
    assert list(typing.left) == []
