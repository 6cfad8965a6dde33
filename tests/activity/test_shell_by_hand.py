"""A command is run by hand as an agent's is, to see whether any can be."""

from pathlib import Path

import pytest

from activities.clients.shell import OFF, Shell
from starter.console import shell

WALLS = Shell("bubblewrap").complaint()


async def test_says_why_no_command_can_be_run() -> None:
    assert await shell.complaint("off") == OFF
    assert await shell.complaint("bubblewrap") == WALLS
    assert await shell.ran("off", Path("/"), "true") == (False, OFF)


@pytest.mark.skipif(WALLS is not None, reason=str(WALLS))
async def test_runs_a_command_behind_the_same_walls(tmp_path: Path) -> None:
    (tmp_path / "seen").write_text("written")

    well = await shell.ran("bubblewrap", tmp_path, "pwd; cat seen; ls /home")
    badly = await shell.ran("bubblewrap", tmp_path, "exit 3")

    assert well[1].startswith("/repo\nwritten")
    assert not badly[0]
    assert "exit status 3" in badly[1]
