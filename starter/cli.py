"""
``contexten``: everything an operator does, on the command line.

Each command imports what it needs when it is called, so that ``--help`` is quick.
"""

import os
import signal
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from contexten.delivery import Platform
from starter.commands import agents, codec, health, history, orders, rules

ENGINE_GOES_FIRST_S = 0.1

app = typer.Typer(
    help="Webhooks become durable work that is finished once, whatever breaks on the way.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
sandbox_app = typer.Typer(help="The stand-ins for GitHub, Linear and Slack.", no_args_is_help=True)
quarantine_app = typer.Typer(help="Signed deliveries that could not be read.", no_args_is_help=True)
refused_app = typer.Typer(help="Deliveries that the engine would not take.", no_args_is_help=True)
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(refused_app, name="refused")
app.add_typer(sandbox_app, name="sandbox")
app.add_typer(agents.app)
app.add_typer(codec.app)
app.add_typer(health.app)
app.add_typer(history.app)
app.add_typer(orders.app)
app.add_typer(rules.app)

Port = Annotated[int | None, typer.Option(help="port of the door", min=0, max=65535)]
OnePlatform = Annotated[Platform | None, typer.Option(help="which platform")]
OneId = Annotated[str, typer.Argument(metavar="ID", help="as `list` says it")]
Ids = Annotated[list[str] | None, typer.Argument(metavar="ID...", help="as `list` says them")]
All = Annotated[bool, typer.Option("--all", help="all that are listed")]
Sandbox = Annotated[str | None, typer.Option("--at", help="address of the sandbox")]


def main() -> None:
    """Run the command; whatever it complains of is said in plain words."""
    try:
        app()
    except Exception as error:
        said = said_of(error)
        if said is None:
            raise
        leave(*said)
    finally:
        time.sleep(ENGINE_GOES_FIRST_S)  # the SDK's threads end before the interpreter does


def said_of(error: Exception) -> tuple[str, int] | None:
    """What to say of *error*, and the exit status; None if it is none of the operator's."""
    from temporalio.service import RPCError

    from starter.console.complaint import Complaint
    from starter.keyring import Undecryptable
    from starter.settings import SettingsError
    from workflows.registry import BrokenReactions

    if isinstance(error, Complaint):
        return str(error), error.status
    if isinstance(error, RPCError):
        return f"The engine refuses: {error.message}. `contexten doctor` may help.", 1
    if isinstance(error, SettingsError):
        return f"The settings do not hold.\n{error}", 2
    if isinstance(error, BrokenReactions):
        return str(error), 2
    if isinstance(error, Undecryptable):
        return f"What the engine keeps is not to be read: {error}", 2
    return None


def leave(message: str, status: int) -> None:
    """Say *message* on standard error and end with *status*."""
    print(message, file=sys.stderr)
    sys.exit(status)


def say_version(wanted: bool) -> None:
    """Print the version and end, if it is *wanted*."""
    if wanted:
        print(f"contexten {version('contexten')}")
        raise typer.Exit


@app.callback()
def contexten(
    version: Annotated[
        bool, typer.Option("--version", callback=say_version, is_eager=True, help="say the version")
    ] = False,
) -> None:
    """What all commands share."""


@app.command()
def up(
    port: Port = None,
    sandbox: Annotated[
        bool | None,
        typer.Option(help="the sandbox in place of the platforms (default: if none is set up)"),
    ] = None,
) -> None:
    """Start engine (if none is given), workers and door, and keep them running."""
    from starter.console import up as command

    command.up(console(), port=port, sandbox=sandbox)


@app.command()
def demo(
    stay: Annotated[bool, typer.Option("--stay", help="keep everything up afterwards")] = False,
) -> None:
    """Start everything from nothing, deliver for all three platforms, show what happens."""
    from starter.console import demo as command

    command.demo(console(), stay=stay)


@app.command()
def worker(
    queues: Annotated[
        str | None, typer.Option(metavar="NAME[,NAME...]", help="which to serve (default: all)")
    ] = None,
) -> None:
    """Serve task queues; the same as `python worker.py`."""
    line = [sys.executable, "-m", "worker"]
    os.execv(sys.executable, line if queues is None else [*line, "--queues", queues])  # noqa: S606


@app.command()
def serve(port: Port = None) -> None:
    """Receive webhooks: the door as a process of its own."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})  # it could come during the imports
    from starter.console.complaint import Complaint
    from starter.serve import serve as receive
    from starter.settings import load
    from starter.spool import SpoolTaken

    if port is not None:
        os.environ["PORT"] = str(port)
    try:
        receive(load())
    except (OSError, SpoolTaken) as error:
        raise Complaint(f"The door cannot open: {error}") from None


@app.command()
def deliver(
    file: Annotated[
        Path, typer.Argument(help="a payload, such as issues.labeled.json or slash_command.form")
    ],
    platform: OnePlatform = None,
    to: Annotated[str | None, typer.Option(help="address of the door")] = None,
    delivery_id: Annotated[
        str | None, typer.Option("--id", help="the sender's id for it (default: a new one)")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="wait until its workflow ends, a minute at most")
    ] = False,
) -> None:
    """Sign a payload as its platform would, and send it to the door."""
    from starter.console import looking

    looking.deliver(console(), file, platform, to=to, delivery_id=delivery_id, wait=wait)


@app.command()
def deliveries(
    platform: OnePlatform = None,
    outcome: Annotated[
        str | None, typer.Option(help="running, handled, ignored, failed, ...")
    ] = None,
    most: Annotated[int, typer.Option(min=1, max=1000, help="how many at most")] = 20,
) -> None:
    """List the latest deliveries and what became of them."""
    from starter.console import looking

    looking.deliveries(console(), most=most, platform=platform, outcome=outcome)


@app.command()
def status() -> None:
    """Say how door, engine and queues stand; exit 1 if anything is not as it should be."""
    from starter.console import looking

    looking.status(console())


@app.command()
def doctor() -> None:
    """Say what is configured, what answers, what is missing and how to mend it."""
    from starter.console import looking

    looking.doctor(console())


@quarantine_app.command("list")
def quarantine_list() -> None:
    """List what could not be read and was not released."""
    from starter.console import aside

    aside.listed(console(), aside.Where.QUARANTINE)


@quarantine_app.command("show")
def quarantine_show(name: OneId) -> None:
    """Print one of them, headers and body; signatures are not kept."""
    from starter.console import aside

    aside.shown(console(), aside.Where.QUARANTINE, name)


@quarantine_app.command("release")
def quarantine_release(names: Ids = None, everything: All = False) -> None:
    """Hand over to the engine what can be read by now, such as after an upgrade."""
    from starter.console import aside

    aside.released(console(), aside.Where.QUARANTINE, names or [], everything=everything)


@refused_app.command("list")
def refused_list() -> None:
    """List what the engine would not take and was not released."""
    from starter.console import aside

    aside.listed(console(), aside.Where.REFUSED)


@refused_app.command("show")
def refused_show(name: OneId) -> None:
    """Print one of them."""
    from starter.console import aside

    aside.shown(console(), aside.Where.REFUSED, name)


@refused_app.command("release")
def refused_release(names: Ids = None, everything: All = False) -> None:
    """Hand them over to the engine again, once the cause is mended."""
    from starter.console import aside

    aside.released(console(), aside.Where.REFUSED, names or [], everything=everything)


@sandbox_app.command("run")
def sandbox_run(
    port: Annotated[int, typer.Option(min=0, max=65535, help="on 127.0.0.1; 0: a free one")] = 8790,
) -> None:
    """Start the sandbox alone; the same as `python -m sandbox`."""
    line = [sys.executable, "-m", "sandbox", "--port", str(port)]
    os.execv(sys.executable, line)  # noqa: S606


@sandbox_app.command("break")
def sandbox_break(
    platform: Annotated[Platform, typer.Argument(help="which platform")],
    kind: Annotated[str, typer.Option(help="how: status, rate_limit, hang, ...")] = "status",
    rate: Annotated[float, typer.Option(min=0, max=1, help="share of the calls it strikes")] = 1.0,
    count: Annotated[int | None, typer.Option(min=1, help="calls it strikes at most")] = None,
    status: Annotated[int | None, typer.Option(help="the HTTP status of a `status`")] = None,
    at: Sandbox = None,
) -> None:
    """Let a sandbox platform fail from now on."""
    from starter.console import looking

    more: dict[str, Any] = {"rate": rate, "count": count}
    if status is not None:
        more["status"] = status
    looking.sandbox_break(console(), platform, kind, at=at, **more)


@sandbox_app.command("heal")
def sandbox_heal(platform: OnePlatform = None, at: Sandbox = None) -> None:
    """Let the sandbox platforms be well again."""
    from starter.console import looking

    looking.sandbox_heal(console(), platform, at=at)


def console() -> Any:
    """Where we print: in colours on a terminal, plain elsewhere."""
    from starter.console import terminal

    return terminal.console()


if __name__ == "__main__":
    main()
