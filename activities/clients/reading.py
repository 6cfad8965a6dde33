"""The tools that look at files and folders: view_file and list_directory."""

import os
import stat

from activities.clients.places import FOLDER, Places
from activities.clients.texts import text_file
from contexten.guards import why_not_read
from contexten.tool_text import Done, Refused
from contexten.tools import ListDirectory, ViewFile

MOST_LINES = 400
MOST_CHARACTERS = 40_000
LONGEST_LINE = 1_000
MOST_ENTRIES = 500
DEEPEST = 8


def view_file(places: Places, asked: ViewFile) -> Done:
    """The lines of a file, numbered."""
    file = text_file(places, places.to_read(asked.path))
    lines = file.text.split("\n")
    if lines[-1] == "":
        lines.pop()
    if not lines:
        return Done(f"{file.path} is empty")
    first, last = max(asked.first_line, 1), min(asked.last_line or len(lines), len(lines))
    if first > last:
        raise Refused(f"{file.path} has lines 1 to {len(lines)}, not {first} to {asked.last_line}")
    shown = [f"{number:>6}  {shortened(lines[number - 1])}" for number in range(first, last + 1)]
    shown = fitting(shown)
    heading = f"{file.path}, lines {first} to {first + len(shown) - 1} of {len(lines)}"
    if file.encoding != "utf-8":
        heading += f", {file.encoding}"
    if file.windows:
        heading += ", lines end with CR LF"
    return Done("\n".join([heading, *shown]))


def shortened(line: str) -> str:
    """*line*, or its beginning."""
    if len(line) <= LONGEST_LINE:
        return line
    return f"{line[:LONGEST_LINE]}[… {len(line) - LONGEST_LINE} more characters]"


def fitting(lines: list[str]) -> list[str]:
    """As many of *lines*, from the first, as may be shown at once; at least one."""
    kept, room = list[str](), MOST_CHARACTERS
    for line in lines[:MOST_LINES]:
        room -= len(line) + 1
        if kept and room < 0:
            break
        kept.append(line)
    return kept


def list_directory(places: Places, asked: ListDirectory) -> Done:
    """What is in a folder, and in the folders in it."""
    path = places.to_read(asked.path)
    depth = min(max(asked.depth, 1), DEEPEST)
    found = list[str]()
    with places.folder(path) as handle:
        listed(handle, "" if path == "." else f"{path}/", depth, found)
    if not found:
        return Done(f"{path} is empty")
    if len(found) > MOST_ENTRIES:
        found[MOST_ENTRIES:] = ["[… there are more: list a folder in it, or less deep …]"]
    return Done("\n".join(found))


def listed(folder: int, prefix: str, depth: int, found: list[str]) -> None:
    """Add what is in *folder* to *found*, down to *depth* more folders."""
    with os.scandir(folder) as entries:
        names = sorted(one.name for one in entries)
    for name in names:
        path = prefix + name
        if len(found) > MOST_ENTRIES:
            return
        if why_not_read(path) and ".git" in name.casefold():
            continue
        try:
            about = os.stat(name, dir_fd=folder, follow_symlinks=False)
            found.append(path + marked(name, folder, about))
            if stat.S_ISDIR(about.st_mode) and depth > 1:
                inside(name, folder, f"{path}/", depth - 1, found)
        except OSError:
            found.append(f"{path} (gone meanwhile)")


def inside(name: str, folder: int, prefix: str, depth: int, found: list[str]) -> None:
    """Add what is in the folder *name* within *folder* to *found*."""
    handle = os.open(name, FOLDER, dir_fd=folder)
    try:
        listed(handle, prefix, depth, found)
    finally:
        os.close(handle)


def marked(name: str, folder: int, about: os.stat_result) -> str:
    """What is said of an entry besides its path."""
    if stat.S_ISDIR(about.st_mode):
        return "/"
    if stat.S_ISLNK(about.st_mode):
        return f" -> {os.readlink(name, dir_fd=folder)[:200]}"
    return f" ({about.st_size} bytes)" if stat.S_ISREG(about.st_mode) else " (no ordinary file)"
