"""Orders on the command line: pause, resume, degrade and the like, and how things stand."""

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)

AS_TYPED = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}

One = Annotated[
    str,
    typer.Argument(
        metavar="TARGET",
        help="all, github, linear, slack, a repository as owner/name, or github/<delivery>",
    ),
]
OnePlatform = Annotated[
    str, typer.Argument(metavar="PLATFORM", help="github, linear, slack or model")
]
Because = Annotated[str, typer.Option("--because", help="why, for whoever reads it later")]
For = Annotated[
    str, typer.Option("--for", metavar="SPAN", help="10m, 1h30m, 7d (default: until taken back)")
]
By = Annotated[str | None, typer.Option("--by", help="who orders it (default: who is logged in)")]
AsJson = Annotated[bool, typer.Option("--json", help="for a machine")]


def give(target: str, what: str, by: str | None, because: str, lasting: str = "") -> None:
    """Give an order and say what came of it."""
    from starter.console import orders
    from starter.console.terminal import console

    orders.give(console(), target, what, said=orders.Said(by, because, lasting))


@app.command()
def pause(target: One, lasting: For = "", because: Because = "", by: By = None) -> None:
    """Let every call wait in the engine: of a platform, about a repository, or of a workflow."""
    give(target, "pause", by, because, lasting)


@app.command()
def resume(target: One, because: Because = "", by: By = None) -> None:
    """Take a pause back."""
    give(target, "resume", by, because)


@app.command()
def degrade(
    level: Annotated[
        str, typer.Argument(metavar="LEVEL", help="full, limited, essential or maintenance")
    ],
    lasting: For = "",
    because: Because = "",
    by: By = None,
) -> None:
    """Keep the service at a level, whatever health says; `contexten release all` ends it."""
    from starter.console import orders
    from starter.console.terminal import console

    said = orders.Said(by, because, lasting)
    orders.give(console(), "all", "degrade", said=said, level=level)


@app.command("force-open")
def force_open(
    platform: OnePlatform, lasting: For = "", because: Because = "", by: By = None
) -> None:
    """Hold a platform's breaker open, whatever its calls come to."""
    give(platform, "force-open", by, because, lasting)


@app.command("force-closed")
def force_closed(
    platform: OnePlatform, lasting: For = "", because: Because = "", by: By = None
) -> None:
    """Hold a platform's breaker closed, whatever its calls come to."""
    give(platform, "force-closed", by, because, lasting)


@app.command("metrics-only")
def metrics_only(
    platform: OnePlatform, lasting: For = "", because: Because = "", by: By = None
) -> None:
    """Let a platform's breaker count and show, and hold nothing back."""
    give(platform, "metrics-only", by, because, lasting)


@app.command()
def release(
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="all, github, linear or slack")
    ] = "all",
    because: Because = "",
    by: By = None,
) -> None:
    """Let health decide the level again, or a platform's calls its breaker."""
    give(target, "release", by, because)


@app.command()
def retry(
    workflow: Annotated[str, typer.Argument(metavar="WORKFLOW", help="such as github/<delivery>")],
    because: Because = "",
    by: By = None,
) -> None:
    """Let a workflow that failed or is stuck go on from the step that failed; print the new run."""
    from starter.console import orders
    from starter.console.terminal import console

    orders.retry(console(), workflow, said=orders.Said(by, because))


@app.command()
def standing(as_json: AsJson = False) -> None:
    """Say at which level the service is, what is held or paused, and who ordered what and why."""
    from starter.console import orders
    from starter.console.terminal import console

    orders.standing(console(), as_json=as_json)


@app.command(
    context_settings={
        "ignore_unknown_options": True,
        "allow_extra_args": True,
        "help_option_names": [],
    }
)
def tctl(context: typer.Context) -> None:
    """Do what `tctl workflow signal -w ID -n NAME -i INPUT` did, with today's `temporal`."""
    from starter.console import tctl as shim

    shim.run(context.args)
