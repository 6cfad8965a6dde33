"""The tool that shows where something is defined, and where it is used."""

import base64
import json
import os
import re
import time
from dataclasses import dataclass

from activities.clients.languages import KNOWN, Definition, definitions, language_of
from activities.clients.places import Places
from activities.clients.searching import ran
from activities.clients.texts import text_file
from contexten.guards import why_not_read
from contexten.tool_text import Done, Refused
from contexten.tools import RevealSymbol

LONGEST_NAME = 300
LARGEST_PARSED = 1024 * 1024
MOST_PARSED = 300
PARSING_S = 15.0
MOST_SHOWN = 8
MOST_NAMED = 40
MOST_LINES = 120
MOST_CHARACTERS = 8_000
LONGEST_LINE = 240
MOST_USES = 60
MOST_USES_A_FILE = 20
NAME = re.compile(r"[\w$]+(?:(?:\.|::|#)[\w$]+)*")


@dataclass(frozen=True, slots=True)
class Found:
    """A definition, the file that it is in, and its code."""

    path: str
    one: Definition
    code: str

    def heading(self) -> str:
        """What it is, and where."""
        name = ".".join((*self.one.owners, self.one.name))
        lines = f"lines {self.one.first} to {self.one.last}"
        return f"{self.path}:{self.one.line}: {self.one.kind} {name} ({lines})"


@dataclass(frozen=True, slots=True)
class Use:
    """A line that has the name."""

    path: str
    line: int
    text: str


def reveal_symbol(places: Places, asked: RevealSymbol) -> Done:
    """Where a name is defined, with the code, and where else it stands."""
    if len(asked.name) > LONGEST_NAME or not NAME.fullmatch(asked.name):
        raise Refused("'name' is no name: write one such as parse, or Parser.parse")
    parts = tuple(re.split(r"\.|::|#", asked.name))
    within = places.to_read(asked.path) if asked.path else "."
    if within != "." and places.kind(within) is None:
        raise Refused(f"{within}: there is no such file or folder")
    paths = sorted(naming(places, parts[-1]), key=lambda path: (not is_in(path, within), path))
    if not paths:
        return Done(f"{parts[-1]} stands in no file: search for a part of it")
    found, whole = defined(places, paths, parts)
    here = [one for one in found if is_in(one.path, within)]
    elsewhere = [one for one in found if not is_in(one.path, within)]
    uses = used(places, parts[-1], {(one.path, one.one.line) for one in found})
    pieces = [
        told_definitions(asked.name, within, here, paths),
        *([listed("Defined elsewhere, too:", elsewhere)] if elsewhere else []),
        *([] if whole else ["(Not every file that has the name could be looked at.)"]),
        told_uses(parts[-1], uses),
    ]
    return Done("\n\n".join(pieces))


def is_in(path: str, within: str) -> bool:
    """Whether *path* is *within*, a file or folder."""
    return within in (".", path) or path.startswith(f"{within}/")


def naming(places: Places, name: str) -> list[str]:
    """The files that have the word *name* and may be read."""
    asked = ["--files-with-matches", "--fixed-strings", "--word-regexp", "--max-filesize=4M"]
    said, _ = ran(places, [*asked, "--sort=path", f"--regexp={name}"])
    paths = (os.fsdecode(one).removeprefix("./") for one in said.split(b"\0") if one)
    return [path for path in paths if why_not_read(path) is None]


def defined(places: Places, paths: list[str], parts: tuple[str, ...]) -> tuple[list[Found], bool]:
    """What of that name is defined in *paths*, and whether all of them were looked at."""
    found = list[Found]()
    known = [path for path in paths if language_of(path)]
    until = time.monotonic() + PARSING_S
    whole = len(known) <= MOST_PARSED
    for path in known[:MOST_PARSED]:
        if time.monotonic() > until:
            return found, False
        try:
            text = text_file(places, path).text
        except Refused:
            continue
        if len(text) > LARGEST_PARSED:
            whole = False
            continue
        lines = text.split("\n")
        for one in definitions(language_of(path) or "", text):
            if one.is_called(parts):
                found.append(Found(path, one, numbered(lines, one)))
    return found, whole


def numbered(lines: list[str], one: Definition) -> str:
    """The code of *one*, numbered, or the beginning of it."""
    last = min(one.last, one.first + MOST_LINES - 1)
    shown = [f"{n:>6}  {lines[n - 1][:LONGEST_LINE]}" for n in range(one.first, last + 1)]
    code = "\n".join(shown)[:MOST_CHARACTERS]
    if last < one.last or len(code) == MOST_CHARACTERS:
        code += f"\n[… it goes on to line {one.last}: view the file there …]"
    return code


def told_definitions(name: str, within: str, found: list[Found], paths: list[str]) -> str:
    """What is said of where *name* is defined."""
    where = "" if within == "." else f" in {within}"
    if not found:
        foreign = sum(language_of(path) is None for path in paths)
        why = f" (definitions are known in {KNOWN}; {foreign} files with the name are in another)"
        return f"No definition of {name} was found{where}{why if foreign else ''}."
    pieces = [f"{one.heading()}\n{one.code}" for one in found[:MOST_SHOWN]]
    if len(found) > MOST_SHOWN:
        pieces.append(listed("And defined here, too:", found[MOST_SHOWN:]))
    return "\n\n".join(pieces)


def listed(heading: str, found: list[Found]) -> str:
    """Where *found* are, without the code."""
    lines = [one.heading() for one in found[:MOST_NAMED]]
    if len(found) > MOST_NAMED:
        lines.append(f"and {len(found) - MOST_NAMED} more")
    return "\n".join([heading, *lines])


def used(places: Places, name: str, but: set[tuple[str, int]]) -> list[Use]:
    """The lines that have the word *name*, without those of *but*."""
    asked = ["--json", "--fixed-strings", "--word-regexp", "--sort=path", "--max-filesize=1M"]
    said, _ = ran(places, [*asked, f"--max-count={MOST_USES_A_FILE}", f"--regexp={name}"])
    found = list[Use]()
    for line in said.split(b"\n"):
        use = use_of(line)
        if use and (use.path, use.line) not in but and why_not_read(use.path) is None:
            found.append(use)
        if len(found) > MOST_USES:
            break
    return found


def use_of(line: bytes) -> Use | None:
    """What a *line* of ripgrep's says; None if it is of no match, or was cut off."""
    try:
        said = json.loads(line)
    except ValueError:
        return None
    if said.get("type") != "match" or said["data"]["line_number"] is None:
        return None
    path = os.fsdecode(bytes_of(said["data"]["path"])).removeprefix("./")
    text = bytes_of(said["data"]["lines"]).decode(errors="replace").strip()
    return Use(path, said["data"]["line_number"], text)


def bytes_of(said: dict[str, str]) -> bytes:
    """What ripgrep wrote as text if it is one, else in base64."""
    return base64.b64decode(said["bytes"]) if "bytes" in said else said["text"].encode()


def told_uses(name: str, uses: list[Use]) -> str:
    """What is said of the lines that have *name*."""
    if not uses:
        return f"No other line has the word {name}."
    lines = [f"{use.path}:{use.line}: {use.text[:LONGEST_LINE]}" for use in uses[:MOST_USES]]
    if len(uses) > MOST_USES:
        lines.append("[… there are more: search for it, with a glob …]")
    return "\n".join([f"Other lines with the word {name}:", *lines])
