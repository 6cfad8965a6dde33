"""``contexten failures`` and ``contexten incidents``: what failed, and how it was mended."""

from typing import Annotated

import typer

from contexten.delivery import Platform
from contexten.errors import Category
from contexten.ledger import By

app = typer.Typer(no_args_is_help=True)
incidents_app = typer.Typer(
    help="Stretches of failure, from the first failure to the proof of health.",
    invoke_without_command=True,
)
app.add_typer(incidents_app, name="incidents")

OnePlatform = Annotated[Platform | None, typer.Option(help="which platform")]
Most = Annotated[int, typer.Option(min=1, max=1000, help="how many at most, the latest")]
AsJson = Annotated[bool, typer.Option("--json", help="for a machine")]


@app.command()
def failures(
    platform: OnePlatform = None,
    operation: Annotated[str | None, typer.Option(help="such as github.post_comment")] = None,
    category: Annotated[Category | None, typer.Option(help="which kind of failure")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="SPAN", help="only the last 30m, 1h, 7d, ...")
    ] = None,
    by: Annotated[By | None, typer.Option(help="put together by this, and counted")] = None,
    most: Most = 50,
    as_json: AsJson = False,
) -> None:
    """List the latest failed attempts, out of the attempt ledger."""
    from starter.console import history
    from starter.console.terminal import console

    wanted = history.wanted(
        since,
        platform=platform,
        operation=operation,
        category=category,
        most=most,
        by=by or By.OPERATION,
    )
    show = history.failures if by is None else history.summary
    show(console(), wanted, as_json=as_json)


@incidents_app.callback()
def incidents(
    context: typer.Context,
    platform: OnePlatform = None,
    only_open: Annotated[bool, typer.Option("--open", help="only those that last")] = False,
    most: Annotated[int, typer.Option(min=1, max=100, help="how many at most, the latest")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the latest incidents, with how long they took to be seen and to be over."""
    if context.invoked_subcommand is not None:
        return
    from contexten.incident import IncidentsWanted
    from starter.console import history
    from starter.console.terminal import console

    wanted = IncidentsWanted(platform=platform, open_only=only_open, most=most)
    history.incidents(console(), wanted, as_json=as_json)


@incidents_app.command("show")
def incidents_show(
    name: Annotated[str, typer.Argument(metavar="ID", help="as the list says it")],
    as_json: AsJson = False,
) -> None:
    """Print one of them with its timeline."""
    from starter.console import history
    from starter.console.terminal import console

    history.incident(console(), name, as_json=as_json)
