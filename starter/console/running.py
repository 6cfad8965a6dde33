"""
What ``contexten up`` leaves for the other commands: where everything is, in ``var/run.json``.

The file is readable by its owner alone, for it holds the webhook secrets that were made up
for the sandbox. It goes when ``up`` ends; one that was left behind is known by its process.
"""

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson

NAME = "run.json"


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
    """

    pid: int
    door: str
    engine: str
    ui: str | None = None
    sandbox: str | None = None
    secrets: dict[str, str] = field(default_factory=dict)

    def write(self, var: Path) -> None:
        """Keep it in the folder *var*."""
        var.mkdir(parents=True, exist_ok=True)
        path = var / NAME
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2))


def read(var: Path) -> Running | None:
    """What runs out of the folder *var*; None if nothing does."""
    try:
        found = Running(**orjson.loads((var / NAME).read_bytes()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return found if alive(found.pid) else None


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
