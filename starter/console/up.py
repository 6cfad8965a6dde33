"""``contexten up``: start everything and keep it running until we are told to stop."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

from rich.console import Console
from rich.table import Table

from starter import client
from starter.console import surroundings
from starter.console.complaint import Complaint
from starter.console.installation import Installation
from starter.settings import Settings, load

NOTHING_SET = (
    "Nothing is set for a real platform, so the sandbox stands in for all three. "
    "To serve the real ones, copy .env.example to .env and fill it in."
)
INCOMPLETE = (
    "No webhook secret is set, so every delivery would be refused: set GITHUB_WEBHOOK_SECRET, "
    "LINEAR_WEBHOOK_SECRET or SLACK_SIGNING_SECRET, or add --sandbox."
)


def up(console: Console, *, port: int | None, sandbox: bool | None) -> None:
    """
    Start everything and keep it running until SIGTERM or SIGINT.

    Args:
        port: The door's; None for that of the settings.
        sandbox: Put the sandbox in place of the platforms; None: if no platform is set up.

    Raises:
        Complaint: If it cannot be started, or a part dies again and again.
        SettingsError: If the settings do not hold.
    """
    if port is not None:
        os.environ["PORT"] = str(port)
    asyncio.run(kept_up(console, sandbox=stands_in(console, sandbox)))


def stands_in(console: Console, wanted: bool | None) -> bool:
    """
    Whether the sandbox stands in for the platforms.

    Raises:
        Complaint: If the real ones are wanted, and none could be served.
    """
    if wanted:
        return True
    settings = load()
    if any(secrets_of(settings)):
        return False
    if wanted is None and not any(tokens_of(settings)):
        console.print(NOTHING_SET, soft_wrap=True)
        return True
    raise Complaint(INCOMPLETE, status=2)


def secrets_of(settings: Settings) -> list[object]:
    """What verifies deliveries, by platform; empty where it is not set."""
    return [getattr(settings, name.lower()) for name in surroundings.SECRETS.values()]


def tokens_of(settings: Settings) -> list[object]:
    """What lets us call the platforms; None where it is not set."""
    return [
        settings.github_token,
        settings.github_app_id,
        settings.linear_access_token,
        settings.slack_bot_token,
    ]


async def kept_up(console: Console, *, sandbox: bool) -> None:
    """Keep everything running until told to stop."""
    async with told_to_stop() as stop:
        installation = Installation(console.print, sandbox=sandbox, fixed_ports=True)
        try:
            if not await first(installation.open(), stop):
                return
            console.print(addresses(installation))
            await first(installation.keep(), stop)
        finally:
            console.print("Stopping.")
            await installation.close()


@asynccontextmanager
async def told_to_stop() -> AsyncIterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def first(work: Awaitable[object], stop: asyncio.Event) -> bool:
    """Carry out *work*, but no longer than until *stop* is set; whether it was carried out."""
    working = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if working.done():
        working.result()
        return True
    working.cancel()
    await asyncio.wait((working,))
    return False


def addresses(installation: Installation) -> Table:
    """Where everything is."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_row("door", installation.url)
    table.add_row("Web UI", installation.ui or f"that of the engine at {client.address()}")
    if installation.sandbox:
        table.add_row("sandbox", f"{installation.sandbox}/_ledger")
    table.add_row("logs", str(installation.settings.var / "logs"))
    return table
