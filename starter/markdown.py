"""Markdown, as the printed reference needs it."""

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
