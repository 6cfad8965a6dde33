"""Files of Python's, read without carrying anything of them out: what binds and needs a name."""

import ast
import symtable
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from activities.clients.places import Places
from activities.clients.texts import TextFile, text_file
from contexten.tool_text import Refused

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
IMPORTS = (ast.Import, ast.ImportFrom)
OF_THE_FILE = {"__file__", "__package__", "__path__", "__spec__", "globals", "vars", "eval", "exec"}
"""What means something else in another file."""


@dataclass(frozen=True, slots=True)
class PythonFile:
    """
    A file, and what it says.

    Attributes:
        file: The file as it is.
        tree: What it says.
    """

    file: TextFile
    tree: ast.Module

    @property
    def path(self) -> str:
        """Where it is."""
        return self.file.path

    @property
    def lines(self) -> list[str]:
        """Its lines."""
        return self.file.text.split("\n")

    def at(self, line: int, column: int) -> int:
        """Which character stands at *column*, counted in bytes, of *line*, counted from 1."""
        before = sum(len(one) + 1 for one in self.lines[: line - 1])
        return before + len(self.lines[line - 1].encode()[:column].decode(errors="replace"))


def python_file(places: Places, path: str) -> PythonFile:
    """
    The file of Python's at *path*.

    Raises:
        Refused: If it is none, or cannot be read.
    """
    return parsed(text_file(places, path))


def parsed(file: TextFile) -> PythonFile:
    """
    *file*, read as Python.

    Raises:
        Refused: If it cannot be.
    """
    if "\r" in file.text or "\f" in file.text:
        raise Refused(f"{file.path} has lines that end in more than one way: edit it by hand")
    try:
        return PythonFile(file, ast.parse(file.text))
    except SyntaxError as error:
        raise Refused(f"{file.path} is not well formed at line {error.lineno}") from None
    except (ValueError, RecursionError, MemoryError):
        raise Refused(f"{file.path} cannot be read as Python") from None


def of_module(nodes: Iterable[ast.AST], *, types_too: bool = True) -> Iterator[ast.AST]:
    """*nodes* and what is in them, but nothing in a function or class."""
    left = list(nodes)[::-1]
    while left:
        node = left.pop()
        yield node
        if isinstance(node, (*DEFINITIONS, ast.Lambda)):
            continue
        if isinstance(node, ast.If) and not types_too and is_for_types(node.test):
            continue
        left += list(ast.iter_child_nodes(node))[::-1]


def is_for_types(test: ast.expr) -> bool:
    """Whether what stands under *test* is never carried out, and only read for its types."""
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", None)
    return name == "TYPE_CHECKING"


def bound(tree: ast.Module) -> dict[str, list[ast.AST]]:
    """What binds each name of the module *tree*."""
    found = dict[str, list[ast.AST]]()
    for node in of_module(tree.body):
        for name in bound_by(node):
            found.setdefault(name, []).append(node)
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            for name in node.names:
                found.setdefault(name, []).append(node)
    return found


def bound_by(node: ast.AST) -> list[str]:
    """Which names *node* itself binds."""
    if isinstance(node, IMPORTS):
        return [(one.asname or one.name.partition(".")[0]) for one in node.names]
    if isinstance(node, ast.Name):
        return [node.id] if isinstance(node.ctx, ast.Store | ast.Del) else []
    if isinstance(node, (*DEFINITIONS, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
        return [node.name] if node.name else []
    if isinstance(node, ast.MatchMapping):
        return [node.rest] if node.rest else []
    return []


def names_in(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that are read in *nodes*, but in no text."""
    inner = (node for one in nodes for node in ast.walk(one))
    return {node.id for node in inner if isinstance(node, ast.Name)}


def named_by_types(tree: ast.AST) -> set[str]:
    """The names in the types that anything in *tree* is annotated with, texts included."""
    types = [kind for node in ast.walk(tree) for kind in types_of(node)]
    texts = [one.value for kind in types for one in ast.walk(kind) if isinstance(one, ast.Constant)]
    return names_in([*types, *(typed for text in texts for typed in type_in(text))])


def types_of(node: ast.AST) -> list[ast.AST]:
    """The types that *node* itself is annotated with."""
    if isinstance(node, ast.arg | ast.AnnAssign):
        return [node.annotation] if node.annotation else []
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return [node.returns] if node.returns else []
    return []


def type_in(text: object) -> list[ast.AST]:
    """The type that *text* is, if it is one."""
    if not isinstance(text, str):
        return []
    try:
        return [ast.parse(text.strip(), mode="eval")]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def needed_at_once(node: Definition) -> set[str]:
    """The names that are read when *node* is defined, and not only when it is called."""
    if isinstance(node, ast.ClassDef):
        return names_in([node]) | named_by_types(node)
    defaults = [one for one in (*node.args.defaults, *node.args.kw_defaults) if one is not None]
    return names_in([*node.decorator_list, *defaults]) | named_by_types(node)


def needed(source: PythonFile, node: Definition) -> set[str]:
    """
    The names of its module, or built in, that *node* reads.

    Raises:
        Refused: If it changes names of the module, or leans on the file that it is in.
    """
    try:
        table = symtable.symtable(source.file.text, source.path, "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Refused(f"{source.path} is not well formed") from None
    ours = [one for one in table.get_children() if one.get_name() == node.name]
    if len(ours) != 1:
        raise Refused(f"{node.name} is not the only thing of that name in {source.path}")
    found = read_in(ours[0], node.name) | named_by_types(node) | outside_of(node)
    if own := found & OF_THE_FILE:
        raise Refused(f"{node.name} uses {min(own)}, which depends on the file it is in")
    return found - {node.name}


def outside_of(node: Definition) -> set[str]:
    """The names that are read by what stands around the body of *node*."""
    if isinstance(node, ast.ClassDef):
        return names_in([*node.decorator_list, *node.bases, *node.keywords])
    return needed_at_once(node)


def read_in(table: symtable.SymbolTable, name: str) -> set[str]:
    """
    The names of the module that are read in the scope *table*, and in those within it.

    Raises:
        Refused: If one of them is changed there.
    """
    found = set[str]()
    tables = [table]
    while tables:
        one = tables.pop()
        tables += one.get_children()
        for symbol in one.get_symbols():
            if symbol.is_declared_global() and symbol.is_assigned():
                raise Refused(f"{name} changes {symbol.get_name()}, a name of its module")
            if symbol.is_global() or (one.get_type() == "class" and symbol.is_referenced()):
                found.add(symbol.get_name())
    return found
