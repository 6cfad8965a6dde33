"""``contexten agents`` and its like: what agents are at work on, and what they are told."""

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)

Context = Annotated[
    str,
    typer.Argument(metavar="CONTEXT", help="as the list says it, such as github/octo/hello#7"),
]
Words = Annotated[str, typer.Argument(metavar="WORDS", help="what is said to it")]
Because = Annotated[str, typer.Argument(metavar="WORDS", help="why, for whoever reads it later")]
By = Annotated[str | None, typer.Option("--by", help="who says it (default: who is logged in)")]
AsJson = Annotated[bool, typer.Option("--json", help="for a machine")]


def tell(context: str, what: str, by: str | None, because: str = "", words: str = "") -> None:
    """Tell the run of a context something, and say what came of it."""
    from starter.agent_runs import What
    from starter.console import agents as command
    from starter.console.orders import Said
    from starter.console.terminal import console

    command.order(console(), context, What(what), said=Said(by, because), words=words)


@app.command()
def agents(
    only_running: Annotated[bool, typer.Option("--running", help="only those under way")] = False,
    most: Annotated[int, typer.Option(min=1, max=1000, help="how many at most")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the agent runs under way and ended, the newest first."""
    from starter.console import agents as command
    from starter.console.terminal import console

    command.agents(console(), most=most, only_running=only_running, as_json=as_json)


@app.command()
def agent(context: Context, as_json: AsJson = False) -> None:
    """Show how the latest run of a context stands: progress, plan, budget and latest calls."""
    from starter.console import agents as command
    from starter.console.terminal import console

    command.agent(console(), context, as_json=as_json)


@app.command("agent-cancel")
def agent_cancel(context: Context, because: Because = "", by: By = None) -> None:
    """End a run; who asked for it is told."""
    tell(context, "cancel", by, because)


@app.command("agent-pause")
def agent_pause(context: Context, because: Because = "", by: By = None) -> None:
    """Let a run take no further turn until it is resumed."""
    tell(context, "pause", by, because)


@app.command("agent-resume")
def agent_resume(context: Context, because: Because = "", by: By = None) -> None:
    """Take the pause of a run back."""
    tell(context, "resume", by, because)


@app.command("agent-message")
def agent_message(context: Context, words: Words, by: By = None) -> None:
    """Say something to a run, which hears it at its next turn."""
    tell(context, "message", by, words=words)


@app.command("agent-approve")
def agent_approve(context: Context, because: Because = "", by: By = None) -> None:
    """Answer what a run asks with yes."""
    tell(context, "approve", by, because)


@app.command("agent-reject")
def agent_reject(context: Context, because: Because = "", by: By = None) -> None:
    """Answer what a run asks with no."""
    tell(context, "reject", by, because)
