"""Orders from the command line, and how things stand, printed."""

import asyncio
import getpass
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table
from rich.text import Text
from temporalio.client import Client

from contexten.orders import Order, order_of
from starter.console import looking, running
from starter.console.complaint import Complaint
from starter.console.printable import printable
from starter.orders import Conflict, Kind, NotThere, Unfit, What, target_of
from starter.orders import give as given
from starter.retrying import retry as retried
from starter.settings import load
from starter.standing import Standing
from starter.standing import standing as found

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Said:
    """What was typed beside an order: by whom, why, and for how long."""

    by: str | None
    because: str
    lasting: str = ""

    def order(self) -> Order:
        """
        It as an order, by who is logged in if nobody is named.

        Raises:
            Complaint: If it is none.
        """
        try:
            return order_of(self.because, self.by or logged_in(), self.lasting)
        except ValueError as error:
            raise Complaint(f"{error}.", status=2) from None


def logged_in() -> str:
    """Who we are, as far as this machine knows."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def asked(question: Callable[[Client], Awaitable[T]]) -> T:
    """
    What the engine makes of *question*.

    Raises:
        Complaint: If it does not answer, or nothing can come of it.
    """

    async def ask() -> T:
        settings = load()
        return await question(await looking.connected(settings, running.read(settings.var)))

    try:
        return asyncio.run(ask())
    except Unfit as error:
        raise Complaint(f"{error}.", status=2) from None
    except NotThere as error:
        raise Complaint(f"{error}; `contexten worker` starts the entities.") from None
    except Conflict as error:
        raise Complaint(f"No effect: {error}.") from None


def give(console: Console, name: str, what: str, *, said: Said, level: str | None = None) -> None:
    """
    Give an order, and print what came of it.

    Raises:
        Complaint: If nothing did.
    """
    order = said.order()
    try:
        target = target_of(name)
    except Unfit as error:
        raise Complaint(f"{error}.", status=2) from None
    came = asked(lambda client: given(client, target, What(what), order, level))
    done = f"{what} {level or target.name}".rstrip()
    if target.kind is Kind.ALL and level:
        done = f"{what} to {level}"
    how = "in force" if came.taken else f"sent to {came.workflow_id}; no worker has taken it yet"
    console.print(printable(f"{done}: {how}"), soft_wrap=True)


def retry(console: Console, workflow_id: str, *, said: Said) -> None:
    """
    Let a workflow go on from the step that failed, and print its new run.

    Raises:
        Complaint: If it cannot.
    """
    order = said.order()
    came = asked(lambda client: retried(client, workflow_id, order))
    console.print(
        printable(f"{workflow_id}: again from {came.what}, {came.kept} finished steps are kept"),
        soft_wrap=True,
    )
    console.print(printable(came.run_id))


def standing(console: Console, *, as_json: bool) -> None:
    """
    Print how things stand.

    Raises:
        Complaint: If the engine does not answer.
    """
    now = asked(found)
    if as_json:
        console.print(json.dumps(now.as_json()), soft_wrap=True)
        return
    console.print(table(("what", "stands", "why"), lines(now)))
    if now.orders:
        console.print(table(("when", "to", "order", "by", "because"), map(logged, now.orders)))


def lines(now: Standing) -> Iterator[tuple[str, ...]]:
    """What, how and why, of everything that does not simply go on."""
    service = now.service or {}
    yield "service", str(service.get("level", "full")), why(service)
    for name, gate in now.platforms.items():
        yield f"platform {name}", rate_of(gate), str(gate.get("because") or "")
        for group, breaker in gate.get("breakers", {}).items():
            state = breaker.get("forced") or breaker.get("state")
            if state and state != "closed":
                yield f"  breaker {group}", str(state), str(breaker.get("why") or "")
    for name, pause in service.get("repositories", {}).items():
        yield f"repository {name}", "paused", reason(pause)
    for name, pause in now.workflows.items():
        yield name, "paused", reason(pause)


def why(service: Mapping[str, Any]) -> str:
    """Why the service is at its level, and until when if that was said."""
    held = service.get("paused") or service.get("pin") or {}
    said = str(service.get("why", "no entity yet"))
    return f"{said}, until {moment(held['until'])}" if held.get("until") else said


def rate_of(gate: Mapping[str, Any]) -> str:
    """How fast a platform's calls may go out."""
    rate = gate.get("rate")
    if rate is None:
        return "open"
    return "held" if rate == 0 else f"{rate:g} calls a second"


def reason(pause: Mapping[str, Any]) -> str:
    """By whom, why, since when and until when something is paused."""
    said = (
        f"by {pause.get('by')}: {pause.get('because') or '-'}, since {moment(pause.get('since'))}"
    )
    return f"{said}, until {moment(pause['until'])}" if pause.get("until") else said


def logged(order: Mapping[str, Any]) -> tuple[str, ...]:
    """One line of the log of orders."""
    why = f"refused: {order['refused']}" if order.get("refused") else order.get("because", "")
    return moment(order.get("at")), *(str(order.get(n)) for n in ("to", "what", "by")), str(why)


def moment(at: object) -> str:
    """A moment in plain words, to the second."""
    return str(at)[:19].replace("T", " ")


def table(heads: tuple[str, ...], rows: Any) -> Table:
    """A plain table of *rows*, in which nothing is obeyed by a terminal."""
    shown = Table(box=None, pad_edge=False)
    for head in heads:
        shown.add_column(head, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(printable(cell)) for cell in row))
    return shown
