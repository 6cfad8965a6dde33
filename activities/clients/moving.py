"""
The tool that moves a function or class of Python's to another file.

    the definition ─▶ what it needs ─▶ the target with both ─▶ who imports it ─▶ no circle

What cannot be done without a doubt is refused, and nothing is changed.
"""

import ast
import re
from dataclasses import replace

from activities.clients.places import Places
from activities.clients.python_circles import new_circle
from activities.clients.python_edits import mended, source_text, target_text
from activities.clients.python_files import (
    DEFINITIONS,
    Definition,
    PythonFile,
    bound,
    names_in,
    parsed,
    python_file,
)
from activities.clients.python_modules import Imported, Names, package_root, parts_of
from activities.clients.python_moves import Move, needs
from activities.clients.redo import Plan
from activities.clients.symbols import naming
from activities.clients.texts import TextFile
from contexten.tool_text import Refused
from contexten.tools import MoveSymbol

MOST_IMPORTERS = 300


def move_symbol(places: Places, asked: MoveSymbol) -> Plan:
    """A top-level function or class, in another file, with every import of it mended."""
    path, to = places.to_write(asked.path), places.to_write(asked.to)
    if path == to:
        raise Refused(f"{asked.name} is in {path} already")
    for one in (path, to):
        parts_of(one)
        if places.kind(f"{one}i") is not None:
            raise Refused(f"{one}i describes {one}: move it by hand, in both")
    source, target = python_file(places, path), target_file(places, to)
    node = definition(source, asked.name)
    files = importers(places, node.name, (path, to))
    move = Move(node, source, target, names_of(places, source, to, [*files, target]))
    check_texts(places, move)
    imports = needs(move)
    texts = {one.path: text for one in files if (text := mended(one, move)) is not None}
    for one in texts:
        places.to_write(one)
    changed = [one for one in files if one.path in texts]
    texts |= {path: source_text(move), to: target_text(move, imports)}
    read = {p: parsed(TextFile(p, text)) for p, text in texts.items()}
    if circle := new_circle(places, move, read):
        raise Refused(f"{to} would import {circle}, and {circle} imports {to}: a circle")
    plan = {one.path: one.file.with_text(texts[one.path]) for one in [source, target, *changed]}
    return Plan(told(move, imports, [one.path for one in changed]), dict(plan))


def importers(places: Places, name: str, but: tuple[str, ...]) -> list[PythonFile]:
    """
    The files of Python's that have the word *name*.

    Raises:
        Refused: If there are too many, or one cannot be read.
    """
    if not name.isascii():
        raise Refused(f"{name} can be written in several ways: move it by hand")
    paths = [one for one in naming(places, name) if one.endswith((".py", ".pyi"))]
    paths = [one for one in paths if one not in but]
    if len(paths) > MOST_IMPORTERS:
        raise Refused(f"{name} stands in {len(paths)} files, too many to look at")
    return [python_file(places, one) for one in paths]


def told(move: Move, imports: list[Imported], changed: list[str]) -> str:
    """What the model is told once it is done."""
    lines = [f"{move.name} is in {move.target.path} now, no more in {move.source.path}."]
    if imports:
        lines.append(f"Imported there: {'; '.join(one.line() for one in imports)}.")
    lines += [f"Import changed: {path}" for path in changed]
    if move.node.decorator_list:
        lines.append("It has decorators: see that its new file is imported where they matter.")
    lines.append(f"Imports that {move.source.path} may no longer need were left; run the tests.")
    return "\n".join(lines)


def definition(source: PythonFile, name: str) -> Definition:
    """The only definition of *name* in *source*."""
    found = bound(source.tree).get(name, [])
    if not found:
        raise Refused(f"{source.path} defines no {name[:200]!r} at its top level")
    node = found[0]
    if len(found) > 1:
        lines = ", ".join(str(getattr(one, "lineno", "?")) for one in found[:10])
        raise Refused(f"{name} is bound more than once in {source.path}: lines {lines}")
    if not isinstance(node, DEFINITIONS):
        raise Refused(f"{name} is no function or class that {source.path} defines")
    if node not in source.tree.body:
        raise Refused(f"{name} is defined under a condition in {source.path}")
    if name in exported(source.tree):
        raise Refused(f"{name} is in __all__ of {source.path}: take it out of there first")
    if any(isinstance(one, DEFINITIONS) and one.name == "__getattr__" for one in source.tree.body):
        raise Refused(f"{source.path} has a __getattr__ of its own: move it by hand")
    return node


def exported(tree: ast.Module) -> set[object]:
    """Everything that is written where ``__all__`` is set or changed."""
    return {
        inner.value
        for one in tree.body
        if "__all__" in names_in([one])
        for inner in ast.walk(one)
        if isinstance(inner, ast.Constant)
    }


def target_file(places: Places, to: str) -> PythonFile:
    """The file *to*, which may be new."""
    there = places.kind(to)
    if there is None:
        return parsed(TextFile(to, ""))
    if there != "file":
        raise Refused(f"{to} is no file")
    found = python_file(places, to)
    text = found.file.text
    if not text or text.endswith("\n"):
        return found
    return parsed(replace(found.file, text=f"{text}\n"))


def names_of(places: Places, source: PythonFile, to: str, files: list[PythonFile]) -> Names:
    """By what names *source* and *to* are imported."""
    parts = parts_of(source.path)
    root, sure = package_root(places, source.path)
    roots = {root} if sure else seen_roots(parts, files)
    if len(roots) > 1:
        raise Refused(f"{source.path} is imported by more than one name: move by hand")
    relative = [
        node for one in (source, *files) for node in ast.walk(one.tree) if is_relative(node)
    ]
    if not roots or (relative and not sure):
        raise Refused(f"it is not clear by what name {source.path} is imported: move by hand")
    names = Names(roots.pop())
    names.of(to)
    folder = to.rpartition("/")[0]
    within = tuple(folder.split("/")) if folder else ()
    package = package_root(places, to)[0]
    if sure and root != parts[:-1] and within != root and package == within:
        raise Refused(f"{folder} is no package: create {folder}/__init__.py first")
    return names


def is_relative(node: ast.AST) -> bool:
    """Whether *node* is an import by a name that begins with a dot."""
    return isinstance(node, ast.ImportFrom) and node.level > 0


def seen_roots(parts: tuple[str, ...], files: list[PythonFile]) -> set[tuple[str, ...]]:
    """Where the names begin by which *files* import the module at *parts*."""
    written = {
        node.module or ""
        for one in files
        for node in ast.walk(one.tree)
        if isinstance(node, ast.ImportFrom) and not node.level
    }
    return {parts[:at] for at in range(len(parts)) if ".".join(parts[at:]) in written}


def check_texts(places: Places, move: Move) -> None:
    """See that nobody names it by a text, or as an attribute of its module."""
    module = move.names.of(move.source.path)
    pattern = re.compile(rf"\b{re.escape(module)}(\.|:){re.escape(move.name)}\b")
    for path in naming(places, move.name):
        try:
            text = places.read(path)[0].decode(errors="replace")
        except Refused:
            continue
        if found := pattern.search(text):
            line = text[: found.start()].count("\n") + 1
            raise Refused(f"{path}:{line} has {found[0]}: change that to the new place by hand")
