"""Markdown, as the printed reference needs it."""

import inspect
import re
from collections.abc import Iterable

PRINTED = "<!-- Printed from the code by `make docs`; changes made here are lost. -->"


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *([cell.replace("|", "\\|") for cell in r] for r in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def page(title: str, *parts: str) -> str:
    """A page of the reference."""
    return "\n\n".join((f"# {title}", PRINTED, *parts)) + "\n"


def first_line(thing: object) -> str:
    """The first sentence of a docstring, on one line."""
    return re.sub(r"\s+", " ", (inspect.getdoc(thing) or "").split("\n\n")[0])
