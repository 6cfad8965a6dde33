"""A working copy to use tools on: a real folder, and the workbench over it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from activities.clients.commits import Written
from activities.clients.workbench import Beat, Workbench
from contexten.codebase import Checkout, ToolAsk
from contexten.tool_text import Done
from contexten.tools import TOOLS
from contexten.turns import ToolCall

CHECKOUT = Checkout("tools-1", "agent/x", "octo/hello", "work", "main", "b" * 40, "a" * 40, True)


class NoCodebase:
    """Nothing is committed from here."""

    def commit_and_push(
        self, checkout: Checkout, message: str, call_id: str, beat: Beat
    ) -> Written:
        raise AssertionError("nobody asked for a commit")


def never() -> None:
    """Nobody calls it off."""


@dataclass
class Copy:
    """One working copy, and how often it was asked for something."""

    root: Path
    asked: int = 0
    made: dict[str, Any] = field(default_factory=dict)

    def folder(self, checkout: Checkout) -> Path:
        return self.root

    def bench(self) -> Workbench:
        return Workbench(self, NoCodebase(), **self.made)

    def use(self, tool: str, call_id: str | None = None, /, **arguments: Any) -> Done:
        self.asked += 1
        ask = ToolAsk(CHECKOUT, "", ToolCall(call_id or f"call {self.asked}", tool))
        return self.bench().use(ask, TOOLS[tool].arguments(**arguments), never)

    def write(self, files: Mapping[str, str | bytes]) -> None:
        for path, content in files.items():
            at = self.root / path
            at.parent.mkdir(parents=True, exist_ok=True)
            at.write_bytes(content.encode() if isinstance(content, str) else content)

    def read(self, path: str) -> bytes:
        return (self.root / path).read_bytes()
