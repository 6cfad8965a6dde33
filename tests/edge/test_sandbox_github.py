"""The sandbox's GitHub is as strict as the documented one."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pretend import Sandbox, sandbox

from sandbox.tokens import GITHUB_TOKEN

__all__ = ["sandbox"]

REPO = "/repos/octo/hello"


@pytest.fixture
def http(sandbox: Sandbox) -> Iterator[httpx.Client]:
    headers = {"authorization": f"token {GITHUB_TOKEN}"}
    with httpx.Client(base_url=f"{sandbox.url}/github", headers=headers, timeout=5) as client:
        yield client


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        ({"authorization": ""}, 401, "Requires authentication"),
        ({"authorization": "Bearer nonsense"}, 401, "Bad credentials"),
        ({"authorization": f"Basic {GITHUB_TOKEN}"}, 401, "Requires authentication"),
        ({"authorization": f"Bearer {GITHUB_TOKEN}", "user-agent": ""}, 403, "User-Agent"),
    ],
)
def test_strangers_are_refused_in_githubs_words(
    http: httpx.Client, headers: dict[str, str], status: int, message: str
) -> None:
    answer = http.get(f"{REPO}/issues/1", headers=headers)

    assert answer.status_code == status
    assert message in answer.json()["message"]
    assert answer.json()["status"] == str(status)
    assert "x-ratelimit-remaining" in answer.headers


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "token", "Token"])
def test_both_schemes_are_taken(http: httpx.Client, scheme: str) -> None:
    headers = {"authorization": f"{scheme} {GITHUB_TOKEN}"}

    assert http.get("/user", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/repos/missing/x/issues/1", f"{REPO}/issues/900000", "/nothing"])
def test_what_is_not_there_is_a_404(http: httpx.Client, path: str) -> None:
    answer = http.get(path)

    assert answer.status_code == 404
    assert answer.json()["message"] == "Not Found"
    assert http.delete(path).status_code == 404


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[]", b'"x"', b"null"])
def test_a_body_that_is_no_json_object_is_a_400(http: httpx.Client, body: bytes) -> None:
    assert http.post(f"{REPO}/issues", content=body).status_code == 400


@pytest.mark.parametrize(
    ("path", "fields", "field"),
    [
        ("issues/1/comments", {}, "body"),
        ("issues/1/comments", {"body": ""}, "body"),
        ("issues/1/comments", {"body": "x" * 65_537}, "body"),
        ("issues", {"body": "x"}, "title"),
        ("issues/1/labels", {}, "labels"),
        ("issues/1/reactions", {"content": "applause"}, "content"),
        ("pulls", {"title": "t", "base": "main"}, "head"),
        ("pulls", {"title": "t", "base": "main", "head": "main"}, "head"),
        ("pulls/1/comments", {"body": "b", "path": "a", "commit_id": "c"}, "line"),
        ("pulls/1/reviews", {"event": "COMMENT"}, "body"),
        ("pulls/1/reviews", {"event": "LIKE", "body": "b"}, "event"),
        ("pulls/1/reviews", {"body": "b", "comments": [{"path": "a"}]}, "line"),
        ("check-runs", {"name": "n"}, "head_sha"),
        ("check-runs", {"name": "n", "head_sha": "c", "conclusion": "fine"}, "conclusion"),
        ("check-runs", {"name": "n", "head_sha": "c", "status": "completed"}, "conclusion"),
        (
            "check-runs",
            {"name": "n", "head_sha": "c", "output": {"title": "without summary"}},
            "output",
        ),
    ],
)
def test_an_invalid_field_is_named_in_a_422(
    sandbox: Sandbox, http: httpx.Client, path: str, fields: dict[str, Any], field: str
) -> None:
    answer = http.post(f"{REPO}/{path}", json=fields)

    assert answer.status_code == 422
    assert answer.json()["message"] == "Validation Failed"
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert sandbox.effects() == []


@pytest.mark.parametrize("wrong", [5, ["x"], {"a": 1}])
def test_a_field_of_another_type_is_a_422(http: httpx.Client, wrong: object) -> None:
    assert http.post(f"{REPO}/issues/1/comments", json={"body": wrong}).status_code == 422
    assert http.post(f"{REPO}/issues/1/labels", json={"labels": wrong}).status_code in (200, 422)


def test_lists_are_paged_with_links(http: httpx.Client) -> None:
    for number in range(5):
        http.post(f"{REPO}/issues/1/comments", json={"body": str(number)})

    seen, url = [], f"{REPO}/issues/1/comments?per_page=2"
    pages = 0
    while url:
        answer = http.get(url)
        seen += [comment["body"] for comment in answer.json()]
        pages += 1
        url = answer.links.get("next", {}).get("url", "")

    assert (pages, seen) == (3, ["0", "1", "2", "3", "4"])
    last = http.get(f"{REPO}/issues/1/comments?per_page=2").links["last"]["url"]
    assert [comment["body"] for comment in http.get(last).json()] == ["4"]


def test_since_leaves_out_what_was_not_touched_since(http: httpx.Client) -> None:
    http.post(f"{REPO}/issues/1/comments", json={"body": "x"})

    path = f"{REPO}/issues/1/comments"
    assert len(http.get(path, params={"since": "2020-01-01T00:00:00Z"}).json()) == 1
    assert http.get(path, params={"since": "2999-01-01T00:00:00Z"}).json() == []
    assert http.get(path, params={"since": "yesterday"}).status_code == 422


def test_a_comment_can_be_read_and_edited(sandbox: Sandbox, http: httpx.Client) -> None:
    made = http.post(f"{REPO}/issues/1/comments", json={"body": "x"}).json()
    path = f"{REPO}/issues/comments/{made['id']}"

    assert http.patch(path, json={"body": "y"}).json()["body"] == "y"
    assert http.get(path).json()["body"] == "y"
    assert http.get(f"{REPO}/issues/comments/999999").status_code == 404
    assert [e["kind"] for e in sandbox.effects()] == ["comment", "comment_edited"]


def test_a_locked_issue_takes_no_comments(http: httpx.Client) -> None:
    assert http.put(f"{REPO}/issues/1/lock").status_code == 204

    assert http.post(f"{REPO}/issues/1/comments", json={"body": "x"}).status_code == 403


def test_a_second_pull_request_between_the_same_branches_is_refused(http: httpx.Client) -> None:
    fields = {"title": "t", "head": "octo:mend", "base": "main"}
    first = http.post(f"{REPO}/pulls", json=fields)
    second = http.post(f"{REPO}/pulls", json=fields)

    assert (first.status_code, second.status_code) == (201, 422)
    assert "already exists for octo:mend" in second.json()["errors"][0]["message"]
    [found] = http.get(f"{REPO}/pulls", params={"head": "octo:mend", "base": "main"}).json()
    assert found["number"] == first.json()["number"]
    assert http.get(f"{REPO}/pulls", params={"head": "octo:other"}).json() == []


def test_a_reaction_stands_once(http: httpx.Client) -> None:
    path = f"{REPO}/issues/1/reactions"

    statuses = [http.post(path, json={"content": "eyes"}).status_code for _ in range(2)]

    assert statuses == [201, 200]
    assert len(http.get(path).json()) == 1


def test_a_label_that_is_not_there_cannot_be_removed(http: httpx.Client) -> None:
    http.post(f"{REPO}/issues/1/labels", json={"labels": ["good first issue"]})
    path = f"{REPO}/issues/1/labels/good%20first%20issue"

    assert http.delete(path).json() == []
    assert http.delete(path).json()["message"] == "Label does not exist"


def test_what_is_created_is_numbered_above_all_that_was_addressed(http: httpx.Client) -> None:
    http.get(f"{REPO}/issues/5000")

    assert http.post(f"{REPO}/issues", json={"title": "t"}).json()["number"] == 5001


def test_a_search_must_say_whether_issues_or_pull_requests(http: httpx.Client) -> None:
    refused = http.get("/search/issues", params={"q": "repo:octo/hello is:open crash"})

    assert refused.status_code == 422
    assert "Query must include 'is:issue' or 'is:pull-request'" in refused.text
    for kind in ("is:issue", "is:pr", "type:pull-request"):
        asked = {"q": f"repo:octo/hello {kind} crash"}
        assert http.get("/search/issues", params=asked).json()["items"] == []


def test_a_renamed_repository_sends_its_callers_on(sandbox: Sandbox, http: httpx.Client) -> None:
    sandbox.arrange("/_github/renames", {"from": "octo/old", "to": "octo/hello"})
    path = "/repos/octo/old/issues/1/comments"

    read = http.get(path, params={"per_page": 5})
    written = http.post(path, json={"body": "x"})

    assert (read.status_code, written.status_code) == (301, 307)
    assert read.headers["location"].endswith("/issues/1/comments?per_page=5")
    assert read.json()["url"] == read.headers["location"]
    assert http.get(read.headers["location"]).json() == []
    assert http.post(written.headers["location"], json={"body": "x"}).status_code == 201
    [effect] = sandbox.effects()
    assert effect["target"] == "octo/hello#1"
    assert http.get("/repositories/999999/issues/1").status_code == 404


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def app(sandbox: Sandbox, key: rsa.RSAPrivateKey) -> int:
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    said = {"id": 7, "public_key": pem.decode(), "installations": {"31": "octo"}}
    sandbox.arrange("/_github/apps", said)
    return 7


def claims(app: int, **more: Any) -> dict[str, Any]:
    return {"iss": str(app), "iat": int(time.time()) - 60, "exp": int(time.time()) + 300, **more}


def test_an_app_is_known_by_its_signature(
    http: httpx.Client, key: rsa.RSAPrivateKey, app: int
) -> None:
    signed = jwt.encode(claims(app), key, algorithm="RS256")
    headers = {"authorization": f"Bearer {signed}"}

    assert http.get("/app", headers=headers).json()["id"] == 7
    granted = http.post("/app/installations/31/access_tokens", headers=headers)
    assert granted.status_code == 201
    as_app = {"authorization": f"token {granted.json()['token']}"}
    assert http.get(f"{REPO}/issues/1", headers=as_app).status_code == 200
    assert http.get("/repos/acme/x/issues/1", headers=as_app).status_code == 403
    assert http.get(f"{REPO}/issues/1", headers=headers).status_code == 401
    assert http.post("/app/installations/99/access_tokens", headers=headers).status_code == 404


@pytest.mark.parametrize(
    "more",
    [{"exp": 1}, {"exp": int(time.time()) + 3600}, {"iss": "8"}, {"iss": "x"}],
    ids=["past", "in an hour", "another", "no number"],
)
def test_an_app_that_claims_too_much_is_refused(
    http: httpx.Client, key: rsa.RSAPrivateKey, app: int, more: dict[str, Any]
) -> None:
    signed = jwt.encode(claims(app, **more), key, algorithm="RS256")

    answer = http.get("/app", headers={"authorization": f"Bearer {signed}"})

    assert answer.status_code == 401


def test_an_unsigned_app_and_a_plain_token_are_no_app(http: httpx.Client, app: int) -> None:
    unsigned = jwt.encode(claims(app), None, algorithm="none")

    assert http.get("/app", headers={"authorization": f"Bearer {unsigned}"}).status_code == 401
    assert http.get("/app").status_code == 401


def test_a_failed_delivery_is_listed_and_really_sent_again(
    sandbox: Sandbox, http: httpx.Client
) -> None:
    said = {"of": "octo/hello", "url": f"{sandbox.url}/_ledger", "secret": "s"}
    hook = sandbox.arrange("/_github/hooks", said)["id"]
    sent = sandbox.arrange(f"/_github/hooks/{hook}/deliveries", {"event": "issues", "payload": {}})
    assert sent["status_code"] == 405  # the ledger takes no POST: a door that refuses

    [listed] = http.get(f"{REPO}/hooks").json()
    assert (listed["id"], listed["config"]["secret"]) == (hook, "********")
    deliveries = f"{REPO}/hooks/{hook}/deliveries"
    again = http.post(f"{deliveries}/{sent['id']}/attempts")
    assert again.status_code == 202
    while len(http.get(deliveries).json()) < 2:
        pass

    newest, oldest = http.get(deliveries).json()
    assert newest["guid"] == oldest["guid"]
    assert (newest["redelivery"], oldest["redelivery"]) == (True, False)
    assert http.post(f"{deliveries}/999999/attempts").status_code == 404
    assert http.get(f"{REPO}/hooks/999999/deliveries").status_code == 404


def test_a_hook_that_nobody_answers_has_status_0(sandbox: Sandbox) -> None:
    said = {"of": "octo/hello", "url": "http://127.0.0.1:9/", "secret": "s"}
    hook = sandbox.arrange("/_github/hooks", said)["id"]

    sent = sandbox.arrange(f"/_github/hooks/{hook}/deliveries", {"event": "push", "payload": {}})

    assert (sent["status_code"], sent["status"]) == (0, "failed to connect to host")
