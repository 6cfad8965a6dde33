"""Processes that write to one ledger, and what each says of itself."""

import json
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from attempts import wait_until
from checkout import ROOT

PROGRAM = ROOT / "tests" / "ledger_writer.py"


class Writer:
    """One process of ``ledger_writer.py``."""

    def __init__(self, url: str, rows: int = 1_000_000, a_second: float = 2000.0) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), url, str(rows), str(a_second)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
        )
        self.said: dict[str, int] = {"recorded": 0, "written": 0, "lost": 0}
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                if line.endswith("\n"):
                    self.said = json.loads(line)

    def has(self, **wanted: int) -> None:
        """Return once it says at least as much."""
        wait_until(lambda: all(self.said[name] >= many for name, many in wanted.items()))

    def goes_on(self, rows: int = 500) -> None:
        """Return once it has written some more."""
        self.has(written=self.said["written"] + rows)

    def ended(self) -> dict[str, int]:
        """What it said last, once it has ended."""
        self.process.wait(30)
        self._listener.join(10)
        return self.said

    def stopped(self) -> dict[str, int]:
        """What it said last after SIGTERM."""
        self.process.terminate()
        return self.ended()

    def killed(self) -> dict[str, int]:
        """What it said last before SIGKILL."""
        self.process.kill()
        return self.ended()

    @contextmanager
    def full_disk(self, room_bytes: int = 0) -> Iterator[None]:
        """No file of it grows beyond so many bytes."""
        soft, hard = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (room_bytes, hard))
        try:
            yield
        finally:
            resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def writing(url: str, rows: int = 1_000_000, a_second: float = 2000.0) -> Iterator[Writer]:
    """A writer, ended afterwards."""
    writer = Writer(url, rows, a_second)
    try:
        yield writer
    finally:
        if writer.process.poll() is None:
            writer.killed()
