"""
``tctl`` for old runbooks: what its flags meant, said to today's ``temporal``.

    tctl workflow signal -w platform/github -n pause -i '"why"'
    temporal workflow signal --workflow-id platform/github --name pause --input '"why"'
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import NoReturn

from starter import client, engine
from starter.console import looking, running
from starter.console.complaint import Complaint
from starter.settings import load

FLAGS = {
    "-w": "--workflow-id",
    "--wid": "--workflow-id",
    "--workflow_id": "--workflow-id",
    "-r": "--run-id",
    "--rid": "--run-id",
    "--run_id": "--run-id",
    "-n": "--name",
    "--name": "--name",
    "-qt": "--type",
    "--query_type": "--type",
    "-i": "--input",
    "--input": "--input",
    "-if": "--input-file",
    "--input_file": "--input-file",
    "--ns": "--namespace",
    "--namespace": "--namespace",
    "--ad": "--address",
    "--address": "--address",
    "--reason": "--reason",
    "-re": "--reason",
}
WORDS = {"wf": "workflow", "sig": "signal", "desc": "describe", "term": "terminate"}
KNOWN = {
    f"workflow {verb}" for verb in ("signal", "query", "describe", "show", "cancel", "terminate")
}


def translated(arguments: Sequence[str]) -> list[str]:
    """
    The command line for ``temporal`` that does what *arguments* told ``tctl``.

    Raises:
        Complaint: If it is none of those that old runbooks use.

    >>> translated(["wf", "signal", "-w", "degradation", "-n", "pause", "-i", '"why" "ada"'])[4:]
    ['--name', 'pause', '--input', '"why"', '--input', '"ada"']
    """
    words, flags = [], list[str]()
    left = iter(arguments)
    for one in left:
        if not one.startswith("-"):
            words.append(WORDS.get(one, one))
            continue
        name, given, value = one.partition("=")
        if name not in FLAGS:
            raise Complaint(f"tctl's {name} has no counterpart here: {HOW}", status=2)
        flags += flag(FLAGS[name], value if given else next(left, ""))
    if " ".join(words) not in KNOWN:
        raise Complaint(f"tctl {' '.join(words)} has no counterpart here: {HOW}", status=2)
    return [*words, *flags]


HOW = f"there are {', '.join(sorted(KNOWN))}; for all else use `temporal`."


def flag(name: str, value: str) -> Iterator[str]:
    """One flag with its value; an input that holds several JSON values is one flag each."""
    for one in inputs(value) if name == "--input" else [value]:
        yield from (name, one)


def inputs(text: str) -> list[str]:
    """
    The JSON values that *text* holds one after the other; *text* itself if it is no JSON.

    >>> inputs('"why" {"for": "10m"}')
    ['"why"', '{"for": "10m"}']
    """
    found, rest = [], text.strip()
    while rest:
        try:
            _, end = json.JSONDecoder().raw_decode(rest)
        except ValueError:
            return [text]
        found.append(rest[:end])
        rest = rest[end:].strip()
    return found


def run(arguments: Sequence[str]) -> NoReturn:
    """
    Do it, in place of this process.

    Raises:
        Complaint: If there is no counterpart.
    """
    line = [engine.binary(), *translated(arguments)]
    if "--address" not in line and client.configured_address() is None:
        line += ["--address", looking.engine_of(running.read(load().var))]
    os.execv(line[0], line)  # noqa: S606


def main() -> None:
    """``tctl`` itself."""
    try:
        run(sys.argv[1:])
    except Complaint as complaint:
        print(complaint, file=sys.stderr)
        sys.exit(complaint.status)
