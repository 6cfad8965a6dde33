"""What every test may lean on: a real engine, and where the payloads are."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client
from waiting import engine_answers, free_port
from xdist.scheduler import LoadFileScheduling

from starter import attributes, engine
from starter.claim_check import data_converter

ROOT = Path(__file__).parents[1]
FIELD_PAYLOADS = ROOT.parent / "shared" / "payloads"
OWN_PAYLOADS = ROOT / "sandbox" / "payloads"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--size", choices=["S", "L"], default="S", help="how long scenarios run")


@pytest.fixture(scope="session")
def size(request: pytest.FixtureRequest) -> str:
    """S runs with the tests, L on demand."""
    chosen: str = request.config.getoption("--size")
    return chosen


@pytest.fixture(scope="session")
def engine_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Temporal server of this test run, search attributes made."""
    folder = tmp_path_factory.mktemp("engine")
    port = free_port()
    command = engine.command(folder / "temporal.db", port=port, ui_port=free_port())
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        asyncio.run(prepare(f"127.0.0.1:{port}"))
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


async def prepare(address: str) -> None:
    await engine_answers(address)
    await attributes.ensure(await Client.connect(address))
    await asyncio.sleep(0.1)


@pytest.fixture
async def temporal(engine_address: str, tmp_path: Path) -> Client:
    """A client of the test run's engine, with a claim check of its own."""
    converter = data_converter(tmp_path / "blobs", 128 * 1024)
    return await Client.connect(engine_address, data_converter=converter)


class ByFile(LoadFileScheduling):
    """
    Has the tests of a file run in one process, and those under fire, of any file, in one as well.

    What is under fire takes the machine, and would be noise in the times of another.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = Path(super()._split_scope(nodeid))
        is_under_fire = file.parts[:2] == ("tests", "chaos") or file.name.startswith("test_agents")
        return "fire" if is_under_fire else str(file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """How tests are handed to several processes."""
    return ByFile(config, log)
