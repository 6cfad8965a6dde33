"""The agent's scene of the demo believes what stands on GitHub and what the tests say."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from starter.agent_runs import Listed, Shown
from starter.console.complaint import Complaint
from starter.console.demo_agent import CONTEXT, ISSUE, SHUT_IN, Checked, Seen, is_of_agent, tell

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OURS = "contexten/github-octo-hello-1"
PROGRESS = {
    "asked_by": "ada-marsh",
    "turns": 8,
    "model": "offline",
    "branch": OURS,
    "pull_request": "http://github/octo/hello/pull/2",
    "latest": [["edit_file", "greeting.py", True], ["edit_file", "greeting.py", False]],
}
DIFF = "--- a/greeting.py\n+++ b/greeting.py\n@@ -1 +1 @@\n-    old\n+    new\n"
TESTS = (Checked("main", False, "1 failed"), Checked(OURS, True, "3 passed"))


def effect(kind: str, target: str, **details: Any) -> dict[str, Any]:
    return {"platform": "github", "kind": kind, "target": target, "details": details}


PUSH = effect("push", "octo/hello", branch=OURS)
PULL = effect("pull_request", "octo/hello#2", title="Mended", base="main", head=OURS)
COMMENTS = [effect("comment", ISSUE, body=body) for body in ("On it.", "All tests pass now.")]
ENDED = Shown(Listed(CONTEXT, "done", False, "ada-marsh", NOON, NOON), PROGRESS, "", {})
WELL = Seen(ENDED, [PUSH, PULL, *COMMENTS], SHUT_IN, None, DIFF, TESTS)
REFUSED = Seen(ENDED, COMMENTS, SHUT_IN, "install bubblewrap")


def said(found: Seen) -> str:
    console = Console(record=True, width=200)
    tell(console, found, "http://ui/")
    return console.export_text()


def test_a_run_is_told_in_plain_words() -> None:
    text = said(WELL)

    for words in (
        "ada-marsh put our label",
        "done, in 8 turns",
        "no language model",
        "edit_file (2)",
        "shut in by bubblewrap",
        "pull/2: Mended",
        "-    old\n    +    new",
        "main: 1 failed",
        f"{OURS}: 3 passed",
        "All tests pass now.",
    ):
        assert words in text
    assert "+++" not in text


@pytest.mark.parametrize(
    ("effects", "tests", "why"),
    [
        ([*COMMENTS], (), "not one pull request"),
        ([PULL, *COMMENTS], (TESTS[1], TESTS[1]), "does not make the failing test pass"),
        ([PULL, *COMMENTS], (TESTS[0], TESTS[0]), "does not make the failing test pass"),
        ([PULL, PULL, *COMMENTS], TESTS, "not one pull request"),
        ([PULL, *COMMENTS, COMMENTS[0]], TESTS, "3 comments"),
        ([PULL], TESTS, "0 comments"),
    ],
)
def test_what_is_not_there_is_a_failure(
    effects: list[dict[str, Any]], tests: tuple[Checked, ...], why: str
) -> None:
    with pytest.raises(Complaint, match=why):
        said(replace(WELL, effects=effects, tests=tests))


def test_a_run_that_failed_is_a_failure() -> None:
    failed = replace(ENDED, run=replace(ENDED.run, state="failed"))

    with pytest.raises(Complaint, match="ended as failed"):
        said(replace(WELL, shown=failed))


def test_where_no_command_can_be_shut_in_that_is_said_and_well() -> None:
    text = said(REFUSED)

    assert "install bubblewrap" in text
    assert "none, as the tests could not be run" in text


def test_a_push_where_no_command_could_be_run_is_a_failure() -> None:
    with pytest.raises(Complaint, match="pushed where no command"):
        said(replace(REFUSED, effects=[PUSH, *COMMENTS]))


def test_only_what_stands_at_the_sample_is_the_agents() -> None:
    assert [is_of_agent(one) for one in (PUSH, PULL, *COMMENTS)] == [True] * 4
    assert not is_of_agent(effect("comment", "larkspur/tidepool#7"))
