"""A ticket moves forward with the work, and what people ended stays ended."""

from dataclasses import replace

import pytest

from contexten.linear import Issue, WorkflowState
from contexten.tickets import Stage, state_for

KINDS = {
    "Backlog": "backlog",
    "Todo": "unstarted",
    "In Progress": "started",
    "In Review": "started",
    "Done": "completed",
}
STATES = [
    WorkflowState(name, name, kind, float(n), "team")
    for n, (name, kind) in enumerate(KINDS.items())
]
ISSUE = Issue("i", "ENG-7", "u", "t", "", 0, "Todo", "unstarted", "team", "ENG", None, ())


def at(name: str) -> Issue:
    return replace(ISSUE, state=name, state_type=KINDS[name])


def moved(stage: Stage, name: str, states: list[WorkflowState] = STATES) -> str | None:
    found = state_for(stage, at(name), states)
    return found and found.name


@pytest.mark.parametrize(
    ("stage", "before", "after"),
    [
        (Stage.BEGUN, "Backlog", "In Progress"),
        (Stage.BEGUN, "Todo", "In Progress"),
        (Stage.BEGUN, "In Progress", None),
        (Stage.BEGUN, "In Review", None),
        (Stage.BEGUN, "Done", None),
        (Stage.IN_REVIEW, "Todo", "In Review"),
        (Stage.IN_REVIEW, "In Progress", "In Review"),
        (Stage.IN_REVIEW, "In Review", None),
        (Stage.IN_REVIEW, "Done", None),
    ],
)
def test_a_ticket_only_moves_forward(stage: Stage, before: str, after: str | None) -> None:
    assert moved(stage, before) == after


def test_the_first_started_state_is_the_one_that_comes_first_in_the_team() -> None:
    assert moved(Stage.BEGUN, "Todo", STATES[::-1]) == "In Progress"


def test_a_team_without_such_a_state_keeps_its_tickets() -> None:
    without = [one for one in STATES if one.name != "In Review"]

    assert moved(Stage.IN_REVIEW, "In Progress", without) is None
    assert moved(Stage.BEGUN, "Todo", []) is None
