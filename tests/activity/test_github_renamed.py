"""A repository that was renamed or transferred is found under its new name, once."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from apps import credentials_of, installed, new_key
from pretend import Sandbox

from activities.clients.github import GithubClient
from activities.clients.github_session import Credentials
from contexten.effects import Effect
from contexten.errors import FatalError, PlatformError, TransientError
from contexten.github import Comment, FileAt, Labels, Target
from sandbox.tokens import GITHUB_TOKEN

OLD, NEW = "octo/old", "octo/hello"
PULL = Target(OLD, 12)
COMMENT = Comment(OLD, 12, "On it.", Effect("a" * 32, datetime.now(UTC)))


@pytest.fixture
def github(sandbox: Sandbox) -> Iterator[GithubClient]:
    sandbox.arrange("/_github/renames", {"from": OLD, "to": NEW})
    client = GithubClient(f"{sandbox.url}/github", Credentials(token=GITHUB_TOKEN), timeout_s=2)
    yield client
    client.close()


def test_what_is_written_arrives_once(sandbox: Sandbox, github: GithubClient) -> None:
    first, second = github.post_comment(COMMENT), github.post_comment(COMMENT)

    assert first == second
    [effect] = sandbox.effects("comment")
    assert effect["target"] == f"{NEW}#12"
    assert effect["details"]["body"].startswith("On it.")


def test_what_is_removed_is_removed_there(sandbox: Sandbox, github: GithubClient) -> None:
    github.add_labels(Labels(OLD, 12, ("bug",)))
    github.remove_labels(Labels(OLD, 12, ("bug",)))

    assert [effect["target"] for effect in sandbox.effects("label_removed")] == [f"{NEW}#12"]


def test_a_file_is_read_at_its_ref_and_not_on_the_default_branch(
    sandbox: Sandbox, github: GithubClient
) -> None:
    for ref in ("main", "feature"):
        said = {"repository": NEW, "path": "a.txt", "ref": ref, "text": f"text at {ref}"}
        sandbox.arrange("/_github/files", said, method="PUT")

    assert github.read_file(FileAt(OLD, "a.txt", "feature")).text == "text at feature"
    headers = {"location": f"{sandbox.url}/github/repos/{NEW}/contents/a.txt"}
    sandbox.breaks("github", "status", status=301, headers=headers, match=f"{OLD}/")
    assert github.read_file(FileAt(OLD, "a.txt", "feature")).text == "text at feature"


def test_an_app_finds_its_installation_by_the_old_name(sandbox: Sandbox) -> None:
    key = new_key()
    installed(sandbox, key)
    sandbox.arrange("/_github/renames", {"from": OLD, "to": NEW})
    client = GithubClient(f"{sandbox.url}/github", credentials_of(key), 2)

    client.post_comment(COMMENT)
    client.close()

    assert len(sandbox.effects("comment")) == 1


@pytest.mark.parametrize("status", [301, 307, 308])
def test_each_kind_of_redirect_is_followed_once(
    sandbox: Sandbox, github: GithubClient, status: int
) -> None:
    headers = {"location": f"{sandbox.url}/github/repos/{NEW}/pulls/12"}
    sandbox.breaks("github", "status", status=status, headers=headers, match=f"{OLD}/", count=1)
    assert github.read_pull_request(PULL).number == 12

    sandbox.heals()
    sandbox.breaks("github", "redirect_loop", status=status)
    with pytest.raises(TransientError, match="without end"):
        github.read_pull_request(PULL)
    assert sandbox.struck() == 2


def test_a_place_without_a_host_is_on_the_same(sandbox: Sandbox, github: GithubClient) -> None:
    headers = {"location": f"/github/repos/{NEW}/pulls/12"}
    sandbox.breaks("github", "status", status=301, headers=headers, match=f"{OLD}/", count=1)

    assert github.read_pull_request(PULL).number == 12


@pytest.mark.parametrize(
    "location",
    [
        "https://127.0.0.1/github",
        "http://elsewhere.example/github",
        "http://127.0.0.1:9/github",
        "//elsewhere.example/github",
        "ftp://127.0.0.1/",
    ],
)
@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_redirect_elsewhere_is_fatal_and_nobody_there_hears_of_it(
    sandbox: Sandbox, github: GithubClient, location: str, status: int
) -> None:
    sandbox.breaks("github", "status", status=status, headers={"location": location})

    with pytest.raises(FatalError, match="GITHUB_API_URL"):
        github.post_comment(COMMENT)
    assert sandbox.struck() == 1


@pytest.mark.parametrize("location", ["http://[x", "http://127.0.0.1:port/", ""])
def test_a_redirect_that_cannot_be_read_is_one_of_our_errors(
    sandbox: Sandbox, github: GithubClient, location: str
) -> None:
    sandbox.breaks("github", "status", status=301, headers={"location": location})

    with pytest.raises(PlatformError):
        github.post_comment(COMMENT)
