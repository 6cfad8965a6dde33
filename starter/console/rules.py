"""The rule book from the command line: printed, changed, rolled back."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.table import Table
from temporalio.client import (
    Client,
    RPCTimeoutOrCancelledError,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from contexten.bookprint import in_force
from contexten.rulebook import RuleBook, differences, from_json
from contexten.rulepath import path
from contexten.versions import Version, versions_from_json
from starter.console.complaint import Complaint
from starter.console.orders import asked, logged_in
from starter.console.printable import printable
from starter.entities import RULES
from workflows.retry import RuleBookWorkflow

ANSWERED_WITHIN = timedelta(seconds=15)
NO_WORKER = (
    f"No control worker answered within {ANSWERED_WITHIN.total_seconds():g} s: "
    "`contexten status` shows who works, `contexten worker --queues control` starts one."
)
NO_BOOK = "There is no rule book yet: `contexten worker --queues control` starts it."

Handle = WorkflowHandle[Any, Any]


def show(console: Console, about: str, *, only_changed: bool, as_json: bool) -> None:
    """
    Print the values in force, or those *about* something.

    Raises:
        Complaint: If there is no book, or nothing of the kind in it.
    """
    book = asked(standing)
    values = in_force(book)
    shown = {p: v for p, v in values.items() if not about or f"{p}.".startswith(f"{about}.")}
    if only_changed:
        shown = {p: v for p, v in shown.items() if p in book.changes}
    if as_json:
        told = {"version": book.version, "values": shown}
        console.print(json.dumps(told), soft_wrap=True)
        return
    if not shown and not only_changed:
        raise Complaint(f"There is nothing about {about!r} in the book.", status=2)
    since = f", in force since {book.since.astimezone():%Y-%m-%d %H:%M:%S}" if book.since else ""
    console.print(f"version {book.version}{since}")
    if shown:
        console.print(table(("rule", "is", "may be"), rows(book, shown)))


def rows(book: RuleBook, shown: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Each value with its bounds; one that was changed is marked."""
    for name, value in shown.items():
        mark = " *" if name in book.changes else ""
        yield name, value + mark, bounds_of(name)


def bounds_of(name: str) -> str:
    """The bounds of a path; nothing for one that cannot be edited."""
    try:
        return str(path(name).bound)
    except ValueError:
        return ""


def change(console: Console, changes: Sequence[str], *, by: str | None, because: str) -> None:
    """
    Change the book, and print what is otherwise now.

    Raises:
        Complaint: If the change is refused, with the bounds.
    """
    wanted = dict(map(parted, changes))
    applied(console, "edit", {"by": by or logged_in(), "why": because, "changes": wanted})


def parted(text: str) -> tuple[str, str]:
    """
    Path and value of ``PATH=VALUE``.

    Raises:
        Complaint: If it is none.
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise Complaint(f"{text!r} is no PATH=VALUE, such as slack.base_delay=2s.", status=2)
    return name.strip(), value.strip()


def roll_back(console: Console, version: int, *, by: str | None, because: str) -> None:
    """
    Go back to *version*, and print what is otherwise now.

    Raises:
        Complaint: If there is no such version.
    """
    applied(console, "roll_back", version, by or logged_in(), because)


def applied(console: Console, update: str, *arguments: Any) -> None:
    """
    Change the book by *update*, and print what is otherwise now.

    Raises:
        Complaint: If it is refused.
    """

    async def ask(client: Client) -> tuple[RuleBook, RuleBook]:
        before = await standing(client)
        await updated(client.get_workflow_handle(RULES), update, arguments)
        return before, await standing(client)

    before, after = asked(ask)
    if before.version == after.version:
        console.print(f"nothing changes: version {after.version} says so already")
        return
    console.print(f"version {after.version}")
    each = ((p, old, new) for p, (old, new) in differences(before, after).items())
    console.print(table(("rule", "was", "is"), each))


async def updated(handle: Handle, update: str, arguments: Sequence[Any]) -> None:
    """
    Have the book changed.

    Raises:
        Complaint: If it is refused, or nobody answers.
    """
    try:
        await handle.execute_update(update, args=arguments, rpc_timeout=ANSWERED_WITHIN)
    except WorkflowUpdateFailedError as error:
        told = error.cause.message if isinstance(error.cause, ApplicationError) else error.cause
        raise Complaint(f"Refused: {told}.", status=2) from None
    except (WorkflowUpdateRPCTimeoutOrCancelledError, RPCTimeoutOrCancelledError):
        raise Complaint(NO_WORKER) from None
    except RPCError as error:
        raise complaint_of(error) from None


async def standing(client: Client) -> RuleBook:
    """
    The book in force, as the engine itself has it.

    Raises:
        Complaint: If there is none.
    """
    try:
        memo = await (await client.get_workflow_handle(RULES).describe()).memo()
    except RPCError as error:
        raise complaint_of(error) from None
    return from_json(memo.get("standing"))


def complaint_of(error: RPCError) -> Exception:
    """What to say of *error*; itself if it is none of the operator's."""
    if error.status is RPCStatusCode.NOT_FOUND:
        return Complaint(NO_BOOK)
    if error.status in (RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED):
        return Complaint(NO_WORKER)
    return error


def history(console: Console, *, most: int, as_json: bool) -> None:
    """
    Print who changed what, why and when.

    Raises:
        Complaint: If there is no book, or no worker to tell.
    """
    told = asked(versions)[-most:]
    if as_json:
        console.print(json.dumps(told), soft_wrap=True)
        return
    found = list(versions_from_json(told))
    if not found:
        console.print("Nobody has changed anything: the rules are those that are shipped.")
        return
    heads = ("version", "when", "by", "because", "what", "calls that waited")
    console.print(table(heads, map(told_of, reversed(found))))


async def versions(client: Client) -> list[dict[str, Any]]:
    """
    The versions, oldest first.

    Raises:
        Complaint: If there is no book, or no worker to tell.
    """
    handle = client.get_workflow_handle(RULES)
    try:
        return await handle.query(RuleBookWorkflow.versions, rpc_timeout=ANSWERED_WITHIN)
    except RPCError as error:
        raise complaint_of(error) from None


def told_of(one: Version) -> tuple[str, ...]:
    """One version as a line."""
    when = one.at.astimezone().strftime("%m-%d %H:%M:%S")
    back = f"back to version {one.restores}\n" if one.restores else ""
    what = "\n".join(f"{p}: {old} → {new}" for p, (old, new) in one.changed.items())
    return str(one.version), when, one.by, one.why, back + what, one.reached


def table(heads: Sequence[str], lines: Any) -> Table:
    """Lines under *heads*."""
    made = Table(*heads, box=None)
    for line in lines:
        made.add_row(*(printable(cell, "\n") for cell in line))
    return made
