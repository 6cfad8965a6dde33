"""The command line, printed: a page of the reference."""

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from starter.cli import app
from starter.markdown import page, table

NAME = "contexten"


def commands_page() -> str:
    """Every command with its arguments and options, as ``--help`` has them."""
    parts = [
        part for words, one in commands(NAME, get_command(app)) for part in described(words, one)
    ]
    return page(
        "Commands",
        f"`{NAME}` is in `.venv/bin` after `make setup`. It ends with 0 if all is as it should be, "
        "with 1 if not,\nand with 2 if it was asked or set up wrongly.",
        *parts,
    )


def commands(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Each command below *command* with the words one types for it."""
    below = getattr(command, "commands", None)
    if below is None:
        yield words, command
        return
    if command.invoke_without_command:
        yield words, command
    for name, one in below.items():
        yield from commands(f"{words} {name}", one)


def described(words: str, command: Any) -> list[str]:
    """What there is to say about *command*."""
    taken = [one for one in command.params if one.param_type_name == "argument"]
    usage = " ".join([words, *(spelled(one) for one in taken)])
    rows = [(f"`{spelled(one)}`", one.help or "") for one in command.params]
    parts = [f"## {words}", command.help, f"    {usage}"]
    return [*parts, table(("option", "is"), rows)] if rows else parts


def spelled(parameter: Any) -> str:
    """*parameter* as one types it."""
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name.upper())
    return ", ".join([*parameter.opts, *parameter.secondary_opts])
