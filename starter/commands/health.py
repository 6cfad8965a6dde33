"""``contexten health``: what the health checks found, and how they stood before."""

from typing import Annotated

import typer

from contexten.health import Family

app = typer.Typer()


@app.command()
def health(
    family: Annotated[Family | None, typer.Option(help="only checks of this family")] = None,
    most: Annotated[int, typer.Option(min=1, max=500, help="rounds to look back at")] = 40,
    as_json: Annotated[bool, typer.Option("--json", help="for a machine")] = False,
) -> None:
    """Show the latest health round; exit 1 if anything critical is unhealthy, or nobody looks."""
    from contexten.health_history import HistoryWanted
    from starter.console import health as command
    from starter.console.terminal import console

    command.health(console(), HistoryWanted(family, most), as_json=as_json)
