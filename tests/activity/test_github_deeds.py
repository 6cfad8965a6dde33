"""Each deed on GitHub is done once, also when it is repeated or its answer is lost."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pretend import Sandbox

from activities.clients.github import GithubClient
from activities.clients.github_session import Credentials
from contexten.effects import Effect, keys_in
from contexten.errors import ClientError, TransientError
from contexten.github import (
    CheckRun,
    Comment,
    Conclusion,
    Emoji,
    FileAt,
    FileText,
    Labels,
    LineRemark,
    NewIssue,
    NewPullRequest,
    ReactionTo,
    Review,
    ReviewComment,
    Search,
    Target,
)
from sandbox.tokens import GITHUB_TOKEN

REPO = "octo/hello"
EFFECT = Effect("a" * 32, datetime.now(UTC) - timedelta(minutes=5))
OTHER = Effect("b" * 32, EFFECT.since)
SHA = "c" * 40

COMMENT = Comment(REPO, 12, "On it.", EFFECT)
REVIEW_COMMENT = ReviewComment(REPO, 12, SHA, "src/app.py", 3, "Why?", EFFECT)
ISSUE = NewIssue(REPO, "It breaks", "When I look.", ("bug",), EFFECT)
PULL = NewPullRequest(REPO, "Mend it", "By not looking.", "mend", "main")
CHECK = CheckRun(REPO, SHA, "contexten", Conclusion.SUCCESS, "Fine", "All is well.", EFFECT)
REVIEW = Review(REPO, 12, SHA, "Fine.", (LineRemark("a.py", 1, "Why?"),), EFFECT)
LABELS = Labels(REPO, 12, ("bug", "good first issue"))
EYES = ReactionTo(REPO, Emoji.EYES, 12)

Deed = Callable[[GithubClient], Any]
DEEDS: dict[str, tuple[Deed, str, int]] = {
    "comment": (lambda github: github.post_comment(COMMENT), "comment", 1),
    "review comment": (
        lambda github: github.post_review_comment(REVIEW_COMMENT),
        "review_comment",
        1,
    ),
    "issue": (lambda github: github.create_issue(ISSUE), "issue", 1),
    "pull request": (lambda github: github.create_pull_request(PULL), "pull_request", 1),
    "check run": (lambda github: github.create_check_run(CHECK), "check_run", 1),
    "review": (lambda github: github.create_review(REVIEW), "review", 1),
    "labels": (lambda github: github.add_labels(LABELS), "label", 2),
    "reaction": (lambda github: github.add_reaction(EYES), "reaction", 1),
}
each_deed = pytest.mark.parametrize(("deed", "kind", "effects"), DEEDS.values(), ids=DEEDS)


@pytest.fixture
def github(sandbox: Sandbox) -> Iterator[GithubClient]:
    client = GithubClient(f"{sandbox.url}/github", Credentials(token=GITHUB_TOKEN), timeout_s=2)
    yield client
    client.close()


@each_deed
def test_a_deed_repeated_is_seen_once(
    sandbox: Sandbox, github: GithubClient, deed: Deed, kind: str, effects: int
) -> None:
    first, second = deed(github), deed(github)

    assert first == second
    assert len(sandbox.effects(kind)) == effects


@each_deed
def test_a_deed_whose_answer_was_lost_is_found_by_the_next_attempt(
    sandbox: Sandbox, github: GithubClient, deed: Deed, kind: str, effects: int
) -> None:
    sandbox.breaks("github", "lost_answer", match="POST", count=1)
    with pytest.raises(TransientError):
        deed(github)
    assert len(sandbox.effects(kind)) == effects

    deed(github)

    assert len(sandbox.effects(kind)) == effects


@each_deed
def test_a_deed_truncated_in_its_answer_is_found_by_the_next_attempt(
    sandbox: Sandbox, github: GithubClient, deed: Deed, kind: str, effects: int
) -> None:
    sandbox.breaks("github", "truncated", match="POST", count=1)
    with pytest.raises(TransientError):
        deed(github)

    deed(github)

    assert len(sandbox.effects(kind)) == effects


def test_a_comment_carries_its_key_and_answers_with_where_it_stands(
    sandbox: Sandbox, github: GithubClient
) -> None:
    posted = github.post_comment(COMMENT)

    [effect] = sandbox.effects("comment")
    assert effect["target"] == "octo/hello#12"
    assert effect["details"]["id"] == posted.id
    assert effect["details"]["body"].startswith("On it.\n")
    assert keys_in(effect["details"]["body"]) == {EFFECT.key}
    assert posted.url.endswith(f"/octo/hello/issues/12#issuecomment-{posted.id}")


def test_another_key_is_another_comment(sandbox: Sandbox, github: GithubClient) -> None:
    github.post_comment(COMMENT)
    github.post_comment(Comment(REPO, 12, "On it.", OTHER))

    assert len(sandbox.effects("comment")) == 2


def test_a_comment_is_found_on_the_third_page(sandbox: Sandbox, github: GithubClient) -> None:
    with httpx.Client(headers={"authorization": f"Bearer {GITHUB_TOKEN}"}) as http:
        for number in range(201):
            path = f"{sandbox.url}/github/repos/{REPO}/issues/12/comments"
            http.post(path, json={"body": f"Comment {number}"}).raise_for_status()
    first = github.post_comment(COMMENT)
    before = sandbox.calls("github")

    assert github.post_comment(COMMENT) == first
    assert sandbox.calls("github") - before == 3


def test_a_new_comment_takes_two_requests(sandbox: Sandbox, github: GithubClient) -> None:
    github.post_comment(COMMENT)

    assert sandbox.calls("github") == 2


def test_a_pull_request_is_read_as_it_was_opened(github: GithubClient) -> None:
    opened = github.create_pull_request(PULL)
    github.add_labels(Labels(REPO, opened.number, ("review",)))

    pull = github.read_pull_request(Target(REPO, opened.number))

    assert (pull.number, pull.id, pull.url) == (opened.number, opened.id, opened.url)
    assert (pull.title, pull.body, pull.head, pull.base) == (
        PULL.title,
        PULL.body,
        PULL.head,
        PULL.base,
    )
    assert (pull.state, pull.merged, pull.labels) == ("open", False, ("review",))


def test_a_pull_request_between_the_same_branch_is_refused(github: GithubClient) -> None:
    with pytest.raises(ClientError, match="No commits between main and main"):
        github.create_pull_request(NewPullRequest(REPO, "t", "b", "main", "main"))


def test_labels_come_and_go(github: GithubClient) -> None:
    assert github.add_labels(LABELS) == LABELS.names

    github.remove_labels(LABELS)
    github.remove_labels(LABELS)

    assert github.add_labels(Labels(REPO, 12, ("new",))) == ("new",)


def test_a_comment_can_be_reacted_to(sandbox: Sandbox, github: GithubClient) -> None:
    posted = github.post_comment(COMMENT)

    for _ in range(2):
        github.add_reaction(ReactionTo(REPO, Emoji.ROCKET, 12, comment_id=posted.id))

    [effect] = sandbox.effects("reaction")
    assert effect["target"] == f"octo/hello#12/comments/{posted.id}"
    assert effect["details"] == {"content": "rocket"}


def test_a_search_finds_issues_by_word_label_and_kind(github: GithubClient) -> None:
    issue = github.create_issue(ISSUE)
    pull = github.create_pull_request(PULL)

    [found] = github.search_issues(Search(f"repo:{REPO} is:issue label:bug breaks"))
    pulls = github.search_issues(Search(f"repo:{REPO} is:pr is:open"))

    assert (found.repository, found.number, found.title) == (REPO, issue.number, ISSUE.title)
    assert (found.url, found.is_pull_request) == (issue.url, False)
    assert [(p.number, p.is_pull_request) for p in pulls] == [(pull.number, True)]


def test_a_search_that_does_not_say_where_is_refused(github: GithubClient) -> None:
    with pytest.raises(ClientError, match="repo:owner/name"):
        github.search_issues(Search("is:issue crash"))


@pytest.mark.parametrize("kind", ["is:issue", "is:pr", "is:pull-request", "type:pr"])
def test_a_search_says_whether_issues_or_pull_requests(github: GithubClient, kind: str) -> None:
    assert github.search_issues(Search(f"{kind} repo:{REPO} nothing")) == ()


@pytest.mark.parametrize("query", ["crash", "is:open", "this:issue", "-is:issue", '"is:issue"'])
def test_a_search_that_does_not_say_which_kind_is_refused_before_any_request(
    sandbox: Sandbox, github: GithubClient, query: str
) -> None:
    with pytest.raises(ClientError, match="is:issue or is:pull-request"):
        github.search_issues(Search(f"repo:{REPO} {query}"))

    assert sandbox.calls("github") == 0


def test_a_file_is_read_at_its_ref(sandbox: Sandbox, github: GithubClient) -> None:
    said = {"repository": REPO, "path": "docs/größe.md", "ref": "dev", "text": "Zwölf.\n"}
    sandbox.arrange("/_github/files", said, method="PUT")

    file = github.read_file(FileAt(REPO, "docs/größe.md", "dev"))

    assert file == FileText("docs/größe.md", file.sha, "Zwölf.\n")
    with pytest.raises(ClientError, match="404"):
        github.read_file(FileAt(REPO, "docs/größe.md"))


@pytest.mark.parametrize("path", ["../../../user", "a/../../x", "a/%2e%2e/%2e%2e/x", "./x"])
def test_a_path_cannot_lead_out_of_the_repository(
    sandbox: Sandbox, github: GithubClient, path: str
) -> None:
    with pytest.raises(ClientError):
        github.read_file(FileAt(REPO, path))

    assert sandbox.calls("github") == 0 or "%" in path


@pytest.mark.parametrize("name", ["hello", "octo/", "octo/a/b", "octo/hello?x=1", "../octo/x", ""])
def test_what_is_no_repository_is_refused_before_any_request(
    sandbox: Sandbox, github: GithubClient, name: str
) -> None:
    with pytest.raises(ClientError, match="not a name of a repository"):
        github.post_comment(Comment(name, 1, "x", EFFECT))

    assert sandbox.calls("github") == 0
