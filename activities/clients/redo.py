"""
What keeps a tool that changes things from doing it twice: a record by the id of its call.

    planned ─▶ each new file lies ready beside the copy ─▶ the record ─▶ renamed into place

An attempt may die anywhere. The next one finds no record, and begins; or it finds one, carries
out the rest of it and gives the same answer. What cannot be planned, a command, leaves a mark
that it was begun instead.
"""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from activities.clients.places import Places
from contexten.tool_text import Done, file_name_of

NEW_FILE = 0o644


@dataclass(frozen=True, slots=True)
class Written:
    """What a file is to hold, and its mode."""

    data: bytes
    mode: int = NEW_FILE


@dataclass(frozen=True, slots=True)
class Plan:
    """
    What is to become of which files.

    Attributes:
        text: What the model is told once it is done.
        files: By path: what is to be there; None for nothing.
    """

    text: str
    files: dict[str, Written | None] = field(default_factory=dict)


class Redo:
    """The record of one call."""

    def __init__(self, folder: Path, call_id: str) -> None:
        """
        Args:
            folder: Where records are: outside of the copy, on its file system, and gone with it.
            call_id: Which call this is about.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._name = file_name_of(call_id)
        self._begun = folder / f"{self._name}.begun"

    def files(self, places: Places, plan: Callable[[], Plan]) -> Done:
        """
        What *plan* says is to become of which files, done once.

        Raises:
            Refused: If the plan refuses, or a place cannot be reached.
        """
        known = self._known() or self._written_down(plan())
        if known["done"]:
            return Done(known["text"])
        for path, ready in known["files"].items():
            if ready is None:
                places.remove(path)
            elif (self._folder / ready).exists():
                places.put(path, self._folder / ready)
        self._keep({**known, "done": True})
        return Done(known["text"])

    def once(self, do: Callable[[], Done], interrupted: str) -> Done:
        """
        What *do* answers, which cannot be done again.

        If an earlier attempt began it and nobody knows how it ended, the answer is *interrupted*.
        """
        if self._known() is None:
            if self._begun.exists():
                return Done(interrupted, ok=False)
            self._begun.touch()
        return self.answered(do)

    def answered(self, do: Callable[[], Done]) -> Done:
        """What *do* answers, or answered: it sees to it itself that nothing is done twice."""
        known = self._known()
        if known is not None:
            return Done(known["text"], known["ok"], known["head"])
        done = do()
        self._keep(asdict(done))
        return done

    def _known(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads((self._folder / f"{self._name}.json").read_bytes())
        except FileNotFoundError:
            return None
        return found

    def _written_down(self, plan: Plan) -> dict[str, Any]:
        files: dict[str, str | None] = {}
        for number, (path, written) in enumerate(plan.files.items()):
            files[path] = f"{self._name}.{number}" if written else None
            if written:
                kept(self._folder / f"{self._name}.{number}", written)
        return self._keep({"text": plan.text, "files": files, "done": False})

    def _keep(self, record: dict[str, Any]) -> dict[str, Any]:
        part = self._folder / f"{self._name}.part"
        kept(part, Written(json.dumps(record).encode()))
        part.replace(self._folder / f"{self._name}.json")
        return record


def kept(at: Path, written: Written) -> None:
    """Have *written* in the file *at*."""
    at.write_bytes(written.data)
    os.chmod(at, written.mode)
