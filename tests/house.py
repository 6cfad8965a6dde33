"""
The whole system as it runs: engine, sandbox, workers and door, each a process of its own.

    async with House(tmp_path) as house:
        await house.start()
        house.workers["github"].kill()

Every process writes one log in the house's folder, begins anew under the same name and
ends with the house. Ports are chosen once, so that a process comes back where it was.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from temporalio.client import Client
from waiting import free_port, until

from starter import attributes, engine

ROOT = Path(__file__).parents[1]
SECRETS = {
    "github": "a secret of GitHub's",
    "linear": "a secret of Linear's",
    "slack": "a secret of Slack's",
}
TOKENS = {
    "GITHUB_TOKEN": "sandbox-github-token",
    "LINEAR_ACCESS_TOKEN": "sandbox-linear-token",
    "SLACK_BOT_TOKEN": "xoxb-sandbox",
}
SERVE = "from starter.serve import serve; from starter.settings import load; serve(load())"
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")

Ready = Callable[["Process"], Awaitable[bool]]


class Process:
    """
    One part of the system: a process that may be killed and started again.

    Attributes:
        log: The file that all its incarnations write to.
    """

    def __init__(self, line: list[str], environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        self._line = line
        self._environment = environment
        self._running: subprocess.Popen[bytes] | None = None
        self._begun_at = 0

    @property
    def pid(self) -> int:
        """The process id of the incarnation that runs."""
        assert self._running is not None
        return self._running.pid

    @property
    def alive(self) -> bool:
        return self._running is not None and self._running.poll() is None

    @property
    def said(self) -> str:
        """What the present incarnation has written so far."""
        with self.log.open("rb") as file:
            file.seek(self._begun_at)
            return file.read().decode(errors="replace")

    async def start(self, ready: Ready, timeout_s: float = 30.0) -> None:
        """Start it, and return once it is *ready*; fail with its log if it ends before."""
        self._spawn()

        async def is_ready() -> bool:
            if not self.alive:
                raise AssertionError(f"{self.log.stem} ended at once:\n{self.said[-3000:]}")
            return await ready(self)

        await until(is_ready, timeout_s)

    def _spawn(self) -> None:
        self._begun_at = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(
                self._line,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(self._environment),
                cwd=self.log.parent,
            )

    def signal(self, number: int) -> None:
        """Send it signal *number*."""
        os.kill(self.pid, number)

    async def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self.alive:
            self.signal(signal.SIGKILL)
        await self.gone(10)

    async def stop(self, timeout_s: float = 20.0) -> int:
        """SIGTERM, and wait until it is gone; its exit status."""
        if self.alive:
            self.signal(signal.SIGTERM)
        return await self.gone(timeout_s)

    async def gone(self, timeout_s: float) -> int:
        """Wait until it has ended; its exit status."""
        if self._running is None:
            return 0
        running = self._running

        async def ended() -> bool:
            return running.poll() is not None

        await until(ended, timeout_s)
        return int(running.returncode)


class House:
    """
    The system on this machine, in one folder.

    Attributes:
        folder: Logs, the engine's database, and ``var``.
        environment: The settings that workers and door are started with; change before start.
        engine, sandbox, door: Their processes.
        workers: The worker processes, by what they serve.
    """

    def __init__(self, folder: Path, *, seed: int = 0, **settings: str) -> None:
        """
        Args:
            folder: Where everything is kept; made if it is not there.
            seed: What the sandbox's dice start from.
            settings: Settings that differ from those of a usual sandbox run.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.address = f"127.0.0.1:{free_port()}"
        self.sandbox_url = f"http://127.0.0.1:{free_port()}"
        self.url = f"http://127.0.0.1:{free_port()}"
        self.environment = self._environment() | settings
        self.engine = self._process("engine", self._engine_line())
        self.sandbox = self._process("sandbox", self._sandbox_line(seed))
        self.door = self._process("door", [sys.executable, "-c", SERVE])
        self.workers: dict[str, Process] = {}
        self.http = httpx.AsyncClient(timeout=10)
        self._client: Client | None = None

    @property
    def var(self) -> Path:
        """The folder of the system's own data."""
        return self.folder / "var"

    def _environment(self) -> dict[str, str]:
        usual = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return usual | {
            **TOKENS,
            **{f"{p.upper()}_WEBHOOK_SECRET": s for p, s in SECRETS.items() if p != "slack"},
            "SLACK_SIGNING_SECRET": SECRETS["slack"],
            "LINEAR_TEAM_ID": "ENG",
            "REACTIONS": "workflows.acknowledgements",
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "GITHUB_API_URL": f"{self.sandbox_url}/github",
            "LINEAR_API_URL": f"{self.sandbox_url}/linear/graphql",
            "SLACK_API_URL": f"{self.sandbox_url}/slack/api/",
            "TEMPORAL_ADDRESS": self.address,
            "CONTEXTEN_VAR": str(self.folder / "var"),
            "HOST": "127.0.0.1",
            "PORT": port_of(self.url),
        }

    def _engine_line(self) -> list[str]:
        database = self.folder / "temporal.db"
        return engine.command(database, port=int(port_of(self.address)), ui_port=free_port())

    def _sandbox_line(self, seed: int) -> list[str]:
        line = [sys.executable, "-m", "sandbox", "--port", port_of(self.sandbox_url)]
        return [*line, "--ledger", str(self.folder / "ledger.jsonl"), "--seed", str(seed)]

    def _process(self, name: str, line: list[str]) -> Process:
        return Process(line, self.environment, self.folder / f"{name}.log")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.http.aclose()
        for process in [*self.workers.values(), self.door, self.sandbox, self.engine]:
            if process.alive:
                process.signal(signal.SIGCONT)
            await process.kill()

    async def start(self, *queues: str) -> None:
        """Start everything, with one worker for each of *queues*, comma-separated lists."""
        await asyncio.gather(self.start_engine(), self.start_sandbox())
        await attributes.ensure(await self.client())
        await asyncio.gather(self.start_door(), *(self.start_worker(q) for q in queues))

    async def start_engine(self) -> None:
        """Start the engine on the database that is there, or on a new one."""

        async def serves(_: Process) -> bool:
            return await engine.answers(self.address)

        await self.engine.start(serves)

    async def start_sandbox(self) -> None:
        await self.sandbox.start(self._answers(self.sandbox_url))

    async def start_door(self) -> None:
        await self.door.start(self._answers(f"{self.url}/healthz"))

    def _answers(self, url: str) -> Ready:
        async def answers(_: Process) -> bool:
            try:
                return (await self.http.get(url)).status_code == 200
            except httpx.HTTPError:
                return False

        return answers

    async def start_worker(self, queues: str) -> None:
        """Start the worker of *queues*, such as ``github,slack``, or start it again."""
        if queues not in self.workers:
            line = [sys.executable, str(ROOT / "worker.py"), "--queues", queues]
            self.workers[queues] = self._process(f"worker-{queues.replace(',', '-')}", line)

        async def ready(process: Process) -> bool:
            return "worker ready" in process.said

        await self.workers[queues].start(ready)

    async def client(self) -> Client:
        """A client of the house's engine."""
        if self._client is None:
            self._client = await Client.connect(self.address)
        return self._client

    async def fault(self, platform: str, kind: str, **more: Any) -> None:
        """From now on *kind* goes wrong on *platform*."""
        wanted = {"platform": platform, "kind": kind, **more}
        (await self.http.post(f"{self.sandbox_url}/_faults", json=wanted)).raise_for_status()

    async def faults(self) -> list[dict[str, Any]]:
        """The faults in force, with how often they struck."""
        answer = await self.http.get(f"{self.sandbox_url}/_faults")
        found: list[dict[str, Any]] = answer.json()["faults"]
        return found

    async def heal(self) -> None:
        """All platforms are well again."""
        (await self.http.delete(f"{self.sandbox_url}/_faults")).raise_for_status()

    async def ledger(self) -> list[dict[str, Any]]:
        """Every effect that stands on the platforms, in order."""
        answer = await self.http.get(f"{self.sandbox_url}/_ledger")
        effects: list[dict[str, Any]] = answer.json()["effects"]
        return effects


def port_of(url: str) -> str:
    """The port in ``host:port`` or ``http://host:port``."""
    return url.rpartition(":")[2]
