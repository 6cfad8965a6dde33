"""The words of a function, and those that the tests miss where a value is empty or None."""

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

NOTHING = ("", "None")
VALUES = (ast.Name, ast.Attribute, ast.Call, ast.Subscript)
PLAIN = re.compile(r"[^'\"\\{}\n]{1,80}")
NUMBER = re.compile(r"-?\d+(\.\d+)?")


def bare(hint: str) -> str:
    """The text of the literal *hint*."""
    return hint[1:-1] if hint[:1] in ("'", '"') else hint


def missing_in(node: ast.JoinedStr, at: int, hints: Sequence[str]) -> Iterator[str]:
    """
    The words that stand in one of *hints* where its neighbour has nothing for part *at* of *node*.

    >>> text = ast.parse("f'Hello, {name}!'", mode="eval").body
    >>> list(missing_in(text, 1, ["'Hello, !'", "'Hello, world!'"]))
    ['world']
    >>> list(missing_in(text, 1, ["'Hello, Ada!'", "'Hello, world!'"]))
    []
    """
    sides = ["".join(map(shape, part)) for part in (node.values[:at], node.values[at + 1 :])]
    whole = re.compile(f"({sides[0]})(?:|None)({sides[1]})", re.DOTALL)
    for one, other in pairwise(map(bare, hints)):
        for got, wanted in ((one, other), (other, one)):
            fits = whole.fullmatch(got)
            if fits and wanted.startswith(fits[1]) and wanted.endswith(fits[2]):
                words = wanted[len(fits[1]) : len(wanted) - len(fits[2])]
                if PLAIN.fullmatch(words) and words not in NOTHING:
                    yield words


def shape(part: ast.expr) -> str:
    """The pattern of what *part* of a text may be."""
    return re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".*"


def missing_value(hints: Sequence[str]) -> Iterator[str]:
    """
    What is to be returned instead of nothing, as it is written.

    >>> list(missing_value(["''", "'world'"])), list(missing_value(["None", "5"]))
    (['"world"'], ['5'])
    """
    for pair in pairwise(hints):
        for got, wanted in (pair, pair[::-1]):
            words = bare(wanted)
            if bare(got) in NOTHING and words not in NOTHING and PLAIN.fullmatch(words):
                yield words if NUMBER.fullmatch(wanted) else f'"{words}"'


def respelled(value: object, hints: Sequence[str]) -> Iterator[str]:
    """
    The text *value* as it must be for one of *hints*, which has it in it, to be the one after it.

    >>> list(respelled("Helo, ", ["'Helo, Ann'", "'Hello, Ann'"]))
    ["'Hello, '"]
    """
    if not isinstance(value, str) or not value:
        return
    for one, other in pairwise(hints):
        was, wanted = bare(one), bare(other)
        at = was.find(value)
        if at >= 0:
            new = wanted[at : len(wanted) - (len(was) - at - len(value))]
            if new != value:
                yield repr(new)


def quote_within(written: str) -> str | None:
    """
    The quote that may stand in a placeholder of the text *written*; None if that is unclear.

    >>> quote_within('f"{name}"'), quote_within("f'{name}'")
    ("'", '"')
    """
    begins = re.match(r"[rRfF]{1,2}(['\"])", written)
    return {'"': "'", "'": '"'}[begins[1]] if begins else None


def texts_apart(tree: ast.AST) -> set[ast.AST]:
    """The texts in *tree* that are no values: docstrings, and what stands between placeholders."""
    apart: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            apart.add(node.value)
        if isinstance(node, ast.JoinedStr):
            apart.update(one for one in node.values if isinstance(one, ast.Constant))
    return apart
