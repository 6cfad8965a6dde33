"""
The tools of an agent over a working copy: which one does what, and what comes of it.

Whatever a tool refuses is an answer that the model can use. Paths are looked at in
``places``, changes are written down in ``redo`` before they are made.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from activities.clients import editing, moving, reading, searching, symbols
from activities.clients.commits import Written
from activities.clients.file_locks import held
from activities.clients.places import Places
from activities.clients.redo import Plan, Redo
from contexten.codebase import Checkout, ToolAsk
from contexten.errors import ClientError
from contexten.tool_text import Done, Refused
from contexten.tools import Commit, RunBashCommand

Beat = Callable[[], None]

LONGEST_WAIT_S = 30.0
LONGEST_COMMAND_S = 600
NO_SHELL = "commands cannot be run on this machine: use the other tools"
INTERRUPTED = (
    "the command was interrupted, and nobody knows how far it came: look before you repeat it"
)

READING: Mapping[str, Callable[[Places, Any, Beat], Done]] = {
    "view_file": lambda places, asked, _: reading.view_file(places, asked),
    "list_directory": lambda places, asked, _: reading.list_directory(places, asked),
    "search": lambda places, asked, _: searching.search(places, asked),
    "search_files_by_name": lambda places, asked, _: searching.search_files_by_name(places, asked),
    "semantic_search": searching.semantic_search,
    "reveal_symbol": lambda places, asked, _: symbols.reveal_symbol(places, asked),
}
"""What changes nothing."""

EDITING: Mapping[str, Callable[[Places, Any], Plan]] = {
    "edit_file": editing.edit_file,
    "create_file": editing.create_file,
    "delete_file": editing.delete_file,
    "rename_file": editing.rename_file,
    "replace": editing.replace,
    "global_replace": editing.global_replace,
    "move_symbol": moving.move_symbol,
}
"""What changes files: planned, then done once."""


class Copies(Protocol):
    """Where working copies are. ``activities.clients.copies`` knows it."""

    def folder(self, checkout: Checkout) -> Path: ...


class Codebase(Protocol):
    """What commits. ``activities.clients.codebase`` is the real one."""

    def commit_and_push(
        self, checkout: Checkout, message: str, call_id: str, beat: Beat
    ) -> Written: ...


class Shell(Protocol):
    """What runs a command in the folder *root*, for so long, and says what it said."""

    def run(self, root: Path, command: str, timeout_s: int, beat: Beat) -> Done: ...


class Workbench:
    """Carries out the tools of ``Kind.CODE``."""

    def __init__(self, copies: Copies, codebase: Codebase, shell: Shell | None = None) -> None:
        """
        Args:
            copies: Where working copies are.
            codebase: What commits.
            shell: What runs commands; None if nothing does.
        """
        self._copies = copies
        self._codebase = codebase
        self._shell = shell

    def use(self, ask: ToolAsk, arguments: Any, beat: Beat) -> Done:
        """
        Do what *ask* asks for, with the typed *arguments* of its tool.

        Safe to repeat: a call that was done gives the same answer and changes nothing.

        Args:
            ask: Which tool, on which copy, by which call.
            arguments: What the tool takes.
            beat: To be called now and then; raises if nobody waits any longer.

        Raises:
            ClientError: If the copy is not here.
            PlatformError: As git does, if it is a commit.
        """
        root = self._copies.folder(ask.checkout)
        places, name = Places(root), ask.call.name
        try:
            if read := READING.get(name):
                return read(places, arguments, beat)
            redo = Redo(records_of(root), key_of(ask))
            with held(records_of(root) / "lock", beat, LONGEST_WAIT_S):
                if plan := EDITING.get(name):
                    return redo.files(places, lambda: plan(places, arguments))
                if name == "commit":
                    return redo.answered(lambda: self._commit(ask, arguments, beat))
                return self._command(root, redo, arguments, beat)
        except Refused as refused:
            return Done(str(refused), ok=False)

    def _commit(self, ask: ToolAsk, asked: Commit, beat: Beat) -> Done:
        """One commit for one call: what was refused may be asked for again."""
        try:
            done = self._codebase.commit_and_push(ask.checkout, asked.message, key_of(ask), beat)
        except ClientError as refused:
            raise Refused(str(refused)) from None
        text = f"committed, and pushed to {ask.checkout.branch}, which is at {done.sha} now"
        return Done(text, head=done.sha)

    def _command(self, root: Path, redo: Redo, asked: RunBashCommand, beat: Beat) -> Done:
        shell = self._shell
        if shell is None:
            raise Refused(NO_SHELL)
        longest = min(max(asked.timeout_s, 1), LONGEST_COMMAND_S)
        return redo.once(lambda: shell.run(root, asked.command, longest, beat), INTERRUPTED)


def key_of(ask: ToolAsk) -> str:
    """
    What the call of *ask* is known by, in every attempt and in no other run.

    Two runs on one branch call their first call the same; what was said before, they do not.
    """
    return f"{ask.transcript[:16]}.{ask.call.id}"


def records_of(root: Path) -> Path:
    """Where the records of the working copy *root* are: beside it."""
    return root.with_name(f"{root.name}.done")
