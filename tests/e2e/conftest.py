"""A shell to type in, and everything up in it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from shell import Shell, Up


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
async def up(shell: Shell) -> AsyncIterator[Up]:
    """Everything, up, with the sandbox in place of the platforms."""
    begun = Up(shell)
    try:
        await begun.ready()
        yield begun
    finally:
        if begun.process.poll() is None:
            await begun.stopped()
