"""What somebody hears who asks how a run stands: in plain words, from what the run says itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from contexten.durations import said
from contexten.orders import clean, harmless

LONGEST = 300
COUNTED = {"model_calls": "model calls", "tool_calls": "tool calls", "tokens": "tokens"}


@dataclass(frozen=True, slots=True)
class Standing:
    """
    What a run that is under way says of itself; nothing of both if nobody answers for it.

    Attributes:
        progress: What it answers to the query of that name.
        budget: The same.
    """

    progress: Mapping[str, Any] | None = None
    budget: Mapping[str, Any] | None = None


def told(standing: Standing | None) -> str:
    """
    How a run stands, in words, whose *standing* is None if none is under way.

    >>> told(None)
    'No run is under way here.'
    """
    if standing is None:
        return "No run is under way here."
    if standing.progress is None:
        return "A run is under way here, but it does not say how it stands: no worker answers."
    return "\n".join([opening(standing.progress), *done(standing.progress), *left(standing)])


def opening(progress: Mapping[str, Any]) -> str:
    """That it is under way, for whom, and at what."""
    return f"A run is under way here, for {one_line(progress['asked_by'] or 'somebody')}."


def done(progress: Mapping[str, Any]) -> Iterator[str]:
    """What it is at, and what it did."""
    yield ""
    yield f"- state: {one_line(progress['state'])}"
    if progress["question"]:
        yield f"- it asks: {one_line(progress['question'])}"
    yield f"- turns taken: {progress['turns']}"
    if progress["latest"]:
        tool, _, ok = progress["latest"][-1]
        name = clean(str(tool)).replace("`", "")
        yield f"- last tool: `{name}`, which {'went well' if ok else 'failed'}"
    if progress["branch"]:
        yield f"- branch: {progress['branch']}"
    if progress["pull_request"]:
        yield f"- pull request: {progress['pull_request']}"
    if progress["waiting"]:
        yield f"- said to it and not yet read: {progress['waiting']}"


def left(standing: Standing) -> Iterator[str]:
    """What is left of its budget; nothing before it has one."""
    budget = standing.budget or {}
    counted = [
        f"{max(0, used['of'] - used['spent'])} of {used['of']} {words}"
        for name, words in COUNTED.items()
        if (used := budget.get(name)) and used["of"] is not None
    ]
    if not counted:
        return
    usd, clock = budget["usd"], budget["wall_clock_s"]
    counted.append(f"${max(0.0, usd['of'] - usd['spent']):.2f} of ${usd['of']:.2f}")
    if clock["left"] is not None:
        counted.append(f"{said(timedelta(minutes=int(clock['left'] // 60)))} of its time")
    yield f"- left: {', '.join(counted)}"


def one_line(text: object) -> str:
    """*text* in a line, without what Markdown would make something of."""
    return clean(harmless(str(text)), LONGEST)
