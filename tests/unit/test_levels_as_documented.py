"""The table of what each level changes says what the code does, row by row."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from contexten.app import Importance
from contexten.degradation import LEVELS, SWITCHES, Flag, Level, is_on, parks, skips

PAGE = (Path(__file__).parents[2] / "docs" / "operating.md").read_text()
GOES_ON, SKIPPED, WAITS = "goes on", "skipped", "waits"


def rows() -> dict[str, list[str]]:
    """Each row of the table: its first cell, and the others."""
    section = PAGE.partition("### What each level changes")[2].partition("\n### ")[0]
    lines = [line.strip().strip("|").split("|") for line in section.splitlines() if "|" in line]
    cells = [[cell.strip() for cell in line] for line in lines]
    assert cells[0] == ["what", "switch", *LEVELS]
    return {first: rest for first, *rest in cells[2:]}


def call(operation: str, importance: Importance) -> Callable[[Level], str]:
    """What becomes of a call at a level."""

    def becomes(level: Level) -> str:
        if skips(level, operation):
            return SKIPPED
        return WAITS if parks(level, importance) else GOES_ON

    return becomes


def round_of(flag: Flag, otherwise: str) -> Callable[[Level], str]:
    """What becomes at a level of what only its flag decides."""
    return lambda level: GOES_ON if is_on(flag, level) else otherwise


BEHAVIOUR: dict[str, Callable[[Level], str]] = {
    "deliveries are taken, kept and started": lambda _: GOES_ON,
    "emoji reactions on comments and messages": call("slack.add_reaction", Importance.ESSENTIAL),
    "the missed-delivery sweep": round_of(Flag.BACKGROUND_ROUNDS, SKIPPED),
    "new agent runs": round_of(Flag.NEW_AGENT_RUNS, WAITS),
    "calls of normal reactions": call("github.post_comment", Importance.NORMAL),
    "calls of essential reactions": call("github.post_comment", Importance.ESSENTIAL),
}


def test_the_table_has_each_row_and_no_other() -> None:
    assert list(rows()) == list(BEHAVIOUR)


@pytest.mark.parametrize("what", BEHAVIOUR)
@pytest.mark.parametrize("level", LEVELS)
def test_a_row_says_what_happens_at_a_level(what: str, level: Level) -> None:
    _, *said = rows()[what]

    assert said[LEVELS.index(level)] == BEHAVIOUR[what](level)


@pytest.mark.parametrize("flag", Flag)
def test_each_switch_has_a_row_that_follows_it(flag: Flag) -> None:
    [cells] = [cells for cells in rows().values() if flag in re.findall(r"`(\w+)`", cells[0])]

    on = {level for level, said in zip(LEVELS, cells[1:], strict=True) if said == GOES_ON}
    assert on == SWITCHES[flag]
