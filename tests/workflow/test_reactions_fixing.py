"""Failing checks of our own pull request are mended three times, then a person is told."""

import re
import uuid
from typing import Any

import pytest
from pretend import sandbox
from scene import Scene, scene

from contexten.agent import Task
from contexten.place import Place
from contexten.subject import branch_for
from sandbox.tokens import GITHUB_TOKEN

__all__ = ["sandbox", "scene"]


def commit(number: int) -> str:
    """The SHA of a commit."""
    return f"{number:040x}"


async def failed(scene: Scene, sha: str, **more: Any) -> None:
    """A check of commit *sha* of the pull request failed."""
    pull = {
        "number": 7,
        "head": {"ref": branch_for(scene.issue), "sha": sha, "repo": {"id": 1}},
        "base": {"repo": {"id": 1}},
    }
    check = {"conclusion": "failure", "head_sha": sha, "pull_requests": [pull]} | more
    await scene.github("check_run", "completed", "github-actions[bot]", check_run=check)


def tries(scene: Scene) -> list[str]:
    """How we said which try it is."""
    return [found for one in scene.said() for found in re.findall(r"try \d of \d|I stop here", one)]


async def test_a_failing_check_is_mended_by_the_run_of_its_pull_request(scene: Scene) -> None:
    output = {"title": "1 failed", "summary": "test_greeting"}
    check = {"name": "tests", "head_sha": commit(1), "conclusion": "failure", "output": output}
    headers = {"authorization": f"token {GITHUB_TOKEN}"}
    path = f"/github/repos/{scene.repo}/check-runs"
    scene.sandbox._http.post(path, json=check, headers=headers).raise_for_status()

    await failed(scene, commit(1))

    [ask] = await scene.runs.heard(scene.issue)
    assert (ask.task, ask.pull, ask.repository) == (Task.FIX_CHECKS, 7, scene.repo)
    assert ask.place == Place(ask.place.platform, scene.repo, "7")
    assert "test_greeting" in ask.words
    assert tries(scene) == ["try 1 of 3"]


async def test_after_three_tries_a_person_is_told_once(scene: Scene) -> None:
    for number in range(1, 7):
        await failed(scene, commit(number))

    assert tries(scene) == ["try 1 of 3", "try 2 of 3", "try 3 of 3", "I stop here"]
    assert len(await scene.runs.heard(scene.issue)) == 3


async def test_several_checks_of_one_commit_are_one_try(scene: Scene) -> None:
    for _ in range(3):
        await failed(scene, commit(1))

    assert tries(scene) == ["try 1 of 3"]


@pytest.mark.parametrize(
    "more",
    [
        {"conclusion": "success"},
        {"conclusion": None},
        {"pull_requests": []},
        {"head_sha": commit(9)},
        {"head_sha": None},
    ],
)
async def test_what_is_no_failure_of_ours_is_left_alone(scene: Scene, more: dict[str, Any]) -> None:
    await failed(scene, commit(1), **more)

    assert scene.said() == []


@pytest.mark.parametrize("change", [{"ref": "mend"}, {"repo": {"id": 2}}, {"repo": None}])
async def test_a_pull_request_of_others_is_left_alone(scene: Scene, change: dict[str, Any]) -> None:
    head = {"ref": branch_for(scene.issue), "sha": commit(1), "repo": {"id": 1}} | change
    pull = {"number": 7, "head": head, "base": {"repo": {"id": 1}}}
    await failed(scene, commit(1), pull_requests=[pull])

    assert scene.said() == []


async def test_a_ticket_hears_of_the_checks_of_its_pull_request(scene: Scene) -> None:
    context = f"linear/{scene.ticket}"
    head = {"ref": branch_for(context), "sha": commit(1), "repo": {"id": 1}}
    pull = {"number": 7, "head": head, "base": {"repo": {"id": 1}}}
    await failed(scene, commit(1), pull_requests=[pull])

    assert [ask.task for ask in await scene.runs.heard(context)] == [Task.FIX_CHECKS]


async def test_tries_are_counted_on_the_pull_request_itself(scene: Scene) -> None:
    await failed(scene, commit(1))
    await scene.comment(f"quoted <!-- contexten-fix:{uuid.uuid4().hex} -->", pull=True)
    await failed(scene, commit(2))

    assert tries(scene) == ["try 1 of 3", "try 3 of 3"]
