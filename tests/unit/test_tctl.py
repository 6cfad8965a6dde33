"""What old runbooks told ``tctl`` is said to today's command line."""

import shlex

import pytest

from starter.console.complaint import Complaint
from starter.console.tctl import translated


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (
            ["workflow", "signal", "-w", "platform/github", "-n", "pause", "-i", '"why"'],
            "workflow signal --workflow-id platform/github --name pause --input '\"why\"'",
        ),
        (
            [
                "wf",
                "sig",
                "--workflow_id",
                "degradation",
                "--name=degrade",
                "-i",
                '"limited" "why"',
            ],
            "workflow signal --workflow-id degradation --name degrade"
            " --input '\"limited\"' --input '\"why\"'",
        ),
        (
            ["--ns", "prod", "wf", "query", "-w", "degradation", "-qt", "level"],
            "workflow query --namespace prod --workflow-id degradation --type level",
        ),
        (["wf", "desc", "-w", "x"], "workflow describe --workflow-id x"),
        (
            ["workflow", "signal", "-w", "x", "-n", "pause", "-i", "not json"],
            "workflow signal --workflow-id x --name pause --input 'not json'",
        ),
    ],
)
def test_a_line_for_tctl_becomes_one_for_temporal(typed: list[str], said: str) -> None:
    assert translated(typed) == shlex.split(said)


@pytest.mark.parametrize("typed", [["admin", "shard"], ["wf", "signal", "--odd", "x"], []])
def test_what_has_no_counterpart_is_refused(typed: list[str]) -> None:
    with pytest.raises(Complaint, match="no counterpart here: there are"):
        translated(typed)
