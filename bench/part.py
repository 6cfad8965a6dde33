"""One process of what is measured: what it says, what it costs, how it ends."""

import asyncio
import subprocess
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import psutil

READY_WITHIN_S = 60.0
POLL_S = 0.05


class Part:
    """
    One process, and its children.

    Attributes:
        name: What it is.
        port: Where it listens; 0 if nowhere.
    """

    def __init__(
        self, name: str, line: list[str], environment: dict[str, str], folder: Path, port: int = 0
    ) -> None:
        self.name = name
        self.port = port
        self._log = folder / f"{name}.log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                line,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                cwd=folder,
            )
        self._seen = psutil.Process(self._process.pid)

    @property
    def said(self) -> str:
        """What it wrote so far."""
        return self._log.read_text(errors="replace")

    async def until(self, ready: Callable[[], Awaitable[bool]]) -> None:
        """
        Return once it is *ready*.

        Raises:
            RuntimeError: If it ends before; the message is the end of its log.
            TimeoutError: If it takes longer than a minute.
        """
        async with asyncio.timeout(READY_WITHIN_S):
            while not await ready():
                if self._process.poll() is not None:
                    raise RuntimeError(f"{self.name} ended at once:\n{self.said[-2000:]}")
                await asyncio.sleep(POLL_S)

    def cpu_s(self) -> float:
        """Seconds of processor time it took so far, in user and in kernel mode."""
        return sum(t.user + t.system for t in (p.cpu_times() for p in self._family()))

    def rss_bytes(self) -> int:
        """Memory it holds."""
        return sum(int(p.memory_info().rss) for p in self._family())

    def _family(self) -> list[psutil.Process]:
        return [self._seen, *self._seen.children(recursive=True)]

    async def kill(self) -> None:
        """SIGKILL to it and its children, as a power cut would; nothing if it is gone."""
        if self._process.poll() is not None:
            return
        for process in self._family():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        await asyncio.to_thread(self._process.wait)


async def listens(port: int) -> bool:
    """Whether somebody listens on *port* of this machine."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def says(part: Part, words: str) -> bool:
    """Whether *part* has written *words*."""
    return words in part.said
