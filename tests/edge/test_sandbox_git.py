"""The sandbox's GitHub serves real repositories over HTTP, and is as strict about them."""

import base64
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pretend import Sandbox, sandbox
from repositories import Git, cloned

from sandbox.tokens import GITHUB_TOKEN

__all__ = ["sandbox"]

HELLO = "octo/hello"
ASKED = "info/refs?service=git-upload-pack"
FIX = {"greeting__py": "def greet(name: str) -> str:\n    return name\n"}


@pytest.fixture
def http(sandbox: Sandbox) -> Iterator[httpx.Client]:
    headers = {"authorization": f"token {GITHUB_TOKEN}"}
    with httpx.Client(base_url=f"{sandbox.url}/github", headers=headers, timeout=10) as client:
        yield client


def put(sandbox: Sandbox, **said: Any) -> str:
    """The address of a repository that is there now."""
    made = sandbox.arrange("/_github/repositories", {"repository": HELLO, **said}, "PUT")
    return str(made["url"])


def ends_of_tests(folder: Path) -> int:
    """How the tests in *folder* end."""
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    return subprocess.run(line, cwd=folder, capture_output=True, check=False).returncode


def test_the_sample_has_a_failing_test_that_one_line_mends(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    git = cloned(put(sandbox), tmp_path / "hello")

    assert ends_of_tests(git.folder) == 1
    text = (git.folder / "greeting.py").read_text()
    (git.folder / "greeting.py").write_text(text.replace("{name}", "{name or 'world'}"))
    assert ends_of_tests(git.folder) == 0


def test_a_push_is_an_effect_with_its_branch_and_commit(sandbox: Sandbox, tmp_path: Path) -> None:
    git = cloned(put(sandbox), tmp_path / "hello")
    git("switch", "--quiet", "-c", "fix")
    sha = git.commit(**FIX)

    git("push", "--quiet", "origin", "fix")

    assert [effect["details"] for effect in sandbox.effects("push")] == [
        {"branch": "fix", "sha": sha, "before": None, "forced": False}
    ]


def test_forbidden_deeds_can_be_seen(sandbox: Sandbox, tmp_path: Path) -> None:
    git = cloned(put(sandbox), tmp_path / "hello")
    git("switch", "--quiet", "-c", "fix")
    first = git.commit(one="1")
    git("push", "--quiet", "origin", "fix")
    git("reset", "--quiet", "--hard", "HEAD^")
    second = git.commit(two="2")

    assert git.tries("push", "origin", "fix").returncode == 1
    git("push", "--quiet", "--force", "origin", "fix")
    git("push", "--quiet", "--delete", "origin", "fix")

    assert [effect["details"]["forced"] for effect in sandbox.effects("push")] == [False, True]
    assert sandbox.effects("push")[1]["details"]["before"] == first
    assert [effect["details"] for effect in sandbox.effects("branch_deleted")] == [
        {"branch": "fix", "sha": second}
    ]


@pytest.mark.parametrize(
    ("headers", "path", "status"),
    [
        ({}, f"octo/hello.git/{ASKED}", 401),
        ({"authorization": f"token {GITHUB_TOKEN}"}, "octo/hello.git/git-upload-pack", 401),
        ({"authorization": "Basic !"}, f"octo/hello.git/{ASKED}", 401),
        (("octo", GITHUB_TOKEN), f"octo/hello.git/{ASKED}", 401),
        (("x-access-token", "no"), f"octo/hello.git/{ASKED}", 401),
        (("x-access-token", GITHUB_TOKEN), f"octo/no.git/{ASKED}", 404),
        (("x-access-token", GITHUB_TOKEN), "octo/hello.git/info/refs", 403),
        (("x-access-token", GITHUB_TOKEN), "octo/hello.git/HEAD", 404),
        (("x-access-token", GITHUB_TOKEN), "octo/hello.git/config", 404),
        (("x-access-token", GITHUB_TOKEN), f"forbidden/x.git/{ASKED}", 403),
    ],
)
def test_strangers_and_what_is_not_there_are_refused(
    sandbox: Sandbox, headers: Any, path: str, status: int
) -> None:
    put(sandbox)
    auth = headers if isinstance(headers, tuple) else None
    given = headers if isinstance(headers, dict) else {}

    answer = httpx.get(f"{sandbox.url}/github/{path}", headers=given, auth=auth)

    assert answer.status_code == status
    assert ("www-authenticate" in answer.headers) == (status == 401)
    assert GITHUB_TOKEN not in answer.text


def test_nobody_pushes_without_the_right_to(sandbox: Sandbox, tmp_path: Path) -> None:
    git = cloned(put(sandbox, writable=False), tmp_path / "hello")
    git.commit(one="1")

    refused = git.tries("push", "origin", "HEAD:fix")

    assert "403" in refused.stderr
    assert sandbox.effects() == []


def test_an_installation_sees_its_own_repositories_alone(sandbox: Sandbox, tmp_path: Path) -> None:
    put(sandbox)
    other = put(sandbox, repository="other/hello")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    app = {"id": 7, "public_key": public.decode(), "installations": {"70": "octo"}}
    sandbox.arrange("/_github/apps", app)
    signed = jwt.encode({"iss": "7", "iat": time.time(), "exp": time.time() + 60}, key, "RS256")
    granted = httpx.post(
        f"{sandbox.url}/github/app/installations/70/access_tokens",
        headers={"authorization": f"Bearer {signed}"},
    )
    git = Git(tmp_path, granted.json()["token"])

    assert git.tries("ls-remote", put(sandbox)).returncode == 0
    assert "not found" in git.tries("ls-remote", other).stderr


def test_a_repository_that_was_renamed_sends_git_on(sandbox: Sandbox, tmp_path: Path) -> None:
    put(sandbox, repository="octo/renamed")
    sandbox.arrange("/_github/renames", {"from": HELLO, "to": "octo/renamed"})
    url = f"{sandbox.url}/github/octo/hello.git"

    assert "error: 301" in Git(tmp_path).tries("ls-remote", url).stderr
    assert Git(tmp_path)("-c", "http.followRedirects=true", "ls-remote", url)


def test_a_repository_may_be_empty_and_may_be_gone(sandbox: Sandbox, tmp_path: Path) -> None:
    url = put(sandbox, files={})
    assert Git(tmp_path)("ls-remote", url) == ""

    sandbox.arrange("/_github/repositories", {"repository": HELLO}, "DELETE")

    assert "not found" in Git(tmp_path).tries("ls-remote", url).stderr


def test_blobs_may_be_left_out_and_fetched_later(sandbox: Sandbox, tmp_path: Path) -> None:
    url = put(sandbox)

    Git(tmp_path)("clone", "--quiet", "--bare", "--filter=blob:none", url, "mirror")

    git = Git(tmp_path / "mirror")
    missing = git("rev-list", "--objects", "--missing=print", "--all")
    assert "?" in missing
    assert "def greet" in git("cat-file", "blob", "HEAD:greeting.py")


def test_a_pull_request_needs_a_branch_with_commits(
    sandbox: Sandbox, http: httpx.Client, tmp_path: Path
) -> None:
    git = cloned(put(sandbox), tmp_path / "hello")
    git("push", "--quiet", "origin", "HEAD:same")

    def refused(head: str, base: str = "main") -> dict[str, str]:
        said = {"title": "Mend it", "head": head, "base": base}
        answer = http.post(f"/repos/{HELLO}/pulls", json=said)
        assert answer.status_code == 422
        error: dict[str, str] = answer.json()["errors"][0]
        return error

    assert (refused("nothing")["field"], refused("nothing")["code"]) == ("head", "invalid")
    assert (refused("same", "nothing")["field"], refused("x", "y")["code"]) == ("base", "invalid")
    assert refused("same")["message"] == "No commits between main and same"
    assert sandbox.effects("pull_request") == []


def test_a_pull_request_shows_what_git_has(
    sandbox: Sandbox, http: httpx.Client, tmp_path: Path
) -> None:
    git = cloned(put(sandbox), tmp_path / "hello")
    git("switch", "--quiet", "-c", "fix")
    sha = git.commit(**FIX)
    git("push", "--quiet", "origin", "fix")
    said = {"title": "Mend it", "head": "fix", "base": "main"}

    pull = http.post(f"/repos/{HELLO}/pulls", json=said).json()
    again = http.post(f"/repos/{HELLO}/pulls", json=said)
    at = f"/repos/{HELLO}/pulls/{pull['number']}"
    files = http.get(f"{at}/files").json()
    diff = http.get(at, headers={"accept": "application/vnd.github.v3.diff"}).text

    assert pull["head"]["sha"] == sha
    assert pull["base"]["sha"] == git("rev-parse", "main")
    assert "already exists" in again.json()["errors"][0]["message"]
    assert [(one["filename"], one["status"]) for one in files] == [("greeting.py", "modified")]
    assert files[0]["patch"].startswith("@@ ")
    assert diff.startswith("diff --git a/greeting.py b/greeting.py")


def test_a_pull_request_follows_its_branch_and_ends_with_it(
    sandbox: Sandbox, http: httpx.Client, tmp_path: Path
) -> None:
    git = cloned(put(sandbox), tmp_path / "hello")
    git("switch", "--quiet", "-c", "fix")
    git.commit(**FIX)
    git("push", "--quiet", "origin", "fix")
    said = {"title": "Mend it", "head": "fix", "base": "main"}
    at = f"/repos/{HELLO}/pulls/{http.post(f'/repos/{HELLO}/pulls', json=said).json()['number']}"

    sha = git.commit(more="1")
    git("push", "--quiet", "origin", "fix")
    assert http.get(at).json()["head"]["sha"] == sha
    git("push", "--quiet", "--delete", "origin", "fix")

    assert (http.get(at).json()["state"], http.get(at).json()["head"]["sha"]) == ("closed", sha)


def test_a_pull_request_that_nobody_opened_is_not_there(
    sandbox: Sandbox, http: httpx.Client
) -> None:
    put(sandbox)

    assert http.get(f"/repos/{HELLO}/pulls/3").status_code == 404
    assert http.get("/repos/octo/unreal/pulls/3").status_code == 200


def test_contents_and_branches_are_those_of_git(sandbox: Sandbox, http: httpx.Client) -> None:
    put(sandbox, files={"a b/ü.txt": "hé\n", "top": ""})
    at = f"/repos/{HELLO}"

    file = http.get(f"{at}/contents/a b/ü.txt").json()
    sha = http.get(f"{at}/branches/main").json()["commit"]["sha"]

    assert base64.b64decode(file["content"]).decode() == "hé\n"
    assert [one["path"] for one in http.get(f"{at}/contents/a b").json()] == ["a b/ü.txt"]
    assert {one["name"]: one["type"] for one in http.get(f"{at}/contents").json()} == {
        "a b": "dir",
        "top": "file",
    }
    assert http.get(f"{at}/contents/top?ref={sha}").json()["size"] == 0
    for gone in ("contents/none", "contents/top?ref=none", "branches/none"):
        assert http.get(f"{at}/{gone}").status_code == 404
