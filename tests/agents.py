"""Agent runs in a house: everything they lean on, a real repository, and what came of them."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from house import TOKENS, House
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle

from sandbox.tokens import MODEL_KEY
from starter.settings import ENV_FILE

REPOSITORY = "octo/hello"
WORKERS = ("control", "deliveries", "github,linear,slack", "agents", "model", "tools")


@dataclass(frozen=True, slots=True)
class Ran:
    """One run: its context, whether it has ended well, and whether it has ended at all."""

    context: str
    well: bool
    over: bool


class Agents:
    """A house whose reactions begin agent runs on the sandbox's sample repository."""

    def __init__(self, house: House) -> None:
        self.house = house
        house.environment |= {
            "REACTIONS": "workflows.reactions",
            "GITHUB_URL": f"{house.sandbox_url}/github",
            "AGENT_REPOSITORY": REPOSITORY,
        }

    async def start(self, *workers: str) -> None:
        """Start everything, *workers* or one for each kind of queue; put the repository there."""
        await self.house.start(*workers or WORKERS)
        await self.put(f"{self.house.sandbox_url}/_github/repositories", repository=REPOSITORY)

    async def put(self, url: str, **said: Any) -> None:
        """Arrange something in the sandbox."""
        (await self.house.http.put(url, json=said)).raise_for_status()

    async def runs(self) -> list[Ran]:
        """Every run that was begun, each once: as it stands now."""
        client, found = await self.house.client(), {}
        async for one in client.list_workflows("WorkflowType = 'AgentRunWorkflow'"):
            over = one.status is not WorkflowExecutionStatus.RUNNING
            well = one.status is WorkflowExecutionStatus.COMPLETED
            context = one.id.removeprefix("agent/")
            if one.status is not WorkflowExecutionStatus.CONTINUED_AS_NEW:
                found.setdefault(context, Ran(context, well, over))
        return list(found.values())

    async def run(self, number: int) -> WorkflowHandle[Any, Any]:
        """The run about issue *number*."""
        client = await self.house.client()
        return client.get_workflow_handle(f"agent/github/{REPOSITORY}#{number}")

    async def are_over(self, many: int) -> bool:
        """Whether so many runs were begun, and all have ended."""
        runs = await self.runs()
        return len(runs) == many and all(one.over for one in runs)

    async def pulls(self) -> list[dict[str, Any]]:
        """The pull requests that are open."""
        found: list[dict[str, Any]] = (await self._github("pulls", per_page="100")).json()
        return found

    async def comments(self, number: int) -> list[str]:
        """What stands under issue *number*."""
        answer = await self._github(f"issues/{number}/comments", per_page="100")
        return [one["body"] for one in answer.json()]

    async def diff(self, number: int) -> str:
        """What pull request *number* changes."""
        answer = await self._github(f"pulls/{number}", accept="application/vnd.github.diff")
        found: str = answer.text
        return found

    async def _github(self, path: str, accept: str = "*/*", **asked: str) -> httpx.Response:
        url = f"{self.house.sandbox_url}/github/repos/{REPOSITORY}/{path}"
        headers = {"Authorization": f"Bearer {TOKENS['GITHUB_TOKEN']}", "Accept": accept}
        return await self.house.http.get(url, params=asked, headers=headers)

    def clone(self, branch: str, folder: Path) -> Path:
        """A copy in *folder* of what is on *branch* of the repository."""
        token = TOKENS["GITHUB_TOKEN"]
        host = self.house.sandbox_url.removeprefix("http://")
        url = f"http://x-access-token:{token}@{host}/github/{REPOSITORY}.git"
        line = ["git", "clone", "--quiet", "--branch", branch, url, str(folder)]
        subprocess.run(line, check=True, capture_output=True)
        return folder

    def tests_pass(self, branch: str, folder: Path) -> bool:
        """Whether the tests of the repository pass on *branch*, checked out into *folder*."""
        return passes_tests(self.clone(branch, folder))


def with_provider(house: House) -> Agents:
    """The agents of *house*, whose model is the sandbox provider's, the key in the settings."""
    agents = Agents(house)
    settings = house.folder / "settings.env"
    settings.write_text(f"OPENAI_API_KEY={MODEL_KEY}\n")
    house.environment |= {
        ENV_FILE: str(settings),
        "AGENT_MODEL": "openai:sandbox",
        "OPENAI_BASE_URL": f"{house.sandbox_url}/model/v1",
    }
    return agents


def passes_tests(folder: Path) -> bool:
    """Whether the tests in *folder* pass."""
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=."]
    return subprocess.run(tests, cwd=folder, capture_output=True, check=False).returncode == 0
