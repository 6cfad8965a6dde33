"""A real door in a process of its own, and deliveries signed as each platform signs them."""

import asyncio
import hashlib
import hmac
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
from waiting import free_port, until

from contexten.delivery import Event
from starter.aside import shelved
from starter.quarantine import Quarantined, quarantined
from starter.record import event_of
from starter.spool import records, segments

ROOT = Path(__file__).parents[1]
KEYS = {"github": "github-key", "linear": "linear-key", "slack": "slack-key"}
SECRETS = {
    "GITHUB_WEBHOOK_SECRET": KEYS["github"],
    "LINEAR_WEBHOOK_SECRET": KEYS["linear"],
    "SLACK_SIGNING_SECRET": KEYS["slack"],
}
SERVE = "from starter.serve import serve; from starter.settings import load; serve(load())"
NOWHERE = "127.0.0.1:1"
PLATFORMS = ("github", "linear", "slack")
FORM = "application/x-www-form-urlencoded"

NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""To read the machine's would take longer than a request, and none is over TLS."""

Headers = dict[str, str]


def hexed(key: str, message: bytes) -> str:
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()


def github(
    body: bytes, delivery: str = "d-1", event: str = "issues", key: str = KEYS["github"]
) -> Headers:
    return {
        "content-type": "application/json",
        "x-github-delivery": delivery,
        "x-github-event": event,
        "x-hub-signature-256": "sha256=" + hexed(key, body),
    }


def linear(body: bytes, delivery: str = "d-1", key: str = KEYS["linear"]) -> Headers:
    return {
        "content-type": "application/json",
        "linear-delivery": delivery,
        "linear-signature": hexed(key, body),
    }


def slack(
    body: bytes,
    at: float | None = None,
    key: str = KEYS["slack"],
    kind: str = "application/json",
) -> Headers:
    timestamp = str(int(time.time() if at is None else at))
    return {
        "content-type": kind,
        "x-slack-request-timestamp": timestamp,
        "x-slack-signature": "v0=" + hexed(key, b"v0:%b:%b" % (timestamp.encode(), body)),
    }


def issue(number: int = 1, **more: Any) -> bytes:
    """The body of a small GitHub ``issues`` event."""
    return json.dumps(
        {
            "action": "opened",
            "issue": {"number": number},
            "repository": {"full_name": "octo/hello"},
            "sender": {"login": "mona", "type": "User"},
            **more,
        }
    ).encode()


def ticket(number: int = 7, at: float | None = None, **more: Any) -> bytes:
    """The body of a small Linear ``Issue`` event, sent now or *at*, epoch seconds."""
    sent_at_ms = int((time.time() if at is None else at) * 1000)
    data = {"id": f"u-{number}", "identifier": f"ENG-{number}", "team": {"key": "ENG"}}
    return json.dumps(
        {"action": "create", "type": "Issue", "data": data, "webhookTimestamp": sent_at_ms, **more}
    ).encode()


def mention(event_id: str = "Ev1", **more: Any) -> bytes:
    """The body of a small Slack ``app_mention`` event."""
    event = {"type": "app_mention", "user": "U1", "channel": "C1", "ts": "1700000000.000100"}
    return json.dumps(
        {"type": "event_callback", "event_id": event_id, "event": {**event, **more}}
    ).encode()


def body_of(platform: str, number: int = 1) -> bytes:
    """A good body of *platform*; another number is another body."""
    if platform == "slack":
        return mention(f"Ev{number}")
    return ticket(number) if platform == "linear" else issue(number)


def signed(platform: str, body: bytes, delivery: str = "d-1", key: str | None = None) -> Headers:
    """The headers under which *platform* sends *body*."""
    key = KEYS[platform] if key is None else key
    if platform == "slack":
        return slack(body, key=key)
    if platform == "linear":
        return linear(body, delivery, key)
    return github(body, delivery, key=key)


@dataclass(slots=True)
class Running:
    """
    A door that runs.

    Attributes:
        port: Where it listens.
        folder: Its working folder, with ``.env``, ``var`` and ``log``.
        process: Itself.
    """

    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def post(self, path: str, body: bytes, headers: Headers) -> httpx.Response:
        return httpx.post(
            self.url + path, content=body, headers=headers, timeout=30, verify=NO_CERTIFICATES
        )

    def deliver(self, body: bytes, delivery: str = "d-1", event: str = "issues") -> httpx.Response:
        return self.post("/github/events", body, github(body, delivery, event))

    def send(
        self, platform: str, body: bytes, delivery: str = "d-1", key: str | None = None
    ) -> httpx.Response:
        return self.post(f"/{platform}/events", body, signed(platform, body, delivery, key))

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, timeout=30, verify=NO_CERTIFICATES)

    def spooled(self) -> list[tuple[Event, bytes]]:
        """What is in its spool, oldest first."""
        kept = (one for path in segments(self.folder / "var" / "spool") for one in records(path))
        return [(event_of(one.header), one.body) for one in kept]

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def counted(self, answer: str, platform: str = "github") -> int:
        """How often it counted *answer*."""
        named = f'deliveries_total{{answer="{answer}",platform="{platform}"}} '
        lines = (line.partition(named) for line in self.get("/metrics").text.splitlines())
        return next((int(float(value)) for _, found, value in lines if found), 0)

    def memory_bytes(self) -> int:
        used: int = psutil.Process(self.process.pid).memory_info().rss
        return used

    def terminate(self) -> float:
        """Ask it to end; the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        return time.monotonic() - began

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


def started(folder: Path, *, files: int | None = None, **settings: object) -> Running:
    """
    Start a door in *folder*, with *settings* by the names of their variables.

    Args:
        files: How many files it may have open; None leaves it as it is.
    """
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PORT": str(port),
        "CONTEXTEN_VAR": str(folder / "var"),
        "TEMPORAL_ADDRESS": NOWHERE,
        **SECRETS,
        **{name: str(value) for name, value in settings.items() if value is not None},
    }
    for name in [name for name, value in settings.items() if value is None]:
        environment.pop(name)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", limited(files) + SERVE],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
        )
    return Running(port, folder, process)


def limited(files: int | None) -> str:
    """Python that lets itself open *files* at most."""
    if files is None:
        return ""
    return f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({files}, {files})); "


async def listens(door: Running) -> bool:
    """Whether *door* accepts connections."""
    assert door.process.poll() is None, door.log()
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", door.port)
    except OSError:
        return False
    writer.close()
    return True


@asynccontextmanager
async def serving(
    folder: Path, *, files: int | None = None, **settings: object
) -> AsyncIterator[Running]:
    """A door that listens; ended with the ``with``."""
    door = started(folder, files=files, **settings)
    try:
        await until(lambda: listens(door))
        yield door
    finally:
        end(door)


@contextmanager
def served(folder: Path, **settings: object) -> Iterator[Running]:
    """The same where nothing is awaited."""
    door = started(folder, **settings)
    try:
        asyncio.run(until(lambda: listens(door)))
        yield door
    finally:
        end(door)


def end(door: Running) -> None:
    if door.process.poll() is None:
        door.process.terminate()
        try:
            door.process.wait(15)
        except subprocess.TimeoutExpired:
            door.kill()


def set_aside(folder: Path) -> list[Quarantined]:
    """Every delivery in the quarantine in *folder*, oldest first."""
    return [quarantined(one.record) for one in shelved(folder)]
