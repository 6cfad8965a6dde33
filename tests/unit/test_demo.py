"""The demo believes what stands on the platforms, and nothing else."""

from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from starter.console.complaint import Complaint
from starter.console.deliver import Answered
from starter.console.demo import SCENES, Shown, compare, rehearsed
from starter.console.follow import Became

STANDING = [
    {"platform": scene.file.partition("/")[0], "kind": "comment", "target": scene.file}
    for scene in SCENES
    for _ in range(scene.answers)
]


def played() -> list[Shown]:
    """Every delivery, taken twice and ended as it has to."""
    shown = rehearsed(dict.fromkeys(("github", "linear", "slack"), "secret"))
    now = datetime(2026, 3, 1, tzinfo=UTC)
    for one in shown:
        one.answered = [Answered(202, ""), Answered(202, "")]
        outcome = one.scene.outcome
        one.became = Became("", "", "", "", "", outcome, now, timedelta(seconds=1))
    return shown


def said(shown: list[Shown], standing: list[dict[str, object]]) -> str:
    console = Console(record=True, quiet=False, width=200)
    compare(console, shown, standing)
    return console.export_text()


def test_a_ledger_that_agrees_is_said_to() -> None:
    assert "none lost, none doubled, none left open" in said(played(), [*STANDING])


def test_an_answer_that_is_missing_is_a_failure() -> None:
    with pytest.raises(Complaint, match="Answers asked for"):
        said(played(), [*STANDING[1:]])


def test_an_answer_that_stands_twice_is_a_failure() -> None:
    with pytest.raises(Complaint, match="Answers asked for"):
        said(played(), [*STANDING, STANDING[0]])


@pytest.mark.parametrize("outcome", ["running", "failed", "ignored"])
def test_a_delivery_that_ended_otherwise_is_named(outcome: str) -> None:
    shown = played()
    became = shown[3].became
    assert became is not None
    shown[3].became = Became("", "", "", "", "", outcome, became.started_at, became.took)

    with pytest.raises(Complaint, match=r"issues\.labeled"):
        said(shown, [*STANDING])


def test_a_delivery_that_was_not_taken_is_named() -> None:
    shown = played()
    shown[0].answered[1] = Answered(503, "")

    with pytest.raises(Complaint, match="ping"):
        said(shown, [*STANDING])
