"""
Everything on this machine: engine, sandbox, worker and door, each a process of its own.

The engine is ours only where the environment names none; the sandbox is there only on demand.
What one part needs of another it gets through its environment, as in any other deployment.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx
from temporalio.service import RPCError

from contexten.queues import Queue
from starter import client, engine
from starter.console import running, surroundings
from starter.console.complaint import Complaint
from starter.console.process import Part, Process
from starter.pollers import pollers
from starter.settings import ENV_FILE, Settings, load

ENGINE_PORT = 7233
UI_PORT = 8233
SANDBOX_PORT = 8790
READY_S = 60.0
ANSWER_S = 2.0


class Installation:
    """
    The parts that run, from the first to the last.

    Attributes:
        settings: Those that the parts were given; set once it is open.
        ui: Address of the Web UI; None if the engine is not ours.
        sandbox: Address of the sandbox; None without one.
        secrets: What the sandbox's deliveries are signed with, by platform.
    """

    settings: Settings

    def __init__(self, told: Callable[[str], None], *, sandbox: bool, fixed_ports: bool) -> None:
        """
        Args:
            told: Is told what happens, line by line.
            sandbox: Put the sandbox in place of the real platforms.
            fixed_ports: Take the well-known ports where they are free.
        """
        self._told = told
        self._pretends = sandbox
        self._fixed = fixed_ports
        self._processes: list[Process] = []
        self._lock: int | None = None
        self._ports: list[int] = []
        self.ui: str | None = None
        self.sandbox: str | None = None
        self.secrets: dict[str, str] = {}

    @property
    def url(self) -> str:
        """Address of the door."""
        host = self.settings.host
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - said, not bound
        return f"http://{host}:{self.settings.port}"

    async def open(self, var: Path | None = None) -> None:
        """
        Start every part, in order, each once those it needs are ready.

        Args:
            var: The folder of everything we keep; None for that of the settings.

        Raises:
            Complaint: If one cannot be started.
            SettingsError: If the settings do not hold.
        """
        if var is not None:
            os.environ["CONTEXTEN_VAR"] = str(var)
        if self._pretends:
            os.environ[ENV_FILE] = surroundings.NOTHING
        self.settings = load()
        self._lock = running.held(self.settings.var)
        os.environ["CONTEXTEN_VAR"] = str(self.settings.var.resolve())
        self._choose_port()
        if self._pretends:
            await self._open_sandbox()
        if client.configured_address() is None:
            await self._open_engine()
        self.settings = load()
        await asyncio.gather(self._open_worker(), self._open_door())
        self._note()

    def _note(self) -> None:
        self.described().write(self.settings.var)

    async def _open_engine(self) -> None:
        port, ui_port = self._port(ENGINE_PORT), self._port(UI_PORT)
        self.settings.var.mkdir(parents=True, exist_ok=True)
        line = engine.command(self.settings.var / "temporal.db", port=port, ui_port=ui_port)
        address = f"127.0.0.1:{port}"
        take(surroundings.without_engine(os.environ) | {"TEMPORAL_ADDRESS": address})
        await self._open(Part("engine", line, partial(engine.answers, address)))
        self.ui = f"http://127.0.0.1:{ui_port}"

    async def _open_sandbox(self) -> None:
        self.sandbox = f"http://127.0.0.1:{self._port(SANDBOX_PORT)}"
        port = self.sandbox.rpartition(":")[2]
        line = [sys.executable, "-m", "sandbox", "--port", port]
        await self._open(Part("sandbox", line, partial(answers, self.sandbox)))
        async with httpx.AsyncClient() as http:
            spoken_to = (await http.get(f"{self.sandbox}/_environment")).json()
            sample = {"repository": spoken_to["AGENT_REPOSITORY"]}
            (await http.put(f"{self.sandbox}/_github/repositories", json=sample)).raise_for_status()
        self.secrets = surroundings.invented_secrets()
        take(surroundings.pretended(os.environ, spoken_to, self.secrets))

    def _choose_port(self) -> None:
        host, port = self.settings.host, self.settings.port
        if not self._fixed or port == 0:
            port = surroundings.free_port()
        elif not surroundings.is_free(port, host):
            raise Complaint(
                f"Port {port} of {host} is taken: stop what listens there, or take another with "
                "--port."
            )
        os.environ["PORT"] = str(port)

    async def _open_door(self) -> None:
        line = [sys.executable, "-m", "starter.cli", "serve"]
        ready = partial(answers, f"{self.url}/healthz")
        grace_s = self.settings.shutdown_timeout_s + 5
        await self._open(Part("door", line, ready, grace_s))

    async def _open_worker(self) -> None:
        line = [sys.executable, "-m", "worker", "--queues", ",".join(Queue)]
        ready = partial(served, self.settings, datetime.now(UTC))
        part = Part("worker", line, ready, self.settings.shutdown_timeout_s + 5)
        await self._open(part, waits_for_engine=self.ui is None)

    async def _open(self, part: Part, *, waits_for_engine: bool = False) -> None:
        process = Process(part, os.environ, self.settings.var / "logs", self._inherited())
        self._processes.append(process)
        await process.spawn()
        patience_s = 5.0 if waits_for_engine else READY_S
        if await process.until_ready(patience_s):
            self._told(f"{part.name} is ready")
        elif waits_for_engine:
            self._told(f"{part.name} waits for the engine at {client.address()}")
        else:
            raise Complaint(f"{part.name} is not ready after {READY_S:g} s: see {process.log}")

    def _inherited(self) -> list[int]:
        return [] if self._lock is None else [self._lock]

    def _port(self, usual: int) -> int:
        """The *usual* port if it is wanted, free, and nobody else is about to take it."""
        if self._fixed and (lock := surroundings.reserved(usual)) is not None:
            self._ports.append(lock)
            if surroundings.is_free(usual):
                return usual
        return surroundings.free_port()

    def described(self) -> running.Running:
        """Where everything is, for the other commands."""
        return running.Running(
            pid=os.getpid(),
            door=self.url,
            engine=client.address(),
            ui=self.ui,
            sandbox=self.sandbox,
            secrets=self.secrets,
            parts={p.part.name: p.pid for p in self._processes if p.pid is not None},
        )

    async def keep(self) -> None:
        """
        Start again whatever dies, until cancelled.

        Raises:
            Complaint: If something dies again and again.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for process in self._processes:
                    group.create_task(process.keep(self._told, self._note))
        except* Complaint as fallen:
            raise fallen.exceptions[0] from None

    async def close(self) -> None:
        """Stop every part: the door first, then the worker, the sandbox and the engine."""
        last_first = ("door", "worker", "sandbox", "engine")
        for process in sorted(self._processes, key=lambda p: last_first.index(p.part.name)):
            await process.stop()
        if self._lock is not None:
            running.remove(self.settings.var)
            os.close(self._lock)
        for lock in self._ports:
            os.close(lock)


def take(environment: Mapping[str, str]) -> None:
    """Make *environment* ours, and so that of all parts started from now on."""
    os.environ.clear()
    os.environ.update(environment)


async def answers(url: str) -> bool:
    """Whether something at *url* answers 200."""
    try:
        async with httpx.AsyncClient(timeout=ANSWER_S) as http:
            return (await http.get(url)).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


async def served(settings: Settings, since: datetime) -> bool:
    """Whether every queue has had a worker *since*."""
    with suppress(RuntimeError, RPCError, TimeoutError):
        async with asyncio.timeout(ANSWER_S):
            connected = await client.connect(settings)
            found = [await pollers(connected, queue, since) for queue in Queue]
            return all(found)
    return False
