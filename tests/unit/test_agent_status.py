"""How a run stands is said in plain words, and nothing in them gives orders to Markdown."""

from dataclasses import replace
from typing import Any

from contexten.agent_status import Standing, told

PROGRESS: dict[str, Any] = {
    "state": "Waits for an answer",
    "asked_by": None,
    "turns": 3,
    "question": "Which <b>one</b>?",
    "latest": [["view_file", "a", True], ["edit_file", "b", False]],
    "branch": "contexten/one",
    "pull_request": "https://github/pull/7",
    "waiting": 2,
}
BUDGET: dict[str, Any] = {
    "model_calls": {"spent": 3, "of": 100},
    "tool_calls": {"spent": 500, "of": 400},
    "tokens": {"spent": 10, "of": 1000},
    "usd": {"spent": 1.5, "of": 10.0},
    "wall_clock_s": {"left": 5430.0, "of": 7200.0},
}


def test_everything_there_is_to_say_is_said() -> None:
    assert told(Standing(PROGRESS, BUDGET)).splitlines() == [
        "A run is under way here, for somebody.",
        "",
        "- state: Waits for an answer",
        "- it asks: Which b one /b ?",
        "- turns taken: 3",
        "- last tool: `edit_file`, which failed",
        "- branch: contexten/one",
        "- pull request: https://github/pull/7",
        "- said to it and not yet read: 2",
        "- left: 97 of 100 model calls, 0 of 400 tool calls, 990 of 1000 tokens, "
        "$8.50 of $10.00, 90m of its time",
    ]


def test_a_run_that_has_only_begun_has_little_to_say() -> None:
    nothing: dict[str, Any] = dict.fromkeys(PROGRESS)
    begins = nothing | {"state": "Begins", "asked_by": "ada", "turns": 0, "latest": []}
    none = {name: {"spent": 0, "of": None} for name in BUDGET}

    said = told(Standing(begins, none | {"wall_clock_s": {"left": None, "of": None}}))

    assert said.splitlines() == [
        "A run is under way here, for ada.",
        "",
        "- state: Begins",
        "- turns taken: 0",
    ]


def test_a_last_tool_that_went_well_and_a_time_without_bounds_are_said() -> None:
    progress = PROGRESS | {"latest": [["commit", "", True]]}
    budget = BUDGET | {"wall_clock_s": {"left": None, "of": None}}

    said = told(replace(Standing(progress), budget=budget))

    assert "- last tool: `commit`, which went well" in said
    assert said.endswith("$8.50 of $10.00")


def test_no_run_and_no_answer_are_told_apart() -> None:
    assert told(None) != told(Standing())
