"""``contexten up`` as one runs it for real: settings in ``.env``, an engine elsewhere."""

import subprocess
from collections.abc import AsyncIterator

import pytest
from conftest import OWN_PAYLOADS
from pretend import Sandbox, sandbox
from shell import Shell, Up
from waiting import free_port, until

from starter import engine

__all__ = ["sandbox"]

LABELED = str(OWN_PAYLOADS / "github" / "issues.labeled.json")
KEYS = "GITHUB_WEBHOOK_SECRET=of-github\nLINEAR_WEBHOOK_SECRET=of-linear\n"


@pytest.fixture
async def up(shell: Shell, sandbox: Sandbox) -> AsyncIterator[Up]:
    """Everything but an engine, which is away; the platforms' addresses lead to the sandbox."""
    named: dict[str, str] = sandbox.arrange("/_environment", {}, method="GET")
    named["TEMPORAL_ADDRESS"] = f"127.0.0.1:{free_port()}"
    lines = "".join(f"{name}={value}\n" for name, value in named.items())
    (shell.folder / ".env").write_text(KEYS + lines)
    begun = Up(shell, "--no-sandbox")
    try:
        await begun.ready()
        yield begun
    finally:
        await begun.stopped()


async def test_an_engine_that_is_away_at_the_start_finds_what_was_taken_meanwhile(
    up: Up, sandbox: Sandbox
) -> None:
    shell, address = up.shell, up.running.engine

    taken = shell.run("deliver", LABELED)
    status = shell.run("status")
    line = engine.command(
        shell.folder / "elsewhere.db", port=int(address.rpartition(":")[2]), ui_port=free_port()
    )
    elsewhere = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        await until(lambda: effects(sandbox, 1), 60)
    finally:
        elsewhere.terminate()
        elsewhere.wait(10)

    assert f"worker waits for the engine at {address}" in shell.said()
    assert taken.status == 0, taken.text
    assert status.status == 1
    assert "door is ready" in shell.said()
    assert f"{address} does not answer" in status.text
    assert [effect["kind"] for effect in sandbox.effects()] == ["comment"]


async def effects(sandbox: Sandbox, many: int) -> bool:
    return len(sandbox.effects()) >= many
