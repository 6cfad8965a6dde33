"""
The scene of the demo in which an agent works: from a label to a pull request.

Nothing is believed that can be looked up. The run says what it did; the sandbox's GitHub has
what became of it; and the tests are run once more, on the default branch and on that of the
run, shut in as the run's own commands are. Where commands cannot be shut in, agents run none:
the scene is then that the run says so, to whoever asked.
"""

import asyncio
import base64
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from rich.console import Console
from temporalio.client import Client

from contexten.agent_run import run_of
from contexten.effects import MARKER
from starter.agent_runs import Shown, shown
from starter.console import shell
from starter.console.complaint import Complaint
from starter.console.follow import described
from starter.console.printable import printable
from workflows.demonstration import SAMPLE

Effect = Mapping[str, Any]

ISSUE = f"{SAMPLE}#1"
CONTEXT = f"github/{ISSUE}"
RUN = run_of(CONTEXT)
PATIENCE_S = 60.0
POLL_S = 0.1
TESTS = "python3 -m pytest -q -p no:cacheprovider --rootdir=."
COUNTED = re.compile(r"^.*\b\d+ (?:passed|failed).*$", re.MULTILINE)
SHUT_IN = "bubblewrap"
DIFF = "application/vnd.github.diff"
COMMANDS = {
    SHUT_IN: "shut in by bubblewrap: no network, nothing of this machine",
    "unsafe": "not shut in: AGENT_SHELL is unsafe",
}


@dataclass(frozen=True, slots=True)
class Checked:
    """What the tests of one branch came to."""

    branch: str
    passed: bool
    said: str


@dataclass(frozen=True, slots=True)
class Seen:
    """
    What there is to see of the run.

    Attributes:
        shown: The run, as ``contexten agent`` shows it.
        effects: What it left on GitHub.
        how: How commands are run: AGENT_SHELL.
        refused: Why commands cannot be run here; None if they can.
        diff: What its pull request changes; empty if there is none.
        tests: What the tests of the default branch, and of its own, came to.
    """

    shown: Shown
    effects: Sequence[Effect]
    how: str
    refused: str | None
    diff: str = ""
    tests: Sequence[Checked] = ()

    def of(self, kind: str) -> list[Effect]:
        """What it left of one *kind*."""
        return [one for one in self.effects if one["kind"] == kind]

    @property
    def pull(self) -> Effect | None:
        """The pull request it opened; None if it opened none, or more than one."""
        found = self.of("pull_request")
        return found[0] if len(found) == 1 else None


def is_of_agent(effect: Effect) -> bool:
    """Whether *effect* is what the agent left, and no reaction of the rest of the demo."""
    return str(effect["target"]).partition("#")[0] == SAMPLE


async def ended(client: Client) -> Shown:
    """
    The run, once it has ended.

    Raises:
        Complaint: If it has not after a minute.
    """
    handle: Any = client.get_workflow_handle(RUN)
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            while (found := await described(handle)) is None or not found.ended:
                await asyncio.sleep(POLL_S)
            return await shown(client, CONTEXT)
    raise Complaint(f"The agent run for {ISSUE} has not ended after {PATIENCE_S:g} s.")


async def seen(
    http: httpx.AsyncClient, sandbox: str, run: Shown, effects: Sequence[Effect], how: str
) -> Seen:
    """Look up what became of *run*, whose *effects* stand on the sandbox; *how* commands run."""
    found = Seen(run, effects, how, await shell.complaint(how))
    if found.pull is None:
        return found
    github = f"{sandbox}/github/repos/{SAMPLE}"
    headers = {"Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}"}
    number = str(found.pull["target"]).partition("#")[2]
    answer = await http.get(f"{github}/pulls/{number}", headers=headers | {"Accept": DIFF})
    branches = (found.pull["details"]["base"], found.pull["details"]["head"])
    tests = [await tested(http, github, headers, one, how) for one in branches]
    return Seen(run, effects, how, found.refused, answer.text, tests)


async def tested(
    http: httpx.AsyncClient, github: str, headers: Mapping[str, str], branch: str, how: str
) -> Checked:
    """What the tests of *branch* come to, run here."""
    files = f"{github}/contents"
    with TemporaryDirectory(prefix="contexten-demo-branch-") as folder:
        listed = (await http.get(files, params={"ref": branch}, headers=headers)).json()
        for name in (Path(one["name"]).name for one in listed if one["type"] == "file"):
            answer = await http.get(f"{files}/{name}", params={"ref": branch}, headers=headers)
            written = base64.b64decode(answer.json()["content"])
            Path(folder, name).write_bytes(written)  # noqa: ASYNC240 - a few lines of text
        passed, said = await shell.ran(how, Path(folder), TESTS)
    counted = COUNTED.findall(said)
    return Checked(branch, passed, counted[-1].strip("= ") if counted else said[-200:])


def tell(console: Console, found: Seen, where: str) -> None:
    """
    Show the run, which the Web UI has at *where*; and hold it against what it had to come to.

    Raises:
        Complaint: If it did not.
    """
    console.print()
    for line in lines(found):
        console.print(printable(line), soft_wrap=True, markup=False, highlight=False)
    console.print(f"  Web UI        {where}", soft_wrap=True)
    if wrong := amiss(found):
        raise Complaint(f"The agent run is not as it should be: {'; '.join(wrong)}.")


def amiss(found: Seen) -> list[str]:
    """
    What is not as it has to be.

    Where commands cannot be shut in, it is not to end in a pull request: it is to say so.
    """
    comments = [one for one in found.of("comment") if one["target"] == ISSUE]
    wrong = {
        f"there are {len(comments)} comments at {ISSUE}, not 2": len(comments) != 2,
        f"it is {found.shown.run.state}": found.shown.run.running,
    }
    if found.refused:
        wrong |= {"it pushed where no command could be run": bool(found.pull or found.of("push"))}
    elif found.how == SHUT_IN:
        results = [one.passed for one in found.tests]
        wrong |= {
            f"it ended as {found.shown.run.state}": found.shown.run.state != "done",
            "there is not one pull request": found.pull is None,
            "its change does not make the failing test pass": results != [False, True],
        }
    return [what for what, is_so in wrong.items() if is_so]


def lines(found: Seen) -> Iterator[str]:
    """What there is to say, line by line."""
    run, progress = found.shown.run, found.shown.progress
    calls = progress["latest"]
    counted = Counter(str(tool) for tool, _, _ in calls).items()
    tools = [name if many == 1 else f"{name} ({many})" for name, many in counted]
    yield f'An agent: {progress["asked_by"]} put our label on {ISSUE}, "A test fails".'
    yield f"  its run       {RUN}: {run.state}, in {progress['turns']} turns"
    yield f"  model         {of_model(str(progress.get('model') or 'none'))}"
    yield f"  tools         {', '.join(tools)}"
    yield f"  commands      {found.refused or COMMANDS[found.how]}"
    yield f"  branch        {progress['branch']}"
    if found.pull:
        yield f"  pull request  {progress['pull_request']}: {found.pull['details']['title']}"
        for line in found.diff.splitlines():
            if line[:1] in "+-" and line[:3] not in ("+++", "---"):
                yield f"    {line}"
    else:
        yield "  pull request  none, as the tests could not be run"
    for one in found.tests:
        yield f"  tests         {one.branch}: {one.said}"
    for comment in found.of("comment"):
        said = MARKER.sub("", comment["details"]["body"]).strip().splitlines()
        yield f"  commented     at {comment['target']}: {said[0]}"
        yield from (f"                {line}" for line in said[1:] if line.strip())


def of_model(name: str) -> str:
    """Which model answered, and what it is."""
    if name.partition(":")[0] != "offline":
        return name
    return f"{name}, no language model: it tries small changes until the tests pass"
