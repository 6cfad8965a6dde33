"""Texts of Python's, changed where a definition is moved; everything else in them stays."""

import ast
from collections.abc import Iterable

from activities.clients.python_files import (
    IMPORTS,
    PythonFile,
    bound,
    named_by_types,
    names_in,
    needed_at_once,
)
from activities.clients.python_modules import OUTSIDE, Imported, parts_of
from activities.clients.python_moves import Move
from contexten.tool_text import Refused

Edit = tuple[int, int, str]
"""From which character to which, and what is to be there."""

LONGEST_LINE = 88
APART = "\n\n\n"


def edited(text: str, edits: Iterable[Edit]) -> str:
    """*text* with *edits*, which do not overlap."""
    pieces, at = list[str](), 0
    for start, end, new in sorted(edits, key=lambda edit: edit[:2]):
        pieces += [text[at:start], new]
        at = end
    return "".join([*pieces, text[at:]])


def mended(file: PythonFile, move: Move) -> str | None:
    """
    The text of *file* with its imports of what is moved changed; None if there are none.

    Raises:
        Refused: If it uses it in another way.
    """
    check_uses(file, move)
    edits = [redirected(file, node, move) for node in importing(file, move)]
    return edited(file.file.text, edits) if edits else None


def importing(file: PythonFile, move: Move) -> list[ast.ImportFrom]:
    """
    The imports in *file* of what is moved.

    Raises:
        Refused: If it imports everything from there, or it is not clear from where it does.
    """
    found = list[ast.ImportFrom]()
    for node in ast.walk(file.tree):
        if not isinstance(node, ast.ImportFrom):
            continue
        names = {one.name for one in node.names}
        if "*" in names and move.is_source(node, file.path):
            raise Refused(f"{file.path}:{node.lineno} imports everything from there")
        if move.name in names and move.is_source(node, file.path):
            found.append(node)
        elif move.name in names and not node.level and is_end(node.module or "", move):
            raise Refused(f"{file.path}:{node.lineno} may import it, by another name of its file")
    return found


def is_end(module: str, move: Move) -> bool:
    """Whether *module* is the end of the path of the source."""
    parts = tuple(module.split("."))
    return parts_of(move.source.path)[-len(parts) :] == parts


def check_uses(file: PythonFile, move: Move) -> None:
    """
    See that *file* does not use what is moved through its module.

    Raises:
        Refused: If it does.
    """
    known = modules_known(file, move)
    ours = move.names.of(move.source.path)
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Attribute) and node.attr == move.name:
            if dotted(node.value) in {ours, *known}:
                raise Refused(f"{file.path}:{node.lineno} uses it as an attribute of its module")
        elif isinstance(node, ast.Constant) and node.value == move.name and known:
            raise Refused(f"{file.path}:{node.lineno} names it, and may look for it in its module")


def modules_known(file: PythonFile, move: Move) -> set[str]:
    """By what names *file* knows the module that it is in."""
    ours = move.names.of(move.source.path)
    found = set[str]()
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Import):
            names = [one for one in node.names if one.name == ours or is_end(one.name, move)]
            found |= {one.asname or one.name for one in names}
        elif isinstance(node, ast.ImportFrom):
            module = move.names.absolute(node, file.path)
            names = [one for one in node.names if f"{module}.{one.name}".lstrip(".") == ours]
            found |= {one.asname or one.name for one in names}
    return found


def dotted(node: ast.AST) -> str:
    """The name that *node* is, with dots; something that is no name if it is none."""
    parts = list[str]()
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id if isinstance(node, ast.Name) else OUTSIDE, *reversed(parts)])


def redirected(file: PythonFile, node: ast.ImportFrom, move: Move) -> Edit:
    """*node* so that what is moved is imported from its new place."""
    module = move.names.beside(node, file.path, move.target.path)
    new = statement(module, [one for one in node.names if one.name == move.name], "", wide=False)
    start, end = span(file, node)
    kept = [one for one in node.names if one.name != move.name]
    if not kept:
        return start, end, new
    indent = alone(file, node)
    wide = node.end_lineno != node.lineno
    old = statement("." * node.level + (node.module or ""), kept, indent, wide=wide)
    return start, end, f"{old}\n{indent}{new}"


def statement(module: str, names: list[ast.alias], indent: str, *, wide: bool) -> str:
    """The import of *names* from *module*; a name a line if *wide*, or if it is long."""
    said = [one.name + (f" as {one.asname}" if one.asname else "") for one in names]
    line = f"from {module} import {', '.join(said)}"
    if not wide and len(indent + line) <= LONGEST_LINE:
        return line
    inner = "".join(f"{indent}    {one},\n" for one in said)
    return f"from {module} import (\n{inner}{indent})"


def span(file: PythonFile, node: ast.stmt) -> tuple[int, int]:
    """
    From which character to which *node* goes.

    Raises:
        Refused: If there are remarks in it, which would be lost.
    """
    start = file.at(node.lineno, node.col_offset)
    end = file.at(node.end_lineno or node.lineno, node.end_col_offset or 0)
    if "#" in file.file.text[start:end]:
        raise Refused(f"{file.path}:{node.lineno} is an import with remarks in it: edit it first")
    return start, end


def alone(file: PythonFile, node: ast.stmt) -> str:
    """
    What *node*, which has its lines for itself, is indented by.

    Raises:
        Refused: If it shares them.
    """
    start, end = span(file, node)
    text = file.file.text
    before = text[text.rfind("\n", 0, start) + 1 : start]
    after = text[end:].partition("\n")[0].strip()
    if before.strip() or (after and not after.startswith("#")):
        raise Refused(f"{file.path}:{node.lineno} has more than one statement: edit it first")
    return before


def lines_of(file: PythonFile, node: ast.stmt) -> tuple[int, int]:
    """The first and last line of *node*, with what decorates it and the remarks above it."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(one.lineno for one in decorators)])
    above = first
    while above > 1 and file.lines[above - 2].startswith("#"):
        above -= 1
    first = above if above > 1 else first
    last = node.end_lineno or node.lineno
    after = file.lines[last - 1].encode()[node.end_col_offset or 0 :].strip()
    if after and not after.startswith(b"#"):
        raise Refused(f"{file.path}:{last} has more than one statement: edit it first")
    return first, last


def source_text(move: Move) -> str:
    """The source without what is moved; it is imported if it is used there."""
    first, last = lines_of(move.source, move.node)
    lines = move.source.lines
    before = "\n".join(lines[: first - 1]).rstrip("\n")
    after = "\n".join(lines[last:]).strip("\n")
    rest = [one for one in move.source.tree.body if one is not move.node]
    text = APART.join(one for one in (before, after) if one.strip()) + "\n"
    if move.name not in names_in(rest) | named_by_types(ast.Module(rest, [])):
        return text if text.strip() else ""
    imported = Imported(move.names.of(move.target.path), move.name, move.name)
    line, new = new_imports(move.source, [imported])
    if line >= first:
        raise Refused(f"{move.source.path} has imports after {move.name}: move those up first")
    at = move.source.at(line + 1, 0)
    return edited(text, [(at, at, new)])


def header_end(file: PythonFile) -> tuple[int, bool]:
    """The last line of what a file begins with, and whether there are imports in it."""
    end, imports = 0, False
    while end < len(file.lines) and file.lines[end].startswith("#"):
        end += 1
    for number, node in enumerate(file.tree.body):
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not isinstance(node, IMPORTS) and not (is_text and number == 0):
            if node.lineno <= end and node.lineno > 0 and imports:
                raise Refused(f"{file.path}:{node.lineno} has more than one statement")
            break
        end, imports = node.end_lineno or node.lineno, imports or isinstance(node, IMPORTS)
    return end, imports


def new_imports(file: PythonFile, imports: list[Imported]) -> tuple[int, str]:
    """After which line of *file* the lines of *imports* go, and these."""
    end, others = header_end(file)
    new = "".join(f"{one}\n" for one in dict.fromkeys(one.line() for one in imports))
    if not new or others:
        return end, new
    follows = file.lines[end : end + 1]
    return end, ("\n" if end else "") + new + ("\n" if follows and follows[0].strip() else "")


def target_text(move: Move, imports: list[Imported]) -> str:
    """The target with what is moved, and with what that needs."""
    first, last = lines_of(move.source, move.node)
    code = "\n".join(move.source.lines[first - 1 : last])
    target = move.target
    if not target.file.text.strip():
        future = [one for one in move.source.tree.body if is_future(one)]
        lines = [ast.unparse(one) for one in future]
        lines += dict.fromkeys(one.line() for one in imports)
        return ("\n".join(lines) + APART if lines else "") + code + "\n"
    check_uses(target, move)
    edits = [dropped(target, node, move) for node in importing(target, move)]
    line, new = new_imports(target, imports)
    at = min(target.at(line + 1, 0), len(target.file.text))
    return edited(target.file.text, [*edits, (at, at, new), placed(move, code)])


def is_future(node: ast.stmt) -> bool:
    """Whether *node* is an import of the future."""
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def dropped(file: PythonFile, node: ast.ImportFrom, move: Move) -> Edit:
    """*node* without what is moved, which is to be there itself."""
    if node not in file.tree.body:
        raise Refused(f"{file.path}:{node.lineno} imports it within something: edit that first")
    alone(file, node)
    start, end = span(file, node)
    kept = [one for one in node.names if one.name != move.name]
    if kept:
        wide = node.end_lineno != node.lineno
        module = "." * node.level + (node.module or "")
        return start, end, statement(module, kept, "", wide=wide)
    newline = file.file.text.find("\n", end)
    return start, newline + 1, ""


def placed(move: Move, code: str) -> Edit:
    """*code* in the target: before what uses it, or at the end."""
    target, text = move.target, move.target.file.text
    for node in target.tree.body:
        if isinstance(node, IMPORTS) or not uses(node, move.name):
            continue
        line = lines_of(target, node)[0]
        there = bound(target.tree)
        late = {
            name
            for name in needed_at_once(move.node) & set(there)
            if any(getattr(one, "lineno", 0) >= line for one in there[name])
        }
        if late or line <= header_end(target)[0]:
            raise Refused(f"{target.path} uses {move.name} at line {line}, too early in it")
        at = target.at(line, 0)
        return at, at, f"{code}{APART}"
    newlines = len(text) - len(text.rstrip("\n"))
    return len(text), len(text), "\n" * max(3 - newlines, 0) + code + "\n"


def uses(node: ast.stmt, name: str) -> bool:
    """Whether *node* reads *name*, or is what runs if the file is a program."""
    names = names_in([node]) | named_by_types(node)
    return name in names or (isinstance(node, ast.If) and "__name__" in names_in([node.test]))
