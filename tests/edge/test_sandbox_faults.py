"""The sandbox fails exactly as it is told, on a real connection, and writes down what was done."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from pretend import Sandbox, sandbox

from sandbox.tokens import GITHUB_TOKEN

__all__ = ["sandbox"]

COMMENTS = "/github/repos/octo/hello/issues/12/comments"


@pytest.fixture
def http(sandbox: Sandbox) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {GITHUB_TOKEN}"}
    with httpx.Client(base_url=sandbox.url, headers=headers, timeout=5) as client:
        yield client


def post(http: httpx.Client) -> httpx.Response:
    return http.post(COMMENTS, json={"body": "Hello"})


def test_the_ledger_is_in_order_and_can_be_asked_in_part(
    sandbox: Sandbox, http: httpx.Client
) -> None:
    post(http)
    http.post("/github/repos/octo/hello/issues/12/reactions", json={"content": "eyes"})
    post(http)

    effects = http.get("/_ledger").json()["effects"]
    assert [(e["n"], e["platform"], e["kind"], e["target"]) for e in effects] == [
        (1, "github", "comment", "octo/hello#12"),
        (2, "github", "reaction", "octo/hello#12"),
        (3, "github", "comment", "octo/hello#12"),
    ]
    assert [e["n"] for e in http.get("/_ledger?kind=comment&after=1").json()["effects"]] == [3]
    assert http.get("/_ledger?platform=slack").json()["effects"] == []
    assert http.get("/_ledger").json()["calls"] == {"github": 3}
    assert http.get("/_ledger?after=x").status_code == 422


def test_an_emptied_ledger_begins_anew(sandbox: Sandbox, http: httpx.Client) -> None:
    post(http)
    assert http.delete("/_ledger").status_code == 204
    assert http.get("/_ledger").json() == {"effects": [], "calls": {}}

    post(http)

    assert [e["n"] for e in sandbox.effects()] == [1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"platform": "jira", "kind": "status"},
        {"platform": "github", "kind": "earthquake"},
        {"platform": "github"},
        {"platform": "github", "kind": "status", "rate": 2},
        {"platform": "github", "kind": "status", "count": 0},
        {"platform": "github", "kind": "status", "speed": 1},
        [],
    ],
    ids=str,
)
def test_a_fault_that_makes_no_sense_is_refused(http: httpx.Client, wrong: object) -> None:
    assert http.post("/_faults", json=wrong).status_code == 422
    assert http.get("/_faults").json() == {"faults": []}


def test_a_fault_strikes_as_often_as_it_was_told(sandbox: Sandbox, http: httpx.Client) -> None:
    sandbox.breaks("github", "status", status=503, count=2)

    assert [post(http).status_code for _ in range(3)] == [503, 503, 201]
    assert len(sandbox.effects()) == 1


def test_a_fault_strikes_only_what_it_matches(sandbox: Sandbox, http: httpx.Client) -> None:
    sandbox.breaks("github", "status", match="POST /github/repos/octo/hello/issues/12")
    sandbox.breaks("slack", "status")

    assert http.get(COMMENTS).status_code == 200
    assert post(http).status_code == 500
    assert http.get("/_ledger").status_code == 200


def test_healing_one_platform_leaves_the_other_broken(sandbox: Sandbox, http: httpx.Client) -> None:
    sandbox.breaks("github", "status")
    sandbox.breaks("slack", "status")

    assert http.delete("/_faults?platform=slack").json() == {"healed": 1}

    assert post(http).status_code == 500
    assert [f["platform"] for f in http.get("/_faults").json()["faults"]] == ["github"]


def test_the_rate_is_kept(sandbox: Sandbox, http: httpx.Client) -> None:
    sandbox.breaks("github", "status", rate=0.3)

    failed = sum(http.get(COMMENTS).status_code == 500 for _ in range(300))

    assert 60 <= failed <= 120
    assert failed == sandbox.struck()


def test_a_reset_is_a_reset_and_nothing_was_done(sandbox: Sandbox) -> None:
    sandbox.breaks("github", "reset")
    host, port = urlsplit(sandbox.url).netloc.split(":")

    with socket.create_connection((host, int(port)), timeout=5) as raw:
        raw.sendall(f"POST {COMMENTS} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
        with pytest.raises(ConnectionResetError):
            raw.recv(1)

    assert sandbox.effects() == []


def test_a_lost_answer_is_lost_after_the_deed(sandbox: Sandbox, http: httpx.Client) -> None:
    sandbox.breaks("github", "lost_answer")

    with pytest.raises(httpx.RemoteProtocolError):
        post(http)

    assert len(sandbox.effects("comment")) == 1


def test_a_truncated_answer_promises_more_than_it_sends(
    sandbox: Sandbox, http: httpx.Client
) -> None:
    sandbox.breaks("github", "truncated")

    with http.stream("POST", COMMENTS, json={"body": "Hello"}) as answer:
        received: list[bytes] = []
        with pytest.raises(httpx.RemoteProtocolError):
            received.extend(answer.iter_bytes())

    assert answer.status_code == 201
    assert len(b"".join(received)) == int(answer.headers["content-length"]) // 2
    assert received[0].startswith(b'{"id":')


def test_who_hangs_goes_on_when_healed(sandbox: Sandbox, http: httpx.Client) -> None:
    sandbox.breaks("github", "hang")
    answers: list[int] = []
    hanging = threading.Thread(target=lambda: answers.append(post(http).status_code))
    hanging.start()
    while sandbox.struck() == 0:
        pass
    assert sandbox.effects() == []

    sandbox.heals()
    hanging.join(5)

    assert answers == [201]
    assert len(sandbox.effects()) == 1


def test_who_gives_up_while_hanging_has_done_nothing(sandbox: Sandbox, http: httpx.Client) -> None:
    sandbox.breaks("github", "hang")
    with pytest.raises(httpx.ReadTimeout):
        http.post(COMMENTS, json={"body": "Hello"}, timeout=0.2)

    sandbox.heals()

    assert post(http).status_code == 201
    assert len(sandbox.effects()) == 1


def test_a_hang_may_have_an_end(sandbox: Sandbox, http: httpx.Client) -> None:
    sandbox.breaks("github", "hang", seconds=0.3)

    began = time.monotonic()
    assert post(http).status_code == 201

    assert time.monotonic() - began >= 0.3


def test_a_slow_answer_is_whole_in_the_end(sandbox: Sandbox, http: httpx.Client) -> None:
    sandbox.breaks("github", "slow", seconds_per_byte=0.001)

    began = time.monotonic()
    answer = post(http)

    assert answer.json()["body"] == "Hello"
    assert time.monotonic() - began >= 0.001 * len(answer.content)


def test_each_platform_words_its_rate_limit_itself(sandbox: Sandbox, http: httpx.Client) -> None:
    for platform in ("github", "linear", "slack"):
        sandbox.breaks(platform, "rate_limit", retry_after_s=30)

    github, linear = post(http), http.post("/linear/graphql", json={"query": "{ teams { id } }"})
    slack = http.post("/slack/api/chat.postMessage")

    assert (github.status_code, github.headers["x-ratelimit-remaining"]) == (403, "0")
    assert abs(int(github.headers["x-ratelimit-reset"]) - time.time() - 30) < 3
    assert linear.status_code == 400
    assert linear.json()["errors"][0]["extensions"]["code"] == "RATELIMITED"
    assert abs(int(linear.headers["x-ratelimit-requests-reset"]) / 1000 - time.time() - 30) < 3
    assert (slack.status_code, slack.headers["retry-after"]) == (429, "30")
    assert slack.json() == {"ok": False, "error": "ratelimited"}


def test_graphql_is_matched_by_the_name_of_its_operation(
    sandbox: Sandbox, http: httpx.Client
) -> None:
    sandbox.breaks("linear", "status", match="CommentCreate")

    struck = {"query": "mutation CommentCreate($a: ID!) { x }"}
    spared = {"query": "query Teams { teams { id } }"}

    assert http.post("/linear/graphql", json=struck).status_code == 500
    http.post("/linear/graphql", json=spared)
    assert sandbox.struck() == 1


def test_the_process_says_where_it_is_and_its_ledger_outlives_it(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--ledger", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said.startswith("sandbox on http://127.0.0.1:")
        url = said.removeprefix("sandbox on ").strip()
        headers = {"authorization": f"Bearer {GITHUB_TOKEN}"}
        httpx.post(f"{url}{COMMENTS}", json={"body": "Hello"}, headers=headers)
        process.kill()

    [line] = file.read_text().splitlines()
    assert json.loads(line)["target"] == "octo/hello#12"
