"""How the offline model mends: one small change after the other, until no test fails."""

import re
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from contexten.offline_reading import (
    DEFINED,
    EXPECTED,
    FRAME,
    RUN,
    between,
    called_in,
    count,
    failing,
    is_literal,
    is_test,
    quoted,
    ran,
    shown,
)
from contexten.repair import Change, changes
from contexten.transcript import Message

MOST_CANDIDATES = 60
MOST_FILES = 4
ONLY_ANSWER = re.compile(r"(?im)\bonly answer: *([^\n]+)$")
STOP = re.compile(r"(?im)^(?:@\S+[ ,:]*)?(?:please )?stop[.!]*$")


@dataclass(frozen=True, slots=True)
class Heard:
    """
    What came of a step.

    Attributes:
        results: What the tools answered, in the order of the calls.
        words: Everything people have said so far.
    """

    results: tuple[Message, ...] = ()
    words: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What is said, and what is to be done with it: the tools and their arguments."""

    text: str = ""
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()


Course = Generator[Step, Heard, None]
Tried = Generator[Step, Heard, Heard]


@dataclass(slots=True)
class Work:
    """
    What is known of the work so far.

    Attributes:
        tools: What there is to work with.
        done: What was done, in plain words.
        written: The files that were written because somebody said so.
    """

    tools: frozenset[str]
    done: list[str] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)


def ordered(heard: Heard) -> str | None:
    """What it must end with at once because a person said so; None if nobody did."""
    if STOP.search(heard.words):
        return "I stopped, as I was told to."
    answer = ONLY_ANSWER.findall(heard.words)
    return str(answer[-1]).strip() if answer else None


def candidates_tried(
    heard: Heard, work: Work, text: str
) -> Generator[Step, Heard, tuple[Heard, bool]]:
    """Try small changes until no test fails; whether that came about."""
    tried: set[str] = set()
    while count(text) and ordered(heard) is None:
        heard, found = yield from suspected(heard, text)
        new = [one for one in found if one[1].new not in tried][: MOST_CANDIDATES - len(tried)]
        heard, after = yield from one_tried(heard, work, text, new, tried)
        if after == text:
            break
        text = after
    return heard, count(text) == 0


def one_tried(
    heard: Heard, work: Work, text: str, found: list[tuple[str, Change]], tried: set[str]
) -> Generator[Step, Heard, tuple[Heard, str]]:
    """Try what was *found* until one change helps; what the tests say then, else *text*."""
    undo: tuple[tuple[str, dict[str, Any]], ...] = ()
    for path, change in found:
        tried.add(change.new)
        edit = ("edit_file", {"path": path, "old": change.old, "new": change.new})
        said = f"Perhaps in {path}, line {change.line}, {change.why}."
        heard = yield Step(said, (*undo, edit, ("run_bash_command", {"command": RUN})))
        undo = ()
        if heard.results[-2].ok:
            undo = (("edit_file", {"path": path, "old": change.new, "new": change.old}),)
        after = heard.results[-1].text
        if undo and ran(after) and count(after) < count(text):
            work.done.append(f"in `{path}`, line {change.line}: {change.why}")
            return heard, after
        if ordered(heard) is not None:
            break
    if undo:
        heard = yield Step("That did not help: I take it back.", undo)
    return heard, text


def suspected(
    heard: Heard, text: str
) -> Generator[Step, Heard, tuple[Heard, list[tuple[str, Change]]]]:
    """The changes worth trying for the failures in *text*, the likeliest first."""
    tests = list(dict.fromkeys(file for file, _ in failing(text)))[:MOST_FILES]
    frames = [(file, name) for file, _, name in FRAME.findall(text) if not is_test(file)]
    called: list[str] = []
    if tests:
        shows = tuple(("run_bash_command", {"command": shown(path)}) for path in tests)
        heard = yield Step("I read the tests that fail.", shows)
        wanted = {test.rpartition("::")[2].partition("[")[0] for _, test in failing(text)}
        for one in heard.results:
            called += called_in(between(one.text), wanted)
    suspects = list(dict.fromkeys([*(name for _, name in frames), *called]))[:20]
    if not suspects:
        return heard, []
    pattern = f"def ({'|'.join(suspects)})\\b"
    look = f"grep -rnE --include='*.py' {quoted(pattern)} . | head -n 100"
    heard = yield Step("I look where they are defined.", (("run_bash_command", {"command": look}),))
    homes: dict[str, list[str]] = {}
    for path, name in DEFINED.findall(heard.results[0].text):
        if not is_test(path):
            homes.setdefault(path, []).append(name)
    files = sorted(homes, key=lambda p: min(suspects.index(n) for n in homes[p]))[:MOST_FILES]
    if not files:
        return heard, []
    shows = tuple(("run_bash_command", {"command": shown(path)}) for path in files)
    heard = yield Step("I read them.", shows)
    hints = [literal for pair in EXPECTED.findall(text) for literal in pair if is_literal(literal)]
    found: list[tuple[str, Change]] = []
    for path, one in zip(files, heard.results, strict=False):
        order = sorted(set(homes[path]), key=suspects.index)
        found += [(path, c) for c in changes(between(one.text), order, hints[:4])]
    return heard, found
