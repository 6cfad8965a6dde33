"""One part of the system as a process of its own: started, watched, started again if it dies."""

import asyncio
import contextlib
import signal
import time
from asyncio.subprocess import DEVNULL
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from starter.console.complaint import Complaint

POLL_S = 0.05
LINES_SHOWN = 20
SOUND_AFTER_S = 30.0
MOST_FALLS = 5


@dataclass(frozen=True, slots=True)
class Part:
    """
    What a process is to be.

    Attributes:
        name: What it is called by; its log is ``<name>.log``.
        line: Its command line.
        ready: Whether it serves yet.
        grace_s: Seconds it has to end after SIGTERM.
    """

    name: str
    line: Sequence[str]
    ready: Callable[[], Awaitable[bool]]
    grace_s: float = 10.0


class Process:
    """
    A part at work.

    It has a session of its own, so that Ctrl-C reaches only the one who keeps it, who then
    stops all parts in order.
    """

    def __init__(
        self, part: Part, environment: Mapping[str, str], logs: Path, inherited: Sequence[int] = ()
    ) -> None:
        """
        Args:
            environment: What it is started with, now and again.
            logs: The folder of its log.
            inherited: File descriptors that it keeps open.
        """
        self.part = part
        self._environment = dict(environment)
        self._inherited = tuple(inherited)
        self.log = logs / f"{part.name}.log"
        self._running: asyncio.subprocess.Process | None = None
        self._begun = 0

    @property
    def pid(self) -> int | None:
        """Its process id; None while it does not run."""
        if self._running is None or self._running.returncode is not None:
            return None
        return self._running.pid

    async def spawn(self) -> None:
        """Start it, and do not wait for it."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._begun = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._running = await asyncio.create_subprocess_exec(
                *self.part.line,
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                pass_fds=self._inherited,
                start_new_session=True,
            )

    async def until_ready(self, timeout_s: float) -> bool:
        """
        Wait until it serves; False if it does not within *timeout_s* seconds.

        Raises:
            Complaint: If it ends instead.
        """
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if self.pid is None:
                raise self.fallen()
            if await self.part.ready():
                return True
            await asyncio.sleep(POLL_S)
        return False

    def fallen(self) -> Complaint:
        """Why it does not run: the last that it said."""
        status = self._running.returncode if self._running else None
        said = self.last_words() or "It said nothing."
        return Complaint(f"{self.part.name} ended with status {status}. {self.log}:\n{said}")

    def last_words(self) -> str:
        """The last lines that it wrote since it was last started."""
        try:
            with self.log.open("rb") as file:
                file.seek(self._begun)
                lines = file.read().decode(errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        return "\n".join(lines[-LINES_SHOWN:])

    async def keep(self, told: Callable[[str], None], again: Callable[[], None]) -> None:
        """
        Start it again whenever it ends, later each time, and say so by *told*; until cancelled.

        Args:
            again: Is called each time that it was started again.

        Raises:
            Complaint: If it ends again and again before it has run for half a minute.
        """
        falls = 0
        while True:
            assert self._running is not None
            begun = time.monotonic()
            status = await self._running.wait()
            falls = 0 if time.monotonic() - begun > SOUND_AFTER_S else falls + 1
            if falls >= MOST_FALLS:
                raise self.fallen()
            pause = 2.0**falls / 4
            told(f"{self.part.name} ended with status {status}; again in {pause:g} s ({self.log})")
            await asyncio.sleep(pause)
            await self.spawn()
            again()

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL if it takes too long."""
        if self._running is None or self.pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._running.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(self.part.grace_s):
                await self._running.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._running.kill()
            await self._running.wait()
