"""What is read on GitHub is what stands there, and never more than one can carry."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pretend import Sandbox

from activities.clients.github import GithubClient
from activities.clients.github_session import Credentials
from contexten.effects import Effect
from contexten.errors import ClientError, TransientError
from contexten.github import (
    ChecksOf,
    CommentAt,
    CommentsOf,
    LineRemark,
    Permission,
    PullRequestChange,
    Review,
    Somebody,
    Target,
)
from sandbox.tokens import GITHUB_TOKEN

REPO = "octo/hello"
SHA = "c" * 40


@pytest.fixture
def github(sandbox: Sandbox) -> Iterator[GithubClient]:
    client = GithubClient(f"{sandbox.url}/github", Credentials(token=GITHUB_TOKEN), timeout_s=5)
    yield client
    client.close()


def ask(sandbox: Sandbox, method: str, path: str, **fields: Any) -> dict[str, Any]:
    """Do something on GitHub under our token."""
    headers = {"authorization": f"token {GITHUB_TOKEN}"}
    answer = sandbox._http.request(
        method, f"/github/repos/{REPO}/{path}", json=fields, headers=headers
    )
    answer.raise_for_status()
    shown: dict[str, Any] = answer.json()
    return shown


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("admin", Permission.ADMIN),
        ("maintain", Permission.WRITE),
        ("write", Permission.WRITE),
        ("triage", Permission.READ),
        ("read", Permission.READ),
        ("none", Permission.NONE),
    ],
)
def test_a_role_is_read_as_github_sums_it_up(
    sandbox: Sandbox, github: GithubClient, role: str, expected: Permission
) -> None:
    said = {"repository": REPO, "login": "ada", "role": role}
    sandbox.arrange("/_github/permissions", said, method="PUT")

    assert github.read_permission(Somebody(REPO, "ada")) is expected


def test_whom_github_does_not_know_may_nothing(github: GithubClient) -> None:
    assert github.read_permission(Somebody(REPO, "missing-ada")) is Permission.NONE


@pytest.mark.parametrize("login", ["../../octo/other", "ada/x", "a?b", "ada bob", ""])
def test_what_is_no_login_may_nothing_and_reaches_no_path(
    sandbox: Sandbox, github: GithubClient, login: str
) -> None:
    assert github.read_permission(Somebody(REPO, login)) is Permission.NONE
    assert sandbox.calls("github") == 0


def test_a_repository_that_is_gone_is_no_permission_but_an_error(github: GithubClient) -> None:
    with pytest.raises(ClientError):
        github.read_permission(Somebody("missing/hello", "ada"))


def test_an_issue_is_read_as_people_read_it(sandbox: Sandbox, github: GithubClient) -> None:
    said = {"repository": REPO, "number": 7, "title": "It breaks", "body": "Här", "author": "ada"}
    sandbox.arrange("/_github/issues", said, method="PUT")

    issue = github.read_issue(Target(REPO, 7))

    assert (issue.title, issue.body, issue.author, issue.state) == (
        "It breaks",
        "Här",
        "ada",
        "open",
    )
    assert (issue.author_association, issue.is_pull_request) == ("MEMBER", False)
    with pytest.raises(ClientError):
        github.read_issue(Target(REPO, 900_000))


def test_of_many_comments_the_latest_are_read(sandbox: Sandbox, github: GithubClient) -> None:
    for number in range(105):
        said = {"repository": REPO, "number": 7, "body": f"{number}", "author": "ada"}
        made = sandbox.arrange("/_github/comments", said)

    found = github.list_comments(CommentsOf(REPO, 7, 3))

    assert [one.body for one in found] == ["102", "103", "104"]
    assert github.read_comment(CommentAt(REPO, made["id"])) == found[-1]
    assert {(one.author, one.by_bot) for one in found} == {("ada", False)}


def test_comments_are_bounded_together_and_the_oldest_left_out(
    sandbox: Sandbox, github: GithubClient
) -> None:
    for letter in "abcd":
        said = {"repository": REPO, "number": 7, "body": letter * 65_000}
        sandbox.arrange("/_github/comments", said)

    found = github.list_comments(CommentsOf(REPO, 7))

    assert [one.body[0] for one in found] == ["b", "c", "d"]


def test_a_comment_that_is_gone_is_a_client_error(github: GithubClient) -> None:
    with pytest.raises(ClientError):
        github.read_comment(CommentAt(REPO, 10**9))


def test_checks_are_read_with_what_they_found(sandbox: Sandbox, github: GithubClient) -> None:
    output = {"title": "2 failed", "summary": "x" * 5_000}
    check = {"name": "tests", "head_sha": SHA, "conclusion": "failure", "output": output}
    ask(sandbox, "POST", "check-runs", **check)
    ask(sandbox, "POST", "check-runs", name="lint", head_sha=SHA, status="in_progress")

    tests, lint = github.list_checks(ChecksOf(REPO, SHA))

    assert (tests.name, tests.status, tests.conclusion) == ("tests", "completed", "failure")
    assert tests.summary.startswith("2 failed\nxxx")
    assert len(tests.summary) == 2_000
    assert (lint.status, lint.conclusion, lint.summary) == ("in_progress", None, "")


def test_a_pull_request_gets_another_title_and_text_once(
    sandbox: Sandbox, github: GithubClient
) -> None:
    change = PullRequestChange(REPO, 12, title="Mend it", body="By not looking.")

    first, second = github.update_pull_request(change), github.update_pull_request(change)

    assert first == second
    assert len(sandbox.effects("pull_request_edited")) == 1
    read = github.read_pull_request(Target(REPO, 12))
    assert (read.title, read.body, read.state) == ("Mend it", "By not looking.", "open")


def patches(sandbox: Sandbox, *files: dict[str, str]) -> None:
    said = {"repository": REPO, "number": 12, "files": list(files)}
    sandbox.arrange("/_github/patches", said, method="PUT")


def test_a_diff_names_every_file_and_what_happens_to_it(
    sandbox: Sandbox, github: GithubClient
) -> None:
    patches(
        sandbox,
        {"filename": "a.py", "status": "modified", "patch": "@@ -1 +1 @@\n-a\n+b"},
        {"filename": "b.py", "status": "added", "patch": "@@ -0,0 +1 @@\n+b"},
        {"filename": "c.png", "status": "removed"},
        {"filename": "e.py", "previous_filename": "d.py", "status": "renamed"},
    )

    diff = github.read_diff(Target(REPO, 12))

    assert diff.text.splitlines() == [
        *("--- a/a.py", "+++ b/a.py", "@@ -1 +1 @@", "-a", "+b"),
        *("--- /dev/null", "+++ b/b.py", "@@ -0,0 +1 @@", "+b"),
        *("--- a/c.png", "+++ /dev/null", "(removed; no text to show)"),
        *("--- a/d.py", "+++ b/e.py", "(renamed; no text to show)"),
    ]
    assert (diff.files, diff.whole) == (4, True)


def test_an_endless_diff_is_cut_between_characters(sandbox: Sandbox, github: GithubClient) -> None:
    files = [{"filename": f"{n}.py", "status": "added", "patch": "+ä" * 20_000} for n in range(120)]
    patches(sandbox, *files)

    diff = github.read_diff(Target(REPO, 12))

    assert not diff.whole
    assert 199_990 <= len(diff.text.encode()) <= 200_000
    assert "\ufffd" not in diff.text


def test_what_cannot_be_read_is_a_garbled_answer(sandbox: Sandbox, github: GithubClient) -> None:
    patches(sandbox, {"nothing": "of use"})

    with pytest.raises(TransientError):
        github.read_diff(Target(REPO, 12))


def test_a_review_comments_and_neither_approves_nor_refuses(
    sandbox: Sandbox, github: GithubClient
) -> None:
    effect = Effect("a" * 32, datetime.now(UTC))
    github.create_review(Review(REPO, 12, SHA, "Fine.", (LineRemark("a.py", 3, "Why?"),), effect))

    [review] = sandbox.effects("review")
    assert review["details"]["event"] == "COMMENT"
    assert review["details"]["comments"] == [
        {"path": "a.py", "line": 3, "side": "RIGHT", "body": "Why?"}
    ]
