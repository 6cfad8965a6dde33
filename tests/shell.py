"""The command line as a user meets it: real processes in a folder of their own."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from waiting import free_port, until

from starter.console import running

INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended, and everything it printed."""

    status: int
    text: str


class Shell:
    """A folder with nothing set in it, in which commands are typed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {n: os.environ[n] for n in INHERITED if n in os.environ}
        self.environment["TEMPORAL_CONFIG_FILE"] = os.devnull
        self.environment["REACTIONS"] = "workflows.acknowledgements"

    @property
    def var(self) -> Path:
        return self.folder / "var"

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """Start ``contexten`` and do not wait for its end."""
        with (self.folder / "said").open("ab") as said:
            return subprocess.Popen(
                [sys.executable, "-m", "starter.cli", *words],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                text=True,
            )

    def run(self, *words: str, timeout_s: float = 60.0, **variables: str) -> Said:
        """Run ``contexten`` to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "starter.cli", *words],
            cwd=self.folder,
            env=self.environment | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        return Said(done.returncode, done.stdout)

    def said(self) -> str:
        """What was printed by what was begun."""
        return (self.folder / "said").read_text()


class Up:
    """``contexten up`` at work."""

    def __init__(self, shell: Shell, *words: str) -> None:
        self.shell = shell
        words = words or ("--sandbox",)
        self.process = shell.begin("up", *words, "--port", str(free_port()))

    @property
    def running(self) -> running.Running:
        found = running.read(self.shell.var)
        assert found is not None
        return found

    async def ready(self) -> None:
        async def is_ready() -> bool:
            assert self.process.poll() is None, self.shell.said()
            return running.read(self.shell.var) is not None

        await until(is_ready, 60)

    async def stopped(self) -> int:
        """SIGTERM, and the exit status."""
        self.process.send_signal(signal.SIGTERM)

        async def ended() -> bool:
            return self.process.poll() is not None

        await until(ended, 40)
        return int(self.process.returncode)
