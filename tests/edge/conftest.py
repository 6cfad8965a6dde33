"""Doors for the tests of the edge."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from doors import Running, served, serving


@pytest.fixture(scope="module")
def shared_door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One door for all tests of a module; they use delivery ids of their own."""
    with served(tmp_path_factory.mktemp("door")) as running:
        yield running


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Running]:
    """A door with an empty spool."""
    async with serving(tmp_path) as running:
        yield running
