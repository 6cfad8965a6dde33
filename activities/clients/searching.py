"""
The tools that find things: search, search_files_by_name and semantic_search.

ripgrep does the work, in the version that was installed with us. It reads no configuration of
anybody's, follows no link, and is ended when it takes too long or says too much.
"""

import os
import selectors
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path

from activities.clients.places import Places
from activities.clients.ranking import Passage, nearest
from activities.clients.texts import text_file
from contexten.guards import why_not_read
from contexten.tool_text import Done, Refused
from contexten.tools import SearchFilesByName, SearchText, SemanticSearch

LONGEST_S = 25.0
MOST_BYTES = 4 * 1024 * 1024
MOST_MATCHES = 200
MOST_PATHS = 500
LONGEST_LINE = 400
LONGEST_QUERY = 2_000
MOST_RANKED_FILES = 4_000
MOST_RANKED_BYTES = 24 * 1024 * 1024
CHUNK = 65_536
ENOUGH = "[… there is more: narrow the search down …]"

COMMON = ("--no-config", "--hidden", "--no-messages", "--color=never", "--null", "--glob=!.git")
UNSPEAKABLE = "--glob=!*\n*"
"""A name with a line feed in it would read as two, of which the guard saw only the last."""


@cache
def ripgrep() -> str:
    """
    Where the program is.

    Raises:
        FileNotFoundError: If it was not installed with us.
    """
    for file in metadata.files("ripgrep") or ():
        if file.name in ("rg", "rg.exe"):
            return str(Path(str(file.locate())).resolve())
    raise FileNotFoundError("ripgrep is not installed")


def ran(places: Places, arguments: Sequence[str]) -> tuple[bytes, bool]:
    """
    What ripgrep says in the working copy, and whether that is all of it.

    Raises:
        Refused: If it does not understand what it is asked.
    """
    with subprocess.Popen(  # noqa: S603 - every argument of others stands behind its option
        [ripgrep(), *COMMON, *arguments, UNSPEAKABLE, "--", "."],
        cwd=places.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={},
    ) as program:
        try:
            said, whole = heard(program, time.monotonic() + LONGEST_S)
        finally:
            program.kill()
        wrong = program.stderr.read(4_096).decode(errors="replace") if program.stderr else ""
    if wrong.strip() and not said:
        raise Refused(f"the search was not understood: {wrong.strip()[:600]}")
    return said, whole


def heard(program: subprocess.Popen[bytes], until: float) -> tuple[bytes, bool]:
    """What *program* says, and whether it ended by itself."""
    said = bytearray()
    assert program.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(program.stdout, selectors.EVENT_READ)
        while (left := until - time.monotonic()) > 0 and len(said) < MOST_BYTES:
            if selector.select(left):
                piece = os.read(program.stdout.fileno(), CHUNK)
                if not piece:
                    return bytes(said), True
                said += piece
    return bytes(said), False


def search(places: Places, asked: SearchText) -> Done:
    """Where a regular expression matches, line by line."""
    if not asked.query or len(asked.query) > LONGEST_QUERY or "\0" in asked.query:
        raise Refused(f"'query' is empty, or longer than {LONGEST_QUERY} characters")
    arguments = ["--line-number", "--no-heading", "--with-filename", "--sort=path"]
    arguments += [f"--max-columns={LONGEST_LINE}", "--max-columns-preview", "--max-filesize=4M"]
    arguments += ["--fixed-strings"] if asked.literal else []
    arguments += [f"--glob={asked.glob}"] if asked.glob else []
    said, whole = ran(places, [*arguments, f"--regexp={asked.query}"])
    lines = [line for line in said.decode(errors="replace").split("\n") if "\0" in line]
    shown = [line.removeprefix("./").replace("\0", ":", 1) for line in lines if readable(line)]
    if not shown:
        return Done("nothing matches" if whole else "nothing matched before the time was over")
    if len(shown) > MOST_MATCHES or not whole:
        shown[MOST_MATCHES:] = [ENOUGH]
    return Done("\n".join(shown))


def readable(line: str) -> bool:
    """Whether the file that *line* is of may be read."""
    return why_not_read(line.partition("\0")[0].removeprefix("./")) is None


def search_files_by_name(places: Places, asked: SearchFilesByName) -> Done:
    """Which paths match a glob."""
    found = files_of(places, asked.pattern)
    if not found:
        return Done("no file has such a name")
    if len(found) > MOST_PATHS:
        found[MOST_PATHS:] = [ENOUGH]
    return Done("\n".join(found))


def files_of(places: Places, glob: str) -> list[str]:
    """
    The paths of the files that match *glob* and may be read, in their order.

    Raises:
        Refused: If it is no glob.
    """
    if not glob or glob.startswith(("!", "/")) or ".." in glob.split("/") or "\0" in glob:
        raise Refused("write the glob relative to the root of the repository, such as **/*.py")
    said, _ = ran(places, ["--files", "--sort=path", f"--glob={glob}"])
    paths = (os.fsdecode(one).removeprefix("./") for one in said.split(b"\0") if one)
    return [path for path in paths if why_not_read(path) is None]


def semantic_search(places: Places, asked: SemanticSearch, beat: Callable[[], None]) -> Done:
    """The passages that share the most words with a question."""
    if not asked.query.strip() or len(asked.query) > LONGEST_QUERY:
        raise Refused(f"'query' is empty, or longer than {LONGEST_QUERY} characters")
    most = min(max(asked.most, 1), 30)
    found, files = nearest(texts(places, beat), asked.query, most)
    heading = f"The nearest by the words they share (BM25 over {files} files), not by meaning:"
    if not found:
        return Done("no passage shares a word with it; use search for a part of a word")
    return Done("\n\n".join([heading, *map(shown, found)]))


def shown(passage: Passage) -> str:
    """*passage* as the model sees it."""
    return f"{passage.path}, lines {passage.first} to {passage.last}\n{passage.text}"


def texts(places: Places, beat: Callable[[], None]) -> Iterator[tuple[str, str]]:
    """The text files of the working copy, by their paths, as far as there is room for them."""
    room = MOST_RANKED_BYTES
    for path in files_of(places, "**/*")[:MOST_RANKED_FILES]:
        beat()
        try:
            text = text_file(places, path).text
        except Refused:
            continue
        room -= len(text)
        if room < 0:
            return
        yield path, text
