"""
Small changes to a Python function, one of which may be the one that mends it.

Generate and validate: a mistake is often one small edit away from what was meant, so such edits
are tried until the tests pass. See Weimer, Nguyen, Le Goues and Forrest, "Automatically finding
patches using genetic programming" (GenProg), ICSE 2009.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from contexten.repair_words import (
    VALUES,
    missing_in,
    missing_value,
    quote_within,
    respelled,
    texts_apart,
)

ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*", "//": "/", "%": "//", "**": "*"}
SECOND = {"+": "*", "*": "+", "/": "//"}
COMPARED = {
    "<": ("<=", ">"),
    "<=": ("<", ">="),
    ">": (">=", "<"),
    ">=": (">", "<="),
    "==": ("!=",),
    "!=": ("==",),
    "in": ("not in",),
    "not in": ("in",),
    "is": ("is not",),
    "is not": ("is",),
}
NAMES = {
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "lower": "upper",
    "upper": "lower",
    "append": "extend",
    "extend": "append",
    "ceil": "floor",
    "floor": "ceil",
    "startswith": "endswith",
    "endswith": "startswith",
    "lstrip": "rstrip",
    "rstrip": "lstrip",
    "sorted": "reversed",
}
Functions = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Change:
    """
    One small change.

    Attributes:
        old: The function as it is.
        new: The function as it would be.
        line: The line it changes, in its file.
        why: What it is in plain words.
    """

    old: str
    new: str
    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Splice:
    """The bytes from *start* to *end* of a file become *new*; how likely: 0 is the likeliest."""

    start: int
    end: int
    new: str
    why: str
    rank: int


def changes(source: str, names: Sequence[str], hints: Sequence[str] = ()) -> list[Change]:
    """
    The changes to the functions *names* of a file, the likeliest first; none if it is no Python.

    Args:
        source: The file.
        names: The functions that are suspected, the likeliest first.
        hints: Literals that the tests expect.

    >>> [one.why for one in changes("def f(a, b):\\n    return a - b\\n", ["f"])][0]
    '`-` becomes `+`'
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return []
    raw = source.encode()
    starts = line_starts(raw)
    found: list[Change] = []
    for name in names:
        for node in ast.walk(tree):
            if isinstance(node, Functions) and node.name == name:
                found += changes_of(node, raw, starts, hints)
    return found


def line_starts(raw: bytes) -> list[int]:
    """Where each line of *raw* begins."""
    starts = [0]
    for line in raw.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts


def changes_of(
    node: Functions, raw: bytes, starts: Sequence[int], hints: Sequence[str]
) -> list[Change]:
    """The changes to one function."""
    looking = Looking(raw, starts, node, hints)
    start, end = starts[node.lineno - 1], looking.end(node)
    old, found = raw[start:end].decode(), {}
    for one in sorted(looking.splices(), key=lambda s: (s.rank, s.start)):
        new = (raw[start : one.start] + one.new.encode() + raw[one.end : end]).decode()
        if new != old and new not in found and parses(new):
            line = raw[: one.start].count(b"\n") + 1
            found[new] = Change(old, new, line, one.why)
    return list(found.values())


def parses(function: str) -> bool:
    """Whether *function*, which may be indented, is still Python."""
    indented = function[:1] in (" ", "\t")
    try:
        ast.parse(f"if True:\n{function}" if indented else function)
    except (SyntaxError, ValueError):
        return False
    return True


class Looking:
    """One function, and the places in it where it may be wrong."""

    def __init__(
        self, raw: bytes, starts: Sequence[int], node: Functions, hints: Sequence[str]
    ) -> None:
        self._raw, self._starts, self._node, self._hints = raw, starts, node, hints
        self._parameters = [one.arg for one in node.args.args if one.arg not in ("self", "cls")]

    def start(self, node: ast.AST) -> int:
        """Where *node* begins."""
        return self._starts[getattr(node, "lineno", 1) - 1] + int(getattr(node, "col_offset", 0))

    def end(self, node: ast.AST) -> int:
        """Where *node* ends."""
        line = int(getattr(node, "end_lineno", 1) or 1)
        return self._starts[line - 1] + int(getattr(node, "end_col_offset", 0) or 0)

    def text(self, node: ast.AST) -> str:
        """*node* as it is written."""
        return self._raw[self.start(node) : self.end(node)].decode()

    def splices(self) -> Iterator[Splice]:  # noqa: C901 - one case for each kind of place
        """All small edits of the function; its docstring stays as it is."""
        apart = texts_apart(self._node)
        for node in ast.walk(self._node):
            match node:
                case ast.BinOp():
                    yield from self.operator(node.left, node.right, ARITHMETIC, 0)
                    yield from self.operator(node.left, node.right, SECOND, 2)
                    likely = 0 if isinstance(node.right, ast.Constant) else 3
                    yield self.whole(node, self.text(node.left), "a term goes", likely)
                case ast.Compare(left=left, comparators=[right]):
                    yield from self.comparison(left, right)
                case ast.BoolOp():
                    yield from self.connective(node)
                case ast.UnaryOp(op=ast.Not()):
                    yield self.whole(node, self.text(node.operand), "a `not` goes", 1)
                case ast.Constant() if node not in apart:
                    yield from self.constant(node)
                case ast.JoinedStr():
                    yield from self.empty_in_text(node)
                case ast.Return(value=value) if isinstance(value, VALUES):
                    yield from (self.otherwise(value, n) for n in missing_value(self._hints))
                case ast.Call():
                    yield from self.call(node)
                case ast.If() | ast.While():
                    yield self.whole(
                        node.test, f"not ({self.text(node.test)})", "a condition is negated", 4
                    )
                case ast.Name(ctx=ast.Load()) if node.id in self._parameters:
                    for other in self._parameters:
                        if other != node.id:
                            why = f"`{node.id}` becomes `{other}`"
                            yield self.whole(node, other, why, 5)
                case ast.Name() if node.id in NAMES:
                    yield self.whole(
                        node, NAMES[node.id], f"`{node.id}` becomes `{NAMES[node.id]}`", 2
                    )
                case ast.Attribute() if node.attr in NAMES:
                    new = f"{self.text(node.value)}.{NAMES[node.attr]}"
                    yield self.whole(node, new, f"`{node.attr}` becomes `{NAMES[node.attr]}`", 2)
        yield from self.missing_return()

    def whole(self, node: ast.AST, new: str, why: str, rank: int) -> Splice:
        """All of *node* becomes *new*."""
        return Splice(self.start(node), self.end(node), new, why, rank)

    def otherwise(self, node: ast.AST, new: str) -> Splice:
        """*new* where *node* is empty or None."""
        was = self.text(node)
        return self.whole(node, f"{was} or {new}", f"an empty `{was}` becomes `{new}`", 0)

    def empty_in_text(self, node: ast.JoinedStr) -> Iterator[Splice]:
        """Words in a placeholder, where the tests miss them."""
        quote = quote_within(self.text(node))
        for at, part in enumerate(node.values):
            match part:
                case ast.FormattedValue(value=value, conversion=-1, format_spec=None) if quote:
                    if isinstance(value, VALUES):
                        for words in missing_in(node, at, self._hints):
                            yield self.otherwise(value, f"{quote}{words}{quote}")

    def between(self, left: ast.AST, right: ast.AST) -> tuple[int, str]:
        """What stands between two parts, and where it begins."""
        start = self.end(left)
        return start, self._raw[start : self.start(right)].decode()

    def operator(
        self, left: ast.AST, right: ast.AST, swaps: dict[str, str], rank: int
    ) -> Iterator[Splice]:
        """Another operator between *left* and *right*."""
        start, written = self.between(left, right)
        sign = written.strip("() \t\n\\")
        if sign in swaps:
            new = written.replace(sign, swaps[sign], 1)
            why = f"`{sign}` becomes `{swaps[sign]}`"
            yield Splice(start, start + len(written.encode()), new, why, rank)

    def comparison(self, left: ast.AST, right: ast.AST) -> Iterator[Splice]:
        """Another comparison of *left* with *right*."""
        start, written = self.between(left, right)
        sign = " ".join(written.strip("() \t\n\\").split())
        for rank, other in enumerate(COMPARED.get(sign, ())):
            new = written.replace(sign, other, 1)
            end = start + len(written.encode())
            yield Splice(start, end, new, f"`{sign}` becomes `{other}`", rank)

    def connective(self, node: ast.BoolOp) -> Iterator[Splice]:
        """``and`` becomes ``or``, and the other way round."""
        one, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in pairwise(node.values):
            start, written = self.between(left, right)
            new = written.replace(one, other, 1)
            end = start + len(written.encode())
            yield Splice(start, end, new, f"`{one}` becomes `{other}`", 1)

    def constant(self, node: ast.Constant) -> Iterator[Splice]:
        """Another constant: one more, one less, or what the tests expect."""
        value = node.value
        if isinstance(value, bool):
            yield self.whole(node, str(not value), f"`{value}` becomes `{not value}`", 2)
        elif isinstance(value, int):
            for new in (value + 1, value - 1, 0, 1):
                yield self.whole(node, str(new), f"`{value}` becomes `{new}`", 2 if new else 4)
        if isinstance(value, str | int | float):
            for hint in (*self._hints, *respelled(value, self._hints)):
                yield self.whole(node, hint, f"a constant becomes `{hint[:40]}`", 3)

    def call(self, node: ast.Call) -> Iterator[Splice]:
        """Arguments in another order, and a range that ends one later or earlier."""
        for left, right in pairwise(node.args):
            _, written = self.between(left, right)
            new = f"{self.text(right)}{written}{self.text(left)}"
            yield Splice(self.start(left), self.end(right), new, "two arguments are swapped", 3)
        if isinstance(node.func, ast.Name) and node.func.id == "range" and node.args:
            last = node.args[min(1, len(node.args) - 1)]
            for step in ("+ 1", "- 1"):
                new = f"{self.text(last)} {step}"
                yield self.whole(last, new, f"a range ends at `{new}`", 1)

    def missing_return(self) -> Iterator[Splice]:
        """The last thing that is computed is returned."""
        last = self._node.body[-1]
        if isinstance(last, ast.Expr) and not isinstance(last.value, ast.Constant):
            yield self.whole(last, f"return {self.text(last)}", "a `return` was missing", 0)
        if isinstance(last, ast.Assign | ast.AugAssign | ast.For | ast.If | ast.While):
            indent = " " * last.col_offset
            for name in dict.fromkeys(
                one.id
                for one in ast.walk(self._node)
                if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
            ):
                new = f"{self.text(last)}\n{indent}return {name}"
                yield self.whole(last, new, f"`return {name}` was missing", 1)
