"""The page about the outage holds: each of its commands is run as it stands there."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from shell import Said, Up
from waiting import until

from starter import engine

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/scenarios/outage.md").read_text()
MANY = 4
QUEUE = ("--task-queue", "slack", "--task-queue-type", "activity", "-o", "json")


def commands() -> dict[str, list[list[str]]]:
    """The commands of each section of the page, as their words."""
    found: dict[str, list[list[str]]] = {}
    for section in PAGE.split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        lines = re.findall(r"^    (.+)$", text, re.MULTILINE)
        found[title] = [shlex.split(line) for line in lines]
    return found


class Typing:
    """Types the commands of the page, one after the other."""

    def __init__(self, up: Up, sections: dict[str, list[list[str]]]) -> None:
        self.up, self.shell = up, up.shell
        self._next = {title: iter(lines) for title, lines in sections.items()}

    def type_next(self, section: str, expected: str) -> Said:
        """Run the next command of *section*, which is *expected*, and must end well."""
        words = next(self._next[section])
        assert " ".join(words).startswith(expected)
        said = self._run(words)
        assert said.status == 0, said.text
        return said

    def _run(self, words: list[str]) -> Said:
        if words[0] == "temporal":
            return self.temporal(*words[1:])
        assert words[0] == "contexten"
        ours = (str(ROOT / word) if word.startswith("sandbox/") else word for word in words[1:])
        return self.shell.run(*ours)

    def temporal(self, *words: str) -> Said:
        """Ask the engine with Temporal's own command."""
        line = [engine.binary(), *words, "--address", self.up.running.engine]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        return Said(done.returncode, done.stdout + done.stderr)

    def nothing_is_left(self, section: str) -> None:
        """Every command of *section* was typed."""
        assert list(self._next[section]) == []

    async def until_slack(self, how: str) -> None:
        """Wait until the standing of Slack says *how*."""

        async def stands() -> bool:
            said = self.shell.run("standing").text
            return re.search(rf"^ *platform slack +{how}", said, re.MULTILINE) is not None

        await until(stands, 60)


@pytest.fixture
def typing(up: Up) -> Iterator[Typing]:
    sections = commands()
    assert sections["Begin"].pop(0) == ["contexten", "up", "--sandbox"]
    return Typing(up, sections)


@pytest.mark.timeout(400)
async def test_each_command_of_the_page_does_what_the_page_says(typing: Typing) -> None:
    assert "open" in typing.type_next("Begin", "contexten standing").text
    assert "version 2" in typing.type_next("Begin", "contexten rules set").text

    typing.type_next("Break it", "contexten sandbox break slack")
    delivered = next(iter(commands()["Break it"][1:]))
    assert typing.type_next("Break it", "contexten deliver").text.startswith("202")
    for _ in range(MANY - 1):
        typing._run(delivered)
    await typing.until_slack("held")

    queue = typing.temporal("task-queue", "config", "get", *QUEUE)
    assert "contexten: breaker open: 5 failures in a row" in queue.text
    assert "breaker open" in typing.type_next("Watch", "contexten standing").text
    assert "server_error" in typing.type_next("Watch", "contexten failures").text
    assert "slack-breaker-" in typing.type_next("Watch", "contexten incidents --open").text

    typing.type_next("Heal it", "contexten sandbox heal")
    await until(lambda: all_handled(typing), 60)
    assert "handled" in typing.type_next("Heal it", "contexten deliveries").text
    await typing.until_slack("open")
    typing.type_next("Heal it", "contexten standing")
    await until(lambda: is_proven(typing), 60)
    assert "slack.post_reply passed" in typing.type_next("Heal it", "contexten incidents").text
    async with httpx.AsyncClient() as http:
        seen = (await http.get(f"{typing.up.running.sandbox}/_ledger")).json()["effects"]
    assert [one["kind"] for one in seen].count("reply") == MANY

    typing.type_next("Do it yourself", "contexten pause slack")
    await typing.until_slack("held")
    typing.type_next("Do it yourself", "contexten resume slack")
    await typing.until_slack("open")
    typing.type_next("Do it yourself", "contexten force-open slack")
    await typing.until_slack("held")
    typing.type_next("Do it yourself", "contexten release slack")
    typing.type_next("Do it yourself", "contexten degrade limited")
    typing.type_next("Do it yourself", "contexten release all")
    typing.type_next("Do it yourself", "temporal workflow signal")
    await typing.until_slack("held")
    said = typing.type_next("Do it yourself", "contexten standing").text
    assert "they move their data centre" in said
    for section in commands():
        typing.nothing_is_left(section)


async def all_handled(typing: Typing) -> bool:
    """Whether every delivery was handled."""
    status = typing.shell.run("deliveries", "--platform", "slack").text
    return status.count("handled") == MANY


async def is_proven(typing: Typing) -> bool:
    """Whether the incident is written down as over; that is done beside opening the queue."""
    return "slack.post_reply passed" in typing.shell.run("incidents").text
