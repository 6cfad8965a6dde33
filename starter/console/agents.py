"""Agent runs on the command line: listed, shown whole, and told something."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from rich.console import Console
from temporalio.client import Client

from starter.agent_runs import Shown, Unanswered, What, runs, shown, tell
from starter.console import looking, running
from starter.console.complaint import Complaint
from starter.console.history import clock, say_json, say_table, span
from starter.console.orders import Said
from starter.console.printable import printable
from starter.orders import Conflict, NotThere
from starter.settings import load

T = TypeVar("T")

HEADS = ("context", "is", "asked by", "since", "took")
LEFT = ("repository", "branch", "commit", "pull_request", "question", "model", "trace")


def asked(question: Callable[[Client], Awaitable[T]]) -> T:
    """
    What comes of *question*.

    Raises:
        Complaint: If the engine does not answer, there is no such run, or nothing comes of it.
    """

    async def ask() -> T:
        settings = load()
        return await question(await looking.connected(settings, running.read(settings.var)))

    try:
        return asyncio.run(ask())
    except NotThere as error:
        raise Complaint(f"There is no such run: {error}. `contexten agents` lists them.") from None
    except Conflict as error:
        raise Complaint(f"No effect: {printable(str(error))}.") from None
    except Unanswered as error:
        raise Complaint(
            f"The run does not say how it stands: {printable(str(error))}. "
            "`contexten status` shows who works, `contexten worker --queues agents` starts one."
        ) from None


def agents(console: Console, *, most: int, only_running: bool, as_json: bool) -> None:
    """
    Print the runs, the newest first.

    Raises:
        Complaint: If the engine does not answer.
    """
    found = asked(lambda client: runs(client, most=most, only_running=only_running))
    if as_json:
        say_json([asdict(one) for one in found])
        return
    now = datetime.now(UTC)
    rows = [
        (
            one.context,
            one.state,
            one.asked_by or "",
            clock(one.since),
            span(max((one.until or now) - one.since, timedelta(0))),
        )
        for one in found
    ]
    say_table(console, HEADS, rows)


def agent(console: Console, context: str, *, as_json: bool) -> None:
    """
    Print the run of *context* whole.

    Raises:
        Complaint: If there is none, or nobody says how it stands.
    """
    one = asked(lambda client: shown(client, context))
    if as_json:
        say_json(one.as_json())
        return
    for line in lines(one):
        console.print(printable(line), soft_wrap=True, markup=False, highlight=False)


def lines(one: Shown) -> Iterator[str]:
    """What there is to say about a run, line by line."""
    run, progress = one.run, one.progress
    yield f"{run.context}: {run.state}"
    yield labelled("asked by", run.asked_by or "somebody")
    yield labelled("since", clock(run.since))
    if run.until is not None:
        yield labelled("ended", clock(run.until))
    yield labelled("turns", progress.get("turns", 0))
    for name in LEFT:
        if progress.get(name):
            yield labelled(name.replace("_", " "), progress[name])
    if progress.get("waiting"):
        yield labelled("unread", f"{progress['waiting']} messages, until its next turn")
    yield from of_budget(one.budget)
    if one.plan:
        yield from ("", "plan", *(f"  {line}" for line in one.plan.splitlines()))
    if latest := progress.get("latest"):
        yield from ("", "latest calls")
        for tool, brief, ok in latest:
            yield f"  {'ok    ' if ok else 'failed'} {tool}: {brief}"


def of_budget(budget: Mapping[str, Any]) -> Iterator[str]:
    """What the run has used up of each part of its budget, and what time it has left."""
    for name, used in budget.items():
        of = used.get("of")
        if name == "wall_clock_s":
            if of is not None and used.get("left") is not None:
                left, whole = timedelta(seconds=used["left"]), timedelta(seconds=of)
                yield labelled("time left", f"{span(left)} of {span(whole)}")
            continue
        bound = "no terms yet" if of is None else f"of {of:g}"
        yield labelled(name.replace("_", " "), f"{used.get('spent', 0):g} {bound}")


def labelled(name: str, said: object) -> str:
    """*said* under its name."""
    return f"{name:14} {said}"


def order(console: Console, context: str, what: What, *, said: Said, words: str = "") -> None:
    """
    Tell the run of *context* something, and print what came of it.

    Raises:
        Complaint: If nothing did.
    """
    given = said.order()
    if what is What.MESSAGE and not words.strip():
        raise Complaint("Say what: there are no words in it.", status=2)
    heard = asked(lambda client: tell(client, context, what, given, words))
    how = "heard" if heard else "sent; no worker has taken it yet"
    console.print(printable(f"{what} {context}: {how}"), soft_wrap=True, markup=False)
