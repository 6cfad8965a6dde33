"""A definition of Python's that is to be moved: what it needs, and whether there is room for it."""

import ast
import builtins
from dataclasses import dataclass

from activities.clients.python_files import IMPORTS, Definition, PythonFile, bound, names_in, needed
from activities.clients.python_modules import OUTSIDE, Imported, Names
from contexten.tool_text import Refused

Bound = dict[str, list[ast.AST]]


@dataclass(frozen=True, slots=True)
class Move:
    """
    What is moved.

    Attributes:
        node: The definition.
        source: The file it is in.
        target: The file it is to be in; empty if that is new.
        names: By what names files are imported.
    """

    node: Definition
    source: PythonFile
    target: PythonFile
    names: Names

    @property
    def name(self) -> str:
        """What it is called."""
        return self.node.name

    def is_source(self, node: ast.ImportFrom, path: str) -> bool:
        """Whether *node* imports from the file that it is in."""
        return self.names.absolute(node, path) == self.names.of(self.source.path)


def needs(move: Move) -> list[Imported]:
    """What the target has to import so that it works there."""
    there, here = bound(move.target.tree), bound(move.source.tree)
    check_taken(move, there)
    check_future(move)
    found = list[Imported]()
    for name in sorted(needed(move.source, move.node)):
        wanted = origin(move, name, here)
        if wanted is None:
            if name in there and name not in here:
                raise Refused(f"{name} means something else in {move.target.path}")
            continue
        found += missing(move, name, wanted, there)
    return found


def origin(move: Move, name: str, here: Bound) -> list[Imported] | None:
    """Where *name*, which it needs, is from; None if it is built in."""
    path = move.source.path
    binding = here.get(name, [])
    if not binding:
        names = [one for one in ast.walk(move.source.tree) if isinstance(one, ast.alias)]
        if any(one.name == "*" for one in names) and not hasattr(builtins, name):
            raise Refused(f"it is not clear where {name} is from: {path} imports everything")
        return None
    imports = [one for one in binding if isinstance(one, IMPORTS)]
    if imports:
        simple = all(one in move.source.tree.body for one in binding)
        if not simple or (len(binding) > 1 and not all(isinstance(b, ast.Import) for b in binding)):
            raise Refused(f"{move.name} needs {name}, which is imported under a condition")
        found = [one for node in imports for one in move.names.imported(node, name, path)]
        if any(one.module in ("", OUTSIDE) for one in found):
            raise Refused(f"{move.name} needs {name}, which is imported from outside")
        return found
    if len(binding) > 1:
        raise Refused(f"{move.name} needs {name}, which {path} binds more than once")
    return [Imported(move.names.of(path), name, name)]


def missing(move: Move, name: str, wanted: list[Imported], there: Bound) -> list[Imported]:
    """Those of *wanted* that the target has not, under *name*."""
    path = move.target.path
    own = move.names.of(path)
    if name not in there:
        if any(one.module == own for one in wanted):
            raise Refused(f"{move.name} needs {name} of {path}, which is not to be found there")
        used = names_in([move.target.tree])
        if hasattr(builtins, name) and name in used:
            raise Refused(f"{name} means something else in {path}")
        return wanted
    if any(one.module == own and one.name == name for one in wanted):
        return []
    has = [one for node in there[name] for one in move.names.imported(node, name, path)]
    simple = all(node in move.target.tree.body for node in there[name])
    if not has or not simple or {*has} - {*wanted}:
        raise Refused(f"{name} means something else in {path}, or is not always there")
    return [one for one in wanted if one not in has]


def check_future(move: Move) -> None:
    """See that the same version of the language is spoken in both files."""
    ours, theirs = futures(move.source.tree), futures(move.target.tree)
    if move.target.file.text.strip() and ours != theirs:
        raise Refused(f"{move.source.path} and {move.target.path} differ in 'from __future__'")


def futures(tree: ast.Module) -> set[str]:
    """What *tree* imports of the future."""
    nodes = [one for one in tree.body if isinstance(one, ast.ImportFrom)]
    return {one.name for node in nodes if node.module == "__future__" for one in node.names}


def check_taken(move: Move, there: Bound) -> None:
    """See that its name is free in the target, or imported there from where it was."""
    path = move.target.path
    for node in there.get(move.name, []):
        found = move.names.imported(node, move.name, path)
        ours = Imported(move.names.of(move.source.path), move.name, move.name)
        if found != [ours] or node not in move.target.tree.body:
            raise Refused(f"{move.name} is taken in {path}, line {getattr(node, 'lineno', '?')}")
    if move.name not in there and move.name in names_in([move.target.tree]):
        raise Refused(f"{path} uses another {move.name}, which it does not define")
