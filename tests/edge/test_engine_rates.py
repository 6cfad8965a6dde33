"""A rate that was written without the writer's knowing stops no later one for long."""

import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from temporalio.client import Client
from waiting import engine_answers, free_port, until

from activities.clients.queue_control import QueueControl
from contexten.errors import TransientError
from starter import engine

QUEUE = "github"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of an engine of this test's own, whose database is in *tmp_path*."""
    port = free_port()
    command = engine.command(tmp_path / "temporal.db", port=port, ui_port=free_port())
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    yield f"127.0.0.1:{port}"
    server.terminate()
    server.wait(10)


def written_unheard(database: Path) -> None:
    """Write as a server does that dies between its write and hearing of it."""
    with closing(sqlite3.connect(database, timeout=10)) as file, file:
        found = file.execute(
            "UPDATE task_queue_user_data SET version = version + 1 WHERE task_queue_name = ?",
            (QUEUE,),
        )
        assert found.rowcount == 1


async def taken(control: QueueControl, rps: float) -> bool:
    """Whether the engine takes a rate now."""
    try:
        await control.set_rate(QUEUE, rps, "a test")
    except TransientError:
        return False
    return True


async def test_a_write_nobody_heard_of_stops_no_later_rate_for_long(
    served: str, tmp_path: Path
) -> None:
    await engine_answers(served)
    control = QueueControl(await Client.connect(served))
    await control.set_rate(QUEUE, 1.0, "a test")

    # The server reads again by itself only once, soon after it began with a queue.
    for rps in (2.0, 3.0):
        written_unheard(tmp_path / "temporal.db")
        assert not await taken(control, rps)
        await until(lambda rps=rps: taken(control, rps), every_s=0.5)  # type: ignore[misc]
