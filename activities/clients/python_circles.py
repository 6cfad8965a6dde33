"""Whether files of Python's would import each other in a circle."""

import ast
from collections.abc import Mapping

from activities.clients.places import Places
from activities.clients.python_files import PythonFile, python_file
from activities.clients.python_moves import Move
from contexten.tool_text import Refused

MOST_READ = 500


def new_circle(places: Places, move: Move, changed: Mapping[str, PythonFile]) -> str | None:
    """
    A file that the target would import, and that would import it, though it is not so yet.

    Args:
        places: The files as they are.
        move: What is moved.
        changed: The files that are to be changed, as they are to be.

    Raises:
        Refused: If it takes too many files to say.
    """
    new = circles(places, move, changed) - circles(places, move, {})
    return min(new, default=None)


def circles(places: Places, move: Move, changed: Mapping[str, PythonFile]) -> set[str]:
    """The files that the target imports, by way of others or not, and that import it."""
    target = move.target.path
    found, left, seen = set[str](), [target], {target}
    while left:
        path = left.pop()
        tree = changed[path].tree if path in changed else tree_at(places, path)
        imports = {
            one
            for one in move.names.imports(tree, path)
            if one in changed or places.kind(one) == "file"
        }
        if target in imports:
            found.add(path)
        left += imports - seen
        seen |= imports
        if len(seen) > MOST_READ:
            raise Refused(f"{target} would import more than {MOST_READ} files: move it by hand")
    return found - {target}


def tree_at(places: Places, path: str) -> ast.Module:
    """What the file *path* says; nothing if it cannot be read."""
    try:
        return python_file(places, path).tree
    except Refused:
        return ast.Module([], [])
