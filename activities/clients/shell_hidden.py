"""
Which files of a working copy a command does not get to see: those that came with passwords.

What a command itself wrote under such a name it may see, and remove: only what was there when
the copy was made is hidden. That is known by inode, which no renamed folder changes.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from contexten.guards import is_hidden
from contexten.tool_text import Refused

MOST = 200


def note_passwords(root: Path) -> None:
    """Write down, beside the copy *root*, which of its files came with passwords."""
    inodes = [os.lstat(root / name).st_ino for name in of_passwords(root)]
    part = root.with_name(f"{root.name}.passwords.new")
    part.write_text(json.dumps(inodes))
    part.replace(noted(root))


def passwords_in(root: Path) -> list[str]:
    """
    The files below *root* to be hidden, relative to it; every one if none were noted.

    Raises:
        Refused: If there are more than can be hidden.
    """
    found = list(of_passwords(root))
    if noted(root).exists():
        came = set(json.loads(noted(root).read_text()))
        found = [name for name in found if os.lstat(root / name).st_ino in came]
    if len(found) > MOST:
        raise Refused(f"more than {MOST} files here hold passwords: they cannot be hidden")
    return found


def of_passwords(root: Path) -> Iterator[str]:
    """The files below *root* that are called as if they held passwords; no links."""
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name != ".git"]
        for name in files:
            path = Path(folder, name)
            inside = str(path.relative_to(root))
            if is_hidden(inside) and not path.is_symlink():
                yield inside


def noted(root: Path) -> Path:
    """Where it is written down."""
    return root.with_name(f"{root.name}.passwords")
