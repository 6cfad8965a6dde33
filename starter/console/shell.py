"""Commands of agents, tried here: whether they can be run, and what one comes to."""

import asyncio
import sys
from pathlib import Path

MODULE = "activities.clients.shell"


async def complaint(how: str) -> str | None:
    """Why no command can be run on this machine with AGENT_SHELL=*how*; None if one can."""
    ok, said = await asked(how)
    return None if ok else said


async def ran(how: str, folder: Path, command: str) -> tuple[bool, str]:
    """Whether *command* went well in *folder*, run as an agent's is, and what it printed."""
    return await asked(how, str(folder), command)


async def asked(*words: str) -> tuple[bool, str]:
    """What a process of its own says, which has no more of our code than it needs for it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", MODULE, *words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode == 0, said.decode(errors="replace").strip()
