"""Engines that are set otherwise than the one that all tests share."""

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from temporalio.client import Client
from waiting import engine_answers, free_port

from starter import attributes, engine


@asynccontextmanager
async def engine_with(folder: Path, **settings: str) -> AsyncIterator[Client]:
    """A client of an engine with dynamic *settings*, of which a name has ``__`` for its dots."""
    port = free_port()
    line = engine.command(folder / "other.db", port=port, ui_port=free_port())
    for name, value in settings.items():
        line += ["--dynamic-config-value", f"{name.replace('__', '.')}={value}"]
    with (folder / "other.log").open("wb") as log:
        server = subprocess.Popen(line, stdout=log, stderr=log)
    try:
        await engine_answers(f"127.0.0.1:{port}")
        client = await Client.connect(f"127.0.0.1:{port}")
        await attributes.ensure(client)
        yield client
    finally:
        server.terminate()
        server.wait(10)
