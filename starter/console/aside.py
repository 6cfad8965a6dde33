"""``contexten quarantine`` and ``contexten refused``: see what leads to nothing, and release it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from rich.console import Console
from rich.table import Table
from temporalio.client import Client
from temporalio.service import RPCError

from contexten.delivery import Event
from contexten.reading import Unfit
from starter.aside import SetAside, note_released, shelved
from starter.console import running
from starter.console.complaint import Complaint
from starter.console.looking import connected
from starter.console.printable import printable
from starter.frames import Record
from starter.quarantine import quarantined, read_again
from starter.record import event_of
from starter.settings import Settings, load
from starter.start import Unstartable, start


class Where(StrEnum):
    """Where a delivery was set aside; the name of the command as well."""

    QUARANTINE = "quarantine"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Entry:
    """
    A delivery that was set aside, as it is shown.

    Attributes:
        platform: Who sent it.
        event: What kind of event it is, or claims to be.
        delivery_id: The sender's id for it.
        received_at: When it came, UTC.
        reason: Why it was set aside.
        headers: Its headers, without signatures; empty where none were kept.
    """

    platform: str
    event: str
    delivery_id: str
    received_at: datetime
    reason: str
    headers: dict[str, str]


def listed(console: Console, where: Where) -> None:
    """Print what is set aside in *where*, oldest first."""
    found = list(shelved(folder_of(load(), where)))
    if not found:
        console.print("There are none.")
        return
    table = Table(box=None)
    table.add_column("id", no_wrap=True)
    for name in ("received", "event", "delivery", "bytes", "because"):
        table.add_column(name, overflow="fold")
    for one in found:
        entry = entry_of(where, one.record)
        received = entry.received_at.astimezone().strftime("%m-%d %H:%M:%S")
        event = f"{entry.platform} {entry.event}"
        cells = (one.id, received, event, entry.delivery_id, len(one.record.body), entry.reason)
        table.add_row(*(printable(str(cell)) for cell in cells))
    console.print(table)


def shown(console: Console, where: Where, name: str) -> None:
    """
    Print all of the delivery *name*, with nothing in it that a terminal would obey.

    Raises:
        Complaint: If there is none of that name.
    """
    record = named(folder_of(load(), where), name).record
    entry = entry_of(where, record)
    lines = [
        f"{entry.platform} {entry.event}, delivery {entry.delivery_id}",
        f"received {entry.received_at.isoformat()}",
        f"because {entry.reason}",
        *(f"{header}: {value}" for header, value in entry.headers.items()),
    ]
    for line in lines:
        console.out(printable(line), highlight=False)
    body = record.body.decode(errors="backslashreplace")
    console.out("", printable(body, kept="\n\t"), sep="\n")


def released(console: Console, where: Where, names: Sequence[str], *, everything: bool) -> None:
    """
    Hand the deliveries *names*, or *everything*, over to the engine, and list them no more.

    Raises:
        Complaint: If one cannot be handed over; the others are.
    """
    settings = load()
    folder = folder_of(settings, where)
    if everything == bool(names):
        raise Complaint("Say which by their ids, or all with --all.", status=2)
    chosen = list(shelved(folder)) if everything else [named(folder, name) for name in names]
    asyncio.run(handed_over(console, settings, where, chosen))


async def handed_over(
    console: Console, settings: Settings, where: Where, chosen: Sequence[SetAside]
) -> None:
    """
    Have the engine take each of *chosen*; each is noted as soon as it has.

    Raises:
        Complaint: If one could not be handed over.
    """
    engine = await connected(settings, running.read(settings.var))
    left = 0
    for one in chosen:
        try:
            event, body = delivery_in(where, one)
            fresh = await started(engine, replace(event, triggers=settings.triggers), body)
        except Complaint as complaint:
            console.print(f"{one.id}: {complaint}", soft_wrap=True)
            left += 1
            continue
        note_released(folder_of(settings, where), one.id)
        said = "is with the engine now" if fresh else "was with the engine already"
        console.print(f"{one.id}: {event.workflow_id} {said}", soft_wrap=True)
    if left:
        raise Complaint(f"Not released: {left} of {len(chosen)}.")


async def started(engine: Client, event: Event, body: bytes) -> bool:
    """
    Start the workflow of *event*; False if the engine had it already.

    Raises:
        Complaint: If the engine does not take it.
    """
    try:
        return await start(engine, event, body, eager=False)
    except (Unstartable, RPCError, OSError) as error:
        raise Complaint(f"the engine does not take it: {printable(str(error))}") from None


def folder_of(settings: Settings, where: Where) -> Path:
    """The folder of *where*."""
    return settings.quarantine if where is Where.QUARANTINE else settings.refused


def named(folder: Path, name: str) -> SetAside:
    """
    The delivery *name* in *folder*.

    Raises:
        Complaint: If there is none, or it was released.
    """
    found = next((one for one in shelved(folder) if one.id == name), None)
    if found is None:
        raise Complaint(f"There is no {name} in {folder}, or it was released.")
    return found


def entry_of(where: Where, record: Record) -> Entry:
    """What there is to say of *record*."""
    if where is Where.QUARANTINE:
        kept = quarantined(record)
        claimed = (kept.platform, kept.name or "", kept.delivery_id, kept.received_at)
        return Entry(*claimed, kept.reason, kept.headers)
    try:
        event = event_of(record.header)
    except ValueError as error:
        written_at = datetime.fromtimestamp(record.written_at, UTC)
        return Entry("", "", "", written_at, f"its header cannot be read: {error}", {})
    about = f"the engine did not take it ({event.context or event.repository or 'no context'})"
    return Entry(event.platform, event.kind, event.delivery_id, event.received_at, about, {})


def delivery_in(where: Where, found: SetAside) -> tuple[Event, bytes]:
    """
    The event and the JSON body in *found*.

    Raises:
        Complaint: If it cannot be read, by us as we are now.
    """
    if where is Where.QUARANTINE:
        event, body = read_again(quarantined(found.record))
        if isinstance(event, Unfit):
            raise Complaint(f"it still cannot be read: {event.reason}")
        return event, body
    try:
        return event_of(found.record.header), found.record.body
    except ValueError as error:
        raise Complaint(f"its header cannot be read: {error}") from None
