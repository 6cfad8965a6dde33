"""Two that begin at the same moment do not take one for the other's."""

import asyncio
from pathlib import Path

from shell import Shell, Up


async def test_two_that_begin_at_once_have_ports_of_their_own(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    begun = [Up(Shell(folder)) for folder in folders]
    try:
        await asyncio.gather(*(one.ready() for one in begun))
        first, second = (one.running for one in begun)
    finally:
        await asyncio.gather(*(one.stopped() for one in begun if one.process.poll() is None))

    assert first.sandbox != second.sandbox
    assert first.engine != second.engine
    assert first.ui != second.ui
