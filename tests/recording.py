"""Histories as they are recorded: on an engine of their own, and what is left out of them."""

import json
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHandle
from waiting import engine_answers, free_port

from starter import attributes, engine

HISTORIES = Path(__file__).parent / "replay" / "histories"
LEFT_OUT = {"stackTrace", "identity"}
STICKY = "TASK_QUEUE_KIND_STICKY"


def impersonal(recorded: Any) -> Any:
    """*recorded* without what tells of the machine it ran on, and no replay reads."""
    if isinstance(recorded, list):
        return [impersonal(one) for one in recorded]
    if not isinstance(recorded, dict):
        return recorded
    kept = {k: impersonal(v) for k, v in recorded.items() if k not in LEFT_OUT}
    return kept | {"name": "sticky"} if kept.get("kind") == STICKY else kept


async def keep(run: WorkflowHandle[Any, Any], name: str) -> None:
    """Write down what has happened in *run*, as *name*."""
    history = await run.fetch_history()
    kept = json.dumps(impersonal(json.loads(history.to_json())))
    (HISTORIES / f"{name}.json").write_text(kept)
    print(f"{name}: {len(history.events)} events, {len(kept) // 1024} kB")


@asynccontextmanager
async def fresh_engine() -> AsyncIterator[Client]:
    """A client of an engine on which nothing has happened yet."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        line = engine.command(Path(folder) / "temporal.db", port=port, ui_port=free_port())
        server = subprocess.Popen(line)
        try:
            await engine_answers(f"127.0.0.1:{port}")
            client = await Client.connect(f"127.0.0.1:{port}")
            await attributes.ensure(client)
            yield client
        finally:
            server.terminate()
            server.wait(10)
