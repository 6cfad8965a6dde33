"""The signals and queries of our workflows, printed: a page of the reference."""

import inspect
from collections.abc import Iterator
from typing import Any

from starter.entities import ENTITIES
from starter.markdown import page, table
from workflows.agent import AgentRunWorkflow
from workflows.delivery import DeliveryWorkflow

HOW = """How orders are given is in [operating](../operating.md#orders).
An order takes its arguments one by one, such as `-i '"why"' -i '"ada"' -i '"10m"'`,
or as one object: `-i '{"because": "why", "for": "10m"}'`.
What cannot be read is written into the log of the entity as refused."""


def signals_page() -> str:
    """Each workflow that takes signals, with what it takes and what it can be asked."""
    parts = [part for title, told, of in workflows() for part in described(title, told, of)]
    return page("Signals and queries", HOW, *parts)


def workflows() -> Iterator[tuple[str, str, Any]]:
    """The workflows with signals: the ID of each, what it is, and its class."""
    for one in ENTITIES:
        yield (
            one.id,
            one.summary,
            vars(inspect.getmodule(one.run))[one.run.__qualname__.split(".")[0]],
        )
    yield "&lt;platform&gt;/&lt;delivery&gt;", "One delivery", DeliveryWorkflow
    yield "agent/&lt;context&gt;", "One agent run", AgentRunWorkflow


def described(title: str, told: str, workflow: Any) -> list[str]:
    """What there is to say about one workflow."""
    signals = defined(workflow, "__temporal_signal_definition")
    queries = defined(workflow, "__temporal_query_definition")
    updates = defined(workflow, "_defn")
    parts = [f"## {title}", f"{told} (`{workflow.__name__}`)."]
    kinds = (("signal", signals), ("query", queries), ("update", updates))
    return parts + [table((kind, "is"), rows) for kind, rows in kinds if rows]


def defined(workflow: Any, mark: str) -> list[tuple[str, str]]:
    """The handlers of *workflow* that bear *mark*: their name, and what they say of themselves."""
    found = []
    for _, handler in inspect.getmembers(workflow, inspect.isfunction):
        definition = getattr(handler, mark, None)
        if definition is not None and definition.name:
            found.append((f"`{definition.name}`", first_sentence(handler)))
    return found


def first_sentence(handler: Any) -> str:
    """The first paragraph of its docstring, in one line."""
    return " ".join((inspect.getdoc(handler) or "").partition("\n\n")[0].split())
