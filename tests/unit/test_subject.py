"""A ticket, its branch and its pull request have one run, and hearsay joins nothing."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from contexten.delivery import Event, Platform
from contexten.subject import agent_context, branch_for, context_of_branch, context_of_pull

REPO = "octo/hello"
EVENT = Event(
    platform=Platform.GITHUB,
    delivery_id="1",
    name="pull_request",
    action="labeled",
    received_at=datetime(2026, 1, 1, tzinfo=UTC),
    repository=REPO,
    context=f"github/{REPO}#12",
)
CONTEXTS = [
    f"github/{REPO}#7",
    "linear/ENG-7",
    "linear/A_B-12",
    "slack/C07HARBOUR/1772526600.000200",
]


def pull(branch: str, title: str = "", body: str = "", home: int = 1) -> dict[str, Any]:
    return {
        "repository": {"id": 1},
        "pull_request": {
            "title": title,
            "body": body,
            "head": {"ref": branch, "repo": {"id": home}},
        },
    }


@pytest.mark.parametrize("context", CONTEXTS)
def test_a_branch_of_ours_leads_back_to_its_context(context: str) -> None:
    assert context_of_branch(branch_for(context), REPO) == context
    assert agent_context(replace(EVENT, payload=pull(branch_for(context)))) == context


@pytest.mark.parametrize(
    ("context", "branch"),
    [
        ("github/octo/hello#7", "contexten/github-octo-hello-7-ce1e52"),
        ("linear/ENG-7", "contexten/linear-eng-7-818363"),
        (
            f"github/octo/{'long' * 20}#7",
            f"contexten/github-octo-{'long' * 12}-e61493",
        ),
    ],
)
def test_a_branch_once_named_is_named_so_for_ever(context: str, branch: str) -> None:
    assert branch_for(context) == branch


def test_two_contexts_have_two_branches_however_alike_they_are() -> None:
    long = f"github/octo/{'harbour' * 12}"
    alike = [f"{long}#{n}" for n in range(1, 201)]
    alike += ["linear/A_B-12", "linear/A-B-12", "linear/A-B-1/2", "linear/a-b-12"]
    branches = {branch_for(one) for one in alike}

    assert len(branches) == len(alike)
    assert {one.rpartition("-")[0] for one in branches if "harbour" in one} == {
        f"contexten/{long.replace('/', '-')[:60]}"
    }
    assert max(map(len, branches)) < 80


@pytest.mark.parametrize(
    "branch",
    [
        "contexten/github-octo-hello-7-000000",
        "contexten/linear-eng-7",
        "contexten/",
        "main",
        branch_for("github/octo/other#7"),
    ],
)
def test_a_branch_that_only_looks_like_ours_is_no_runs(branch: str) -> None:
    assert context_of_branch(branch, REPO) is None
    assert agent_context(replace(EVENT, payload=pull(branch))) == EVENT.context


@pytest.mark.parametrize(
    ("branch", "words", "expected"),
    [
        ("ada/eng-7-mend-it", "ENG-7 mend it", "linear/ENG-7"),
        ("eng-7", "Fixes ENG-7.", "linear/ENG-7"),
        ("mend", "See https://linear.app/larkspur/issue/ENG-7/it-breaks", "linear/ENG-7"),
        ("ada/eng-7-mend-it", "", f"github/{REPO}#12"),
        ("mend", "Fixes ENG-7", f"github/{REPO}#12"),
        ("fix-utf-8", "Decodes", f"github/{REPO}#12"),
        ("mend", "https://linear.app.example/x/issue/ENG-7", f"github/{REPO}#12"),
    ],
)
def test_a_pull_request_of_a_ticket_belongs_to_it(branch: str, words: str, expected: str) -> None:
    assert context_of_pull(REPO, 12, branch, words) == expected


def test_a_pull_request_from_a_fork_belongs_to_itself() -> None:
    for branch in (branch_for("linear/ENG-7"), "ada/eng-7-mend-it"):
        payload = pull(branch, title="ENG-7", home=2)
        assert agent_context(replace(EVENT, payload=payload)) == EVENT.context


@pytest.mark.parametrize("thing", ["check_run", "check_suite", "workflow_run"])
def test_a_check_belongs_to_what_its_pull_request_belongs_to(thing: str) -> None:
    said = pull(branch_for("linear/ENG-7"))
    payload = {"repository": said["repository"], thing: {"pull_requests": [said["pull_request"]]}}

    assert agent_context(replace(EVENT, name=thing, payload=payload)) == "linear/ENG-7"


@pytest.mark.parametrize("payload", [None, [], "x", {}, {"pull_request": 5}, {"pull_request": {}}])
def test_a_payload_of_any_shape_keeps_the_context(payload: Any) -> None:
    assert agent_context(replace(EVENT, payload=payload)) == EVENT.context
    assert agent_context(replace(EVENT, context=None, payload=payload)) is None


def test_a_ticket_and_a_thread_are_their_own_subject() -> None:
    for platform, context in ((Platform.LINEAR, "linear/ENG-7"), (Platform.SLACK, "slack/C01/1.2")):
        assert agent_context(replace(EVENT, platform=platform, context=context)) == context
