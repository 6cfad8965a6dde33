"""
The tools of an agent over a working copy: which one does what, and what comes of it.

Whatever a tool refuses is an answer that the model can use. Paths are looked at in
``places``, changes are written down in ``redo`` before they are made.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from activities.clients import editing, reading, searching
from activities.clients.places import Places
from activities.clients.redo import Plan, Redo
from contexten.codebase import Checkout, ToolAsk
from contexten.tool_text import Done, Refused

Beat = Callable[[], None]

READING: Mapping[str, Callable[[Places, Any, Beat], Done]] = {
    "view_file": lambda places, asked, _: reading.view_file(places, asked),
    "list_directory": lambda places, asked, _: reading.list_directory(places, asked),
    "search": lambda places, asked, _: searching.search(places, asked),
    "search_files_by_name": lambda places, asked, _: searching.search_files_by_name(places, asked),
    "semantic_search": searching.semantic_search,
}
"""What changes nothing."""

EDITING: Mapping[str, Callable[[Places, Any], Plan]] = {
    "edit_file": editing.edit_file,
    "create_file": editing.create_file,
    "delete_file": editing.delete_file,
    "rename_file": editing.rename_file,
    "replace": editing.replace,
    "global_replace": editing.global_replace,
}
"""What changes files: planned, then done once."""


class Copies(Protocol):
    """Where working copies are. ``activities.clients.codebase`` knows it."""

    def folder(self, checkout: Checkout) -> Path: ...


class Workbench:
    """Carries out the tools of ``Kind.CODE``."""

    def __init__(self, copies: Copies) -> None:
        self._copies = copies

    def use(self, ask: ToolAsk, arguments: Any, beat: Beat) -> Done:
        """
        Do what *ask* asks for, with the typed *arguments* of its tool.

        Safe to repeat: a call that was done gives the same answer and changes nothing.

        Args:
            ask: Which tool, on which copy, by which call.
            arguments: What the tool takes.
            beat: To be called now and then; raises if nobody waits any longer.
        """
        root = self._copies.folder(ask.checkout)
        places, redo = Places(root), Redo(records_of(root), ask.call.id)
        try:
            if read := READING.get(ask.call.name):
                return read(places, arguments, beat)
            return redo.files(places, lambda: EDITING[ask.call.name](places, arguments))
        except Refused as refused:
            return Done(str(refused), ok=False)


def records_of(root: Path) -> Path:
    """Where the records of the working copy *root* are: beside it."""
    return root.with_name(f"{root.name}.done")
