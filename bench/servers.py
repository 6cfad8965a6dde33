"""
Which server and event loop the door runs on: ``python -m bench.servers``.

Each candidate serves a bare FastAPI + HMAC + JSON route, and then the door itself with its
spool, to the same load: kept connections, 32 and 256 of them, and bursts of 256 new ones.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

KEY = "bench"
BODY_BYTES = 11_600
CANDIDATES = ("uvicorn/asyncio", "uvicorn/uvloop", "granian/asyncio", "granian/uvloop")
SERVED = ("bare", "door")

BARE = """
import hashlib, hmac, orjson
from fastapi import FastAPI, Request
app = FastAPI()
@app.post("/github/events", status_code=202)
async def receive(request: Request) -> dict[str, str]:
    body = await request.body()
    signed = "sha256=" + hmac.new(b"bench", body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(signed, request.headers["x-hub-signature-256"])
    orjson.loads(body)
    return {"status": "accepted"}
"""


def requests(count: int, port: int) -> list[bytes]:
    """*count* signed deliveries, no two alike."""
    base = os.urandom(4).hex()
    made = []
    for n in range(count):
        issue = {"number": n, "body": "x" * (BODY_BYTES - 120)}
        body = json.dumps(
            {
                "action": "opened",
                "issue": issue,
                "repository": {"full_name": "octo/hello"},
                "n": base,
            }
        ).encode()
        signature = hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()
        head = (
            f"POST /github/events HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n"
            f"user-agent: GitHub-Hookshot/1\r\naccept: */*\r\ncontent-type: application/json\r\n"
            f"x-github-event: issues\r\nx-github-delivery: {base}-{n}\r\n"
            f"x-github-hook-id: 1\r\nx-github-hook-installation-target-id: 1\r\n"
            f"x-hub-signature-256: sha256={signature}\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


class Line(asyncio.Protocol):
    """One connection that asks one thing at a time."""

    def __init__(self) -> None:
        self.answered: asyncio.Future[bytes] | None = None
        self.data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data
        head, found, rest = self.data.partition(b"\r\n\r\n")
        if not found or self.answered is None:
            return
        lower = head.lower()
        at = lower.find(b"content-length: ")
        length = int(lower[at + 16 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(rest) >= length:
            self.data = b""
            self.answered.set_result(head[9:12])

    def connection_lost(self, error: Exception | None) -> None:
        if self.answered is not None and not self.answered.done():
            self.answered.set_exception(error or ConnectionError("closed"))

    async def ask(self, request: bytes) -> bytes:
        self.answered = asyncio.get_running_loop().create_future()
        self.transport.write(request)  # type: ignore[attr-defined]
        return await self.answered


async def steady(port: int, connections: int, count: int) -> tuple[float, list[float]]:
    """Answers a second on kept connections, and how long each took, seconds."""
    loop = asyncio.get_running_loop()
    work = iter(requests(count, port))
    took: list[float] = []

    async def one() -> None:
        _, line = await loop.create_connection(Line, "127.0.0.1", port)
        for request in work:
            began = time.perf_counter()
            status = await line.ask(request)
            took.append(time.perf_counter() - began)
            if status != b"202":
                raise RuntimeError(f"answered {status!r}")
        line.transport.close()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    return len(took) / (time.perf_counter() - began), took


async def burst(port: int, connections: int) -> list[float]:
    """How long each of *connections* new connections at once takes to its answer, seconds."""
    loop = asyncio.get_running_loop()
    work = requests(connections, port)

    async def one(request: bytes) -> float:
        began = time.perf_counter()
        _, line = await loop.create_connection(Line, "127.0.0.1", port)
        await line.ask(request)
        line.transport.close()
        return time.perf_counter() - began

    return list(await asyncio.gather(*(one(request) for request in work)))


def at(values: list[float], share: float) -> float:
    """The value below which *share* of *values* lie, milliseconds."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] * 1000


def cpu_s(process: psutil.Process) -> float:
    """Processor time that *process* and its children have used, seconds."""
    used = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(one.user + one.system for one in used)


async def load(port: int, count: int, server: psutil.Process) -> dict[str, float]:
    """Everything measured at one server."""
    await steady(port, 8, 200)
    said: dict[str, float] = {}
    for connections in (1, 32, 256):
        before = cpu_s(server)
        rate, took = await steady(port, connections, count if connections > 1 else count // 4)
        said[f"rps_{connections}"] = rate
        said[f"cpu_ms_{connections}"] = (cpu_s(server) - before) / len(took) * 1000
        said[f"p95_{connections}"] = at(took, 0.95)
        said[f"p99_{connections}"] = at(took, 0.99)
    bursts = [one for _ in range(4) for one in await burst(port, 256)]
    said["burst_p50"], said["burst_p99"] = at(bursts, 0.5), at(bursts, 0.99)
    return said


def command(candidate: str, served: str, port: int, folder: Path) -> list[str]:
    """How the *candidate* is made to serve."""
    server, loop = candidate.split("/")
    if served == "bare":
        (folder / "bare.py").write_text(BARE)
        if server == "granian":
            return [
                sys.executable,
                "-m",
                "granian",
                "--interface",
                "asgi",
                "--loop",
                loop,
                "--port",
                str(port),
                "--no-ws",
                "--log-level",
                "error",
                "--backlog",
                "4096",
                "bare:app",
            ]
        return [
            sys.executable,
            "-m",
            "uvicorn",
            "--loop",
            loop,
            "--http",
            "httptools",
            "--port",
            str(port),
            "--no-access-log",
            "--log-level",
            "error",
            "--ws",
            "none",
            "--backlog",
            "4096",
            "bare:app",
        ]
    return [sys.executable, "-m", "bench.servers", "--serve", loop, "--port", str(port)]


def serve_door(loop: str) -> None:
    """Serve the door on *loop*, with the settings of the environment."""
    import uvloop

    from starter import serve
    from starter.logs import log_to_stderr
    from starter.settings import load as settings
    from workflows import registry

    wanted = settings()
    log_to_stderr()
    registry.load(wanted.reactions)
    factory = uvloop.new_event_loop if loop == "uvloop" else None
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(serve.run(wanted))


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return once *port* answers."""
    import socket

    for _ in range(400):
        if process.poll() is not None:
            raise RuntimeError("the server did not start")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("the server does not listen")


def measure(candidate: str, served: str, count: int) -> dict[str, float]:
    """One candidate, one application: a process of its own, loaded from this one."""
    import socket

    with tempfile.TemporaryDirectory(dir=".") as name, socket.socket() as probe:
        folder = Path(name)
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        environment = os.environ | {
            "GITHUB_WEBHOOK_SECRET": KEY,
            "PORT": str(port),
            "CONTEXTEN_VAR": str(folder / "var"),
            "PYTHONPATH": f"{folder}:.",
        }
        process = subprocess.Popen(command(candidate, served, port, folder), env=environment)
        try:
            wait_for(port, process)
            said = asyncio.run(load(port, count, psutil.Process(process.pid)))
        finally:
            process.terminate()
            process.wait(15)
    return said


def main() -> None:
    """Measure every candidate, in turns, and print a table of medians."""
    parser = argparse.ArgumentParser(prog="python -m bench.servers", description=__doc__)
    parser.add_argument("--serve", help="serve the door on this loop, and measure nothing")
    parser.add_argument("--port", help="where to serve it")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=3000, help="requests a measurement")
    wanted = parser.parse_args()
    if wanted.serve:
        serve_door(wanted.serve)
        return
    seen: dict[tuple[str, str], list[dict[str, float]]] = {}
    for _ in range(wanted.rounds):
        for candidate in CANDIDATES:
            for served in SERVED:
                if served == "door" and candidate.startswith("granian"):
                    continue
                seen.setdefault((candidate, served), []).append(
                    measure(candidate, served, wanted.count)
                )
    for (candidate, served), found in seen.items():
        row = {key: statistics.median(one[key] for one in found) for key in found[0]}
        print(f"{candidate:16} {served:5}", "  ".join(f"{k} {v:.2f}" for k, v in row.items()))


if __name__ == "__main__":
    main()
