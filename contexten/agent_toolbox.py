"""Which tools a run is given, which calls of them are fit, and which go at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from contexten.agent import Ask, Task, Terms
from contexten.agent_run import Run
from contexten.delivery import Platform
from contexten.github import PullRequest
from contexten.tool_arguments import arguments_of
from contexten.tools import ALL, TOOLS, Kind, Tool
from contexten.turns import ToolCall

SHELL = "run_bash_command"
EVERYBODYS = frozenset({"main", "master", "trunk", "develop", "production", "gh-pages"})
"""Branches that are nobody's own."""

ON_A_PULL = frozenset(
    {"view_pr", "checkout_pr", "view_pr_checks", "create_pr_review_comment"},
)
FOR_A_REVIEW = frozenset({"create_pr_comment", "create_pr_review_comment", "checkout_pr"})


@dataclass(frozen=True, slots=True)
class Bound:
    """
    What a run may touch on the platforms: what it was asked about, and nothing else.

    Attributes:
        repository: ``owner/name``; None if none.
        number: The issue or pull request on GitHub; None if none.
        pull: The pull request it is about or opened; None if none.
        ticket: The Linear ticket; None if none.
        thread: The channel and thread on Slack; None if none.
    """

    repository: str | None = None
    number: int | None = None
    pull: int | None = None
    ticket: str | None = None
    thread: tuple[str, str] | None = None


def bound(run: Run) -> Bound:
    """What *run* may touch."""
    asks = (run.first, *run.untold)
    number = next((int(a.place.at) for a in asks if on_github(a, run.repository)), None)
    pull = next((a.pull for a in asks if a.pull), run.pull.number if run.pull else None)
    ticket = next((a.place.of for a in asks if a.place.platform is Platform.LINEAR), None)
    threads = ((a.place.of, a.place.at) for a in asks if a.place.platform is Platform.SLACK)
    return Bound(run.repository, number, pull, ticket, next(threads, None))


def on_github(ask: Ask, repository: str | None) -> bool:
    """Whether *ask* came from an issue or pull request of *repository*."""
    place = ask.place
    return place.platform is Platform.GITHUB and place.of == repository and place.at.isdigit()


def given(run: Run) -> tuple[str, ...]:
    """The names of the tools that *run* is given."""
    to, terms = bound(run), run.terms or Terms()
    return tuple(one.name for one in ALL if is_given(one, run, to, terms))


def is_given(tool: Tool, run: Run, to: Bound, terms: Terms) -> bool:
    """Whether *run*, which is bound *to* what it is about, may use *tool*."""
    if run.first.task is Task.REVIEW and not (
        tool.reads or tool.kind is Kind.RUN or tool.name in FOR_A_REVIEW
    ):
        return False
    if tool.kind is Kind.RUN:
        return True
    if tool.kind is Kind.CODE:
        return run.checkout is not None and (terms.shell or tool.name != SHELL)
    if tool.name.startswith("linear_"):
        return to.ticket is not None
    if tool.name.startswith("slack_"):
        return to.thread is not None
    if tool.name in ON_A_PULL:
        return to.pull is not None and to.repository is not None
    if tool.name == "create_pr_comment":
        return to.repository is not None and (to.number or to.pull) is not None
    return to.repository is not None and (tool.name != "create_pr" or run.checkout is not None)


def unfit(call: ToolCall, names: Sequence[str]) -> str | None:
    """
    Why *call* cannot be carried out with the tools of those *names*; None if it can.

    >>> unfit(ToolCall("1", "reflect", "{}"), ["reflect"])
    "reflect needs 'thoughts'"
    """
    if call.name in TOOLS and call.name not in names:
        return f"{call.name} is not for this task; there are {', '.join(names)}"
    if call.name in TOOLS and TOOLS[call.name].kind is Kind.CODE and not call.arguments:
        return None  # too long to travel: the transcript has them, and the machine reads it
    try:
        arguments_of(call.name, call.arguments)
    except ValueError as error:
        return str(error)
    return None


def refused_branch(pull: PullRequest, repository: str) -> str | None:
    """Why a run does not push to the branch of *pull* in *repository*; None if it may."""
    if pull.head_repository != repository:
        return f"#{pull.number} comes from a fork, whose branch I cannot push to"
    if pull.head in EVERYBODYS or pull.head.startswith(("release", "refs/")):
        return (
            f"#{pull.number} is from {pull.head}, on which people build: I push to no such branch"
        )
    return None


def arguments(call: ToolCall) -> Any:
    """
    The typed arguments of *call*, which is fit.

    Raises:
        ValueError: If it is not.
    """
    return arguments_of(call.name, call.arguments)


def batches(calls: Sequence[ToolCall]) -> Iterator[list[ToolCall]]:
    """*calls* in their order, those in one list that may go at once: reads next to each other."""
    together: list[ToolCall] = []
    for one in calls:
        if one.name in TOOLS and TOOLS[one.name].reads:
            together.append(one)
            continue
        if together:
            yield together
        together = []
        yield [one]
    if together:
        yield together
