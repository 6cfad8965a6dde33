"""``contexten rules``: the rule book on the command line."""

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)
rules_app = typer.Typer(
    help="How patient we are with each platform: shown, changed within bounds, rolled back.",
    no_args_is_help=True,
)
app.add_typer(rules_app, name="rules")

Because = Annotated[str, typer.Option("--because", help="why, for whoever reads it later")]
By = Annotated[str | None, typer.Option("--by", help="who changes it (default: who is logged in)")]
AsJson = Annotated[bool, typer.Option("--json", help="for a machine")]


@rules_app.command("show")
def rules_show(
    about: Annotated[
        str,
        typer.Argument(
            metavar="ABOUT",
            help="slack, slack.post_message, slack.breaker, ... (default: everything)",
        ),
    ] = "",
    only_changed: Annotated[
        bool, typer.Option("--changed", help="only what is not as it is shipped")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print every value in force, with the bounds that it cannot leave."""
    from starter.console import rules
    from starter.console.terminal import console

    rules.show(console(), about, only_changed=only_changed, as_json=as_json)


@rules_app.command("set")
def rules_set(
    changes: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH=VALUE...",
            help="such as slack.base_delay=2s; `default` for what is shipped",
        ),
    ],
    because: Because,
    by: By = None,
) -> None:
    """Change values, all or none; calls that wait already follow."""
    from starter.console import rules
    from starter.console.terminal import console

    rules.change(console(), changes, by=by, because=because)


@rules_app.command("history")
def rules_history(
    most: Annotated[int, typer.Option(min=1, max=100, help="how many at most, the latest")] = 20,
    as_json: AsJson = False,
) -> None:
    """Print who changed what, why and when."""
    from starter.console import rules
    from starter.console.terminal import console

    rules.history(console(), most=most, as_json=as_json)


@rules_app.command("rollback")
def rules_rollback(
    version: Annotated[
        int, typer.Argument(metavar="VERSION", help="as `contexten rules history` says it")
    ],
    because: Because,
    by: By = None,
) -> None:
    """Go back to an old version, as a new one that is equal to it."""
    from starter.console import rules
    from starter.console.terminal import console

    rules.roll_back(console(), version, by=by, because=because)
