"""The commands that deliver and look: each finds out where things are, asks, and prints."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table
from rich.text import Text
from temporalio.client import Client
from temporalio.service import RPCError

from contexten.delivery import Platform
from starter import client
from starter.console import doctor as doctoring
from starter.console import faults, running
from starter.console import status as standing
from starter.console.complaint import Complaint
from starter.console.deliver import Prepared, platform_of, prepared, sent
from starter.console.finding import State
from starter.console.follow import Became, ended, in_ui, latest
from starter.console.installation import SANDBOX_PORT
from starter.console.printable import printable
from starter.console.surroundings import SECRETS
from starter.settings import Settings, load

ENGINE_ANSWERS_S = 5.0
ENDED_WITHIN_S = 60.0


def door_of(settings: Settings, at: running.Running | None) -> str:
    """The address of the door."""
    return at.door if at else f"http://{settings.host}:{settings.port}"


def engine_of(at: running.Running | None) -> str:
    """Where the engine is."""
    return client.configured_address() or (at.engine if at else client.DEFAULT_ADDRESS)


def secret_for(settings: Settings, at: running.Running | None, platform: Platform) -> str:
    """
    What a delivery of *platform* is signed with.

    Raises:
        Complaint: If there is nothing.
    """
    if at is not None and platform in at.secrets:
        return at.secrets[platform]
    secrets = getattr(settings, SECRETS[platform].lower())
    if not secrets:
        raise Complaint(f"Nothing to sign with: set {SECRETS[platform]}.", status=2)
    secret: str = secrets[0].get_secret_value()
    return secret


async def connected(settings: Settings, at: running.Running | None) -> Client:
    """
    A client of the engine.

    Raises:
        Complaint: If it does not answer.
    """
    address = engine_of(at)
    try:
        async with asyncio.timeout(ENGINE_ANSWERS_S):
            return await client.connect(settings, at=address)
    except (RuntimeError, RPCError, TimeoutError):
        raise Complaint(
            f"No engine answers at {address}: start one with `contexten up`, or set "
            "TEMPORAL_ADDRESS."
        ) from None


def deliver(
    console: Console,
    file: Path,
    platform: Platform | None,
    *,
    to: str | None,
    delivery_id: str | None,
    wait: bool,
) -> None:
    """
    Sign *file* and send it to the door; with *wait*, say what became of it.

    Raises:
        Complaint: If it was not taken, or did not end well.
    """
    settings = load()
    at = running.read(settings.var)
    platform = platform or platform_of(file)
    secret = secret_for(settings, at, platform)
    delivery = prepared(file, platform, secret, datetime.now(UTC), delivery_id)
    asyncio.run(delivered(console, settings, at, delivery, to=to, wait=wait))


async def delivered(
    console: Console,
    settings: Settings,
    at: running.Running | None,
    delivery: Prepared,
    *,
    to: str | None,
    wait: bool,
) -> None:
    """Send *delivery*, print the answer, and what became of it if we *wait*."""
    async with httpx.AsyncClient() as http:
        answer = await sent(http, to or door_of(settings, at), delivery)
    console.print(printable(f"{answer.status} {answer.text}".rstrip()), soft_wrap=True)
    if not answer.taken:
        raise Complaint("The door did not take it.")
    if wait and not answer.leads_to_workflow:
        raise Complaint("There is nothing to wait for: it leads to no workflow.")
    if wait:
        await told_the_end(console, await connected(settings, at), delivery, at.ui if at else None)


async def told_the_end(
    console: Console, engine: Client, delivery: Prepared, ui: str | None
) -> None:
    """
    Wait for the end of *delivery*, and print it.

    Raises:
        Complaint: If it does not end within a minute, or not well.
    """
    try:
        async with asyncio.timeout(ENDED_WITHIN_S):
            became = await ended(engine, delivery.workflow_id)
    except TimeoutError:
        raise Complaint(
            f"{delivery.workflow_id} has not ended after {ENDED_WITHIN_S:g} s: "
            "`contexten deliveries` shows how it stands, `contexten status` who works."
        ) from None
    console.print(f"{became.workflow_id} {became.outcome}", soft_wrap=True)
    if ui:
        console.print(in_ui(ui, engine.namespace, became), soft_wrap=True)
    if became.outcome not in ("handled", "ignored"):
        raise Complaint("It did not end well: the Web UI shows why.")


def deliveries(
    console: Console, *, most: int, platform: Platform | None, outcome: str | None
) -> None:
    """
    Print the latest deliveries.

    Raises:
        Complaint: If the engine does not answer.
    """
    settings = load()
    at = running.read(settings.var)
    found = asyncio.run(listed(settings, at, most, platform, outcome))
    if not found:
        console.print("There are none.")
        return
    table = Table("received", "event", "about", "became", "took", box=None)
    table.add_column("workflow", no_wrap=True, overflow="fold")
    for one in found:
        started = one.started_at.astimezone().strftime("%m-%d %H:%M:%S")
        took = f"{one.took.total_seconds():.2f} s" if one.took is not None else ""
        cells = (started, one.event, one.about, one.outcome, took, one.workflow_id)
        table.add_row(*map(printable, cells))
    console.print(table)


async def listed(
    settings: Settings,
    at: running.Running | None,
    most: int,
    platform: Platform | None,
    outcome: str | None,
) -> list[Became]:
    """The latest deliveries."""
    engine = await connected(settings, at)
    return [one async for one in latest(engine, most=most, platform=platform, outcome=outcome)]


def status(console: Console) -> None:
    """
    Print how everything stands.

    Raises:
        Complaint: If anything is not as it should be.
    """
    settings = load()
    found = asyncio.run(stood(settings, running.read(settings.var)))
    table = Table(box=None, show_header=False)
    for one in found:
        well = Text("well", "green") if one.well else Text("not well", "red")
        table.add_row(well, one.what, one.how)
    console.print(table)
    unwell = [one.what for one in found if not one.well]
    if unwell:
        raise Complaint(f"Not as it should be: {', '.join(unwell)}. `contexten doctor` may help.")


async def stood(settings: Settings, at: running.Running | None) -> list[standing.Standing]:
    """How everything stands."""
    door = door_of(settings, at)
    try:
        engine: Client | None = await connected(settings, at)
    except Complaint:
        engine = None
    return await standing.standings(door, engine, engine_of(at))


def doctor(console: Console) -> None:
    """
    Print what is configured, what answers, what is missing and how to mend it.

    Raises:
        Complaint: If anything is wrong; what is merely missing may be meant to be.
    """
    found = asyncio.run(doctoring.examined(load()))
    colours = {"good": "green", "missing": "yellow", "wrong": "red"}
    for one in found:
        state = Text(f"{one.state:8}", colours[one.state])
        console.print(state, f"{one.what}: {one.said}", soft_wrap=True)
        if one.mend:
            console.print(f"         to mend it: {one.mend}", soft_wrap=True)
    wrong = [one.what for one in found if one.state is State.WRONG]
    if wrong:
        raise Complaint(f"Wrong: {', '.join(wrong)}.")


def sandbox_break(
    console: Console, platform: Platform, kind: str, *, at: str | None, **more: object
) -> None:
    """
    Let *platform* of the sandbox fail.

    Raises:
        Complaint: If there is no sandbox, or no such fault.
    """
    faults.broken(sandbox_of(at), platform, kind, **more)
    console.print(f"{platform} fails from now on ({kind}); `contexten sandbox heal` ends it.")


def sandbox_heal(console: Console, platform: Platform | None, *, at: str | None) -> None:
    """
    Let *platform* of the sandbox, or all, be well again.

    Raises:
        Complaint: If there is no sandbox.
    """
    many = faults.healed(sandbox_of(at), platform)
    console.print(f"{many} fault{'' if many == 1 else 's'} healed.")


def sandbox_of(at: str | None) -> str:
    """The address of the sandbox."""
    found = running.read(load().var)
    usual = f"http://127.0.0.1:{SANDBOX_PORT}"
    return (at or (found.sandbox if found else None) or usual).rstrip("/")
