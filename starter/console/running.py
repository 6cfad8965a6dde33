"""
What ``contexten up`` leaves for the other commands: where everything is, in ``var/run.json``.

The file is readable by its owner alone, for it holds the webhook secrets that were made up
for the sandbox. It goes when ``up`` ends; one that was left behind is known by its process.

Besides, ``up`` holds a lock on the folder, which each of its parts inherits: as long as any of
them lives, whoever started it, no other may use the folder.
"""

import fcntl
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson

from starter.console.complaint import Complaint

NAME = "run.json"
LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Running:
    """
    What runs on this machine.

    Attributes:
        pid: The process that keeps it running.
        door: Address of the door.
        engine: ``host:port`` of the engine.
        ui: Address of Temporal's Web UI; None if the engine is not ours.
        sandbox: Address of the sandbox; None if the platforms are the real ones.
        secrets: What deliveries are signed with, by platform; only those of the sandbox.
        parts: The process of each part, by name.
    """

    pid: int
    door: str
    engine: str
    ui: str | None = None
    sandbox: str | None = None
    secrets: dict[str, str] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)

    def write(self, var: Path) -> None:
        """Keep it in the folder *var*."""
        var.mkdir(parents=True, exist_ok=True)
        path = var / NAME
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2))


def read(var: Path) -> Running | None:
    """What runs out of the folder *var*; None if nothing does."""
    found = left(var)
    return found if found and alive(found.pid) else None


def left(var: Path) -> Running | None:
    """What the last one wrote into the folder *var* and did not remove; None if nothing."""
    try:
        return Running(**orjson.loads((var / NAME).read_bytes()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def held(var: Path) -> int:
    """
    The folder *var*, locked, as a file descriptor that parts inherit.

    Raises:
        Complaint: If another holds it, or its parts still do.
    """
    var.mkdir(parents=True, exist_ok=True)
    lock = os.open(var / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise Complaint(f"{var} is in use: {holders(var)}") from None
    return lock


def holders(var: Path) -> str:
    """Who holds the folder *var*, and what to do about it."""
    found = left(var)
    if found is None:
        return f"`fuser {var / LOCK}` names the processes. Set CONTEXTEN_VAR to another folder."
    if alive(found.pid):
        return (
            f"Contexten runs already (process {found.pid}, {found.door}). "
            "Stop it, or set CONTEXTEN_VAR to another folder."
        )
    parts = {name: pid for name, pid in found.parts.items() if alive(pid)}
    named = ", ".join(f"{name} {pid}" for name, pid in parts.items())
    pids = " ".join(map(str, parts.values()))
    return (
        f"an earlier `contexten up` was killed and its parts still run ({named}). "
        f"End them: kill {pids}"
    )


def remove(var: Path) -> None:
    """Nothing runs out of the folder *var* any more."""
    (var / NAME).unlink(missing_ok=True)


def alive(pid: int) -> bool:
    """Whether there is a process *pid*."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
