"""Which files of a working copy a command does not get to see: those that hold passwords."""

import os
from pathlib import Path

from contexten.guards import is_hidden
from contexten.tool_text import Refused

MOST = 200


def passwords_in(root: Path) -> list[str]:
    """
    The files below *root* that hold passwords, relative to it; no links.

    Raises:
        Refused: If there are more than can be hidden.
    """
    found: list[str] = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name != ".git"]
        paths = (Path(folder, name) for name in files)
        inside = ((path, str(path.relative_to(root))) for path in paths)
        found += [name for path, name in inside if is_hidden(name) and not path.is_symlink()]
        if len(found) > MOST:
            raise Refused(f"more than {MOST} files here hold passwords: they cannot be hidden")
    return found
