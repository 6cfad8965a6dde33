"""How far the engine has taken the spool."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

NAME = "cursor.json"


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """
    Everything before this place has been taken.

    Attributes:
        segment: The number of a spool file; 0 before the first.
        offset: Bytes from its start.
    """

    segment: int = 0
    offset: int = 0

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The cursor kept in *folder*; the very beginning if there is no sound one."""
        try:
            kept = json.loads((folder / NAME).read_bytes())
            return cls(int(kept["segment"]), int(kept["offset"]))
        except (OSError, ValueError, KeyError, TypeError):
            return cls()

    def write(self, folder: Path) -> None:
        """Keep the cursor in *folder*, in one step: a reader sees the old one or this one."""
        fresh = folder / f"{NAME}.new"
        fresh.write_text(json.dumps(asdict(self)))
        os.replace(fresh, folder / NAME)
