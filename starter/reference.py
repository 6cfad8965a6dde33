"""
Prints what can be printed from the code: ``docs/reference`` and ``.env.example``.

    python -m starter.reference

A test prints it anew and compares, so what is committed cannot lie.
"""

import inspect
import re
import textwrap
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from contexten import app, errors, queues, retry
from contexten.queues import Queue
from starter.markdown import page, table
from starter.settings import Settings
from starter.settings_printed import default, env_example, settings_page
from workflows import reactions

ROOT = Path(__file__).parents[1]


def spoken(span: timedelta | None) -> str:
    """A duration as a reader says it; a dash for none."""
    if span is None:
        return "–"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if span.total_seconds() % size == 0:
            return f"{span.total_seconds() / size:g} {unit}"
    return f"{span.total_seconds():g} s"


RETRY_HEADS = (
    "call",
    "first pause",
    "times",
    "longest pause",
    "attempts",
    "one attempt",
    "silence",
    "all together",
)


def retry_page() -> str:
    """The retry rules in force, from the one place that declares them."""
    rows = [
        (
            f"`{name}`",
            spoken(rule.base_delay),
            f"{rule.backoff_coefficient:g}",
            spoken(rule.max_delay),
            str(rule.maximum_attempts or "as many as fit"),
            spoken(rule.attempt_timeout),
            spoken(rule.heartbeat_timeout),
            spoken(rule.deadline),
        )
        for name, rule in sorted(retry.RULES.items())
    ]
    never = ", ".join(f"`{name}`" for name in errors.NOT_WORTH_REPEATING)
    return page(
        "Retry rules",
        "A rule named for a queue holds for every call on it that has none of its own.\n"
        "A pause that the platform asks for takes the place of ours.\n"
        f"Not repeated: {never}.",
        table(RETRY_HEADS, rows),
    )


def first_line(thing: object) -> str:
    """The first sentence of a docstring, on one line."""
    return re.sub(r"\s+", " ", (inspect.getdoc(thing) or "").split("\n\n")[0])


def errors_page() -> str:
    """The errors of platform calls, by the names they travel under."""
    leaves = errors.PlatformError.__subclasses__()
    rows = [
        (
            f"`{leaf.__name__}`",
            first_line(leaf),
            "no" if leaf.__name__ in errors.NOT_WORTH_REPEATING else "yes",
        )
        for leaf in leaves
    ]
    return page(
        "Errors",
        "A failure carries its name from a worker to a workflow, and retry rules match that name.",
        table(("name", "means", "repeated"), rows),
    )


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
        (str(one.platform), f"`{event}`", f"`{r.__module__}.{r.__name__}`", first_line(r))
        for one in of
        for event, registered in one.by_name.items()
        for r in registered
    ]
    return page(
        "Ready-made reactions",
        "Those of the module `workflows.reactions`, which `REACTIONS` names by default.\n"
        "How to write your own: [reactions](../reactions.md).",
        table(("platform", "event", "reaction", "does"), rows),
    )


PAGES: dict[str, Callable[[], str]] = {
    ".env.example": env_example,
    "docs/reference/settings.md": settings_page,
    "docs/reference/retry.md": retry_page,
    "docs/reference/errors.md": errors_page,
    "docs/reference/queues.md": queues_page,
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
