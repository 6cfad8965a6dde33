"""
Prints what can be printed from the code: ``docs/reference`` and ``.env.example``.

    python -m starter.reference

A test prints it anew and compares, so what is committed cannot lie.
"""

import inspect
import textwrap
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from contexten import app, queues
from contexten.queues import Queue
from starter.app import create
from starter.checks_printed import checks_page
from starter.commands_printed import commands_page
from starter.counters import DoorCounters
from starter.errors_printed import errors_page
from starter.markdown import first_line, page, table
from starter.readiness import Readiness
from starter.rules_printed import retry_page
from starter.settings import Settings
from starter.settings_printed import default, env_example, settings_page
from starter.signals_printed import signals_page
from workflows import github, linear, reactions, slack

ROOT = Path(__file__).parents[1]


def queues_page() -> str:
    """The task queues and how many tasks one worker takes of each."""
    rows = [
        (f"`{q}`", f"`{(field := Settings.model_fields[f'{q}_slots']).alias}`", default(field))
        for q in Queue
    ]
    drawing = textwrap.dedent((queues.__doc__ or "").partition("\n\n")[2]).rstrip()
    return page(
        "Queues",
        f"```text\n{drawing}\n```",
        table(("queue", "slots setting", "default"), rows),
    )


def reactions_page() -> str:
    """The ready-made reactions, from the app they are registered in."""
    of: list[app.Reactions] = [reactions.app.github, reactions.app.linear, reactions.app.slack]
    rows = [
        (
            str(one.platform),
            f"`{event}`",
            f"`{r.name}`",
            r.importance.name.lower(),
            first_line(r.reaction),
        )
        for one in of
        for event, registered in one.by_name.items()
        for r in registered
    ]
    return page(
        "Ready-made reactions",
        "Those of the module `workflows.reactions`, which `REACTIONS` names by default.\n"
        "How to write your own: [reactions](../reactions.md).",
        table(("platform", "event", "reaction", "importance", "does"), rows),
    )


def routes_page() -> str:
    """The routes of the door, from its OpenAPI."""
    rows = []
    for path, method, operation in operations():
        answers = ", ".join(operation["responses"])
        rows.append((f"`{method.upper()} {path}`", operation["summary"], answers))
    return page(
        "Routes",
        "A running door describes them whole at `/openapi.json`.",
        table(("route", "is", "answers"), rows),
        "## What a delivery is answered",
        table(("status", "means"), delivery_answers()),
        "`429` and `503` say in `Retry-After` when to try again, in seconds.\n"
        "Absent, malformed and wrong signatures are answered with the same bytes.",
    )


def calls_page() -> str:
    """What a reaction can have done, from the modules it calls."""
    parts = []
    for module in (github, linear, slack):
        found = inspect.getmembers(module, inspect.iscoroutinefunction)
        rows = [
            (f"`{name}{parameters(call)}`", first_line(call))
            for name, call in found
            if call.__module__ == module.__name__
        ]
        title = module.__name__.rpartition(".")[2]
        parts.append(f"## {title}\n\n`from workflows import {title}`\n\n")
        parts[-1] += table(("call", "does"), rows)
    return page(
        "Calls",
        "What a [reaction](../reactions.md) can have done.\n"
        "Each is awaited, and is an activity on its platform's queue, repeated under its "
        "[retry rule](retry.md).",
        *parts,
    )


def parameters(call: Callable[..., object]) -> str:
    """The parameters of *call* as one writes them, without their types."""
    shown = [
        one.replace(annotation=inspect.Parameter.empty)
        for one in inspect.signature(call).parameters.values()
    ]
    return str(inspect.Signature(shown))


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each route of the door's OpenAPI: its path, its method and what it says of itself."""

    async def unasked() -> Readiness:
        raise NotImplementedError("a description asks nobody")

    described = create(None, DoorCounters(), unasked)  # type: ignore[arg-type]  # none is opened
    for path, methods in described.openapi()["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def delivery_answers() -> list[tuple[str, str]]:
    """Each status that a webhook route answers, and what it means on any of them."""
    said: dict[str, list[str]] = defaultdict(list)
    for _, _, operation in operations():
        if "webhooks" not in operation["tags"]:
            continue
        for status, answer in operation["responses"].items():
            if answer["description"] not in said[status]:
                said[status].append(answer["description"])
    return [(status, max(meanings, key=len)) for status, meanings in sorted(said.items())]


PAGES: dict[str, Callable[[], str]] = {
    ".env.example": env_example,
    "docs/reference/settings.md": settings_page,
    "docs/reference/commands.md": commands_page,
    "docs/reference/health.md": checks_page,
    "docs/reference/retry.md": retry_page,
    "docs/reference/errors.md": errors_page,
    "docs/reference/queues.md": queues_page,
    "docs/reference/routes.md": routes_page,
    "docs/reference/signals.md": signals_page,
    "docs/reference/calls.md": calls_page,
    "docs/reference/reactions.md": reactions_page,
}


def main() -> None:
    """Print every page to its place."""
    for path, printed in PAGES.items():
        target = ROOT / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(printed())


if __name__ == "__main__":
    main()
