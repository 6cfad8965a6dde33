"""Every answer of the door: what is taken and what is refused, saying no more than it must."""

import gzip
import hashlib
import hmac
import json
import time
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from doors import (
    FORM,
    KEYS,
    PLATFORMS,
    Headers,
    Running,
    body_of,
    github,
    issue,
    linear,
    mention,
    serving,
    set_aside,
    signed,
    slack,
    ticket,
)

from contexten.delivery import Platform


async def test_a_delivery_of_each_platform_is_taken_and_spooled(door: Running) -> None:
    bodies = {"github": issue(12), "linear": ticket(), "slack": mention()}

    answers = {p: door.send(p, body) for p, body in bodies.items()}

    assert [a.status_code for a in answers.values()] == [202, 202, 202]
    assert answers["slack"].json() == {"status": "accepted", "id": "slack/Ev1"}
    kept = {event.platform.value: (event, body) for event, body in door.spooled()}
    assert {p: body for p, (_, body) in kept.items()} == bodies
    assert kept["github"][0].context == "github/octo/hello#12"
    assert kept["linear"][0].context == "linear/ENG-7"
    assert kept["slack"][0].context == "slack/C1/1700000000.000100"


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_delivery_by_a_repository_route_has_its_tenant(
    door: Running, platform: str
) -> None:
    body = body_of(platform)

    path = f"/octo/hello.world/{platform}/events"
    answer = door.post(path, body, signed(platform, body))
    stranger = door.post(path, body, signed(platform, body, key="wrong"))

    assert (answer.status_code, stranger.status_code) == (202, 401)
    assert door.spooled()[0][0].tenant == "octo/hello.world"


@pytest.mark.parametrize(
    "path",
    [
        "/gitlab/events",
        "/github/event",
        "/github/events/",
        "/a%00b/c/github/events",
        "/a/b/c/events",
    ],
)
def test_there_is_nothing_elsewhere(shared_door: Running, path: str) -> None:
    body = issue()

    assert shared_door.post(path, body, github(body)).status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_only_post_is_allowed(shared_door: Running, method: str) -> None:
    answer = httpx.request(method, shared_door.url + "/github/events")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


BODY = issue()
GOOD = github(BODY)


def without(name: str) -> Headers:
    return {key: value for key, value in GOOD.items() if key != name}


@pytest.mark.parametrize(
    "headers",
    [
        without("x-github-delivery"),
        without("x-github-event"),
        GOOD | {"x-github-delivery": ""},
        GOOD | {"x-github-delivery": "a b"},
        GOOD | {"x-github-delivery": "../../etc"},
        GOOD | {"x-github-delivery": "x" * 129},
        GOOD | {"x-github-event": "issues\t1"},
        GOOD | {"x-github-event": "is/sues"},
    ],
)
def test_malformed_headers_are_named(shared_door: Running, headers: Headers) -> None:
    answer = shared_door.post("/github/events", BODY, headers)

    assert answer.status_code == 400
    assert "x-github-" in answer.json()["reason"]


SHA1 = "sha1=" + hmac.new(KEYS["github"].encode(), BODY, hashlib.sha1).hexdigest()
RIGHT = GOOD["x-hub-signature-256"]


@pytest.mark.parametrize(
    "headers",
    [
        without("x-hub-signature-256"),
        without("x-hub-signature-256") | {"x-hub-signature": SHA1},
        GOOD | {"x-hub-signature-256": SHA1},
        GOOD | {"x-hub-signature-256": ""},
        GOOD | {"x-hub-signature-256": "nonsense"},
        GOOD | {"x-hub-signature-256": RIGHT.upper()},
        GOOD | {"x-hub-signature-256": f"{RIGHT}, {RIGHT}"},
        GOOD | {"x-hub-signature-256": "sha256=" + "0" * 64},
        GOOD | {"x-hub-signature-256": github(b"")["x-hub-signature-256"]},
        github(BODY, key="another key"),
        github(BODY + b" "),
    ],
)
def test_absent_malformed_and_wrong_signatures_get_the_same_bytes(
    shared_door: Running, headers: Headers
) -> None:
    expected = shared_door.post("/github/events", BODY, github(BODY, key="wrong"))
    answer = shared_door.post("/github/events", BODY, headers)

    assert (answer.status_code, answer.content) == (401, expected.content)
    assert set(answer.headers) == set(expected.headers)


def test_two_signature_headers_are_none(shared_door: Running) -> None:
    headers = [*GOOD.items(), ("x-hub-signature-256", "sha256=" + "0" * 64)]

    answer = httpx.post(shared_door.url + "/github/events", content=BODY, headers=headers)

    assert answer.status_code == 401


async def test_a_platform_without_a_secret_takes_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path, GITHUB_WEBHOOK_SECRET=None) as door:
        bare = door.deliver(BODY)
        known = door.post("/linear/events", b"{}", linear(b"{}", key="wrong"))

    assert bare.status_code == 401
    assert bare.content == known.content
    assert door.spooled() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": ""},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/jsonp"},
        {"content-encoding": "gzip"},
        {"content-encoding": "br"},
    ],
)
def test_only_plain_json_is_taken(shared_door: Running, headers: Headers) -> None:
    assert shared_door.post("/github/events", BODY, GOOD | headers).status_code == 415


def test_a_compressed_body_is_not_unpacked(shared_door: Running) -> None:
    packed = gzip.compress(BODY)

    answer = shared_door.post(
        "/github/events", packed, github(packed) | {"content-encoding": "gzip"}
    )

    assert answer.status_code == 415


def test_linear_sends_no_forms(shared_door: Running) -> None:
    body = urlencode({"payload": "{}"}).encode()

    answer = shared_door.post("/linear/events", body, linear(body) | {"content-type": FORM})

    assert answer.status_code == 415


async def test_a_github_form_is_signed_as_sent_and_spooled_as_json(door: Running) -> None:
    body = urlencode({"payload": BODY.decode()}).encode()

    answer = door.post("/github/events", body, github(body) | {"content-type": FORM})

    assert answer.status_code == 202
    assert door.spooled()[0][1] == BODY


async def test_a_slash_command_is_taken_without_a_word(door: Running) -> None:
    fields = {"command": "/fix", "text": "das Übliche", "user_id": "U1", "channel_id": "C1"}
    body = urlencode(fields).encode()

    answer = door.post("/slack/events", body, slack(body, kind=FORM))

    assert (answer.status_code, answer.content) == (200, b"")
    (event, kept) = door.spooled()[0]
    assert event.kind == "slash_command:/fix"
    assert (event.repository, event.sender) == ("C1", "U1")
    assert json.loads(kept) == fields


async def test_a_pressed_button_is_taken_without_a_word(door: Running) -> None:
    payload = {
        "type": "block_actions",
        "user": {"id": "U1"},
        "container": {"message_ts": "1.2", "thread_ts": "1.1", "channel_id": "C1"},
        "actions": [{"action_id": "approve"}],
    }
    body = urlencode({"payload": json.dumps(payload)}).encode()

    answer = door.post("/slack/events", body, slack(body, kind=FORM))

    assert (answer.status_code, answer.content) == (200, b"")
    (event, kept) = door.spooled()[0]
    assert (event.kind, event.context) == ("block_actions:approve", "slack/C1/1.1")
    assert json.loads(kept) == payload


def test_slack_is_answered_its_challenge(shared_door: Running) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1a"}).encode()

    answer = shared_door.post("/slack/events", body, slack(body))
    stranger = shared_door.post("/slack/events", body, slack(body, key="wrong"))

    assert (answer.status_code, answer.json()) == (200, {"challenge": "3eZbrw1a"})
    assert stranger.status_code == 401


@pytest.mark.parametrize(("age_s", "status"), [(290, 202), (310, 401), (-290, 202), (-310, 401)])
def test_slack_deliveries_are_taken_for_five_minutes(
    shared_door: Running, age_s: int, status: int
) -> None:
    body = mention(f"Ev{age_s}")

    answer = shared_door.post("/slack/events", body, slack(body, at=time.time() - age_s))

    assert answer.status_code == status


@pytest.mark.parametrize(("age_s", "status"), [(55, 202), (65, 401), (-55, 202), (-65, 401)])
def test_linear_deliveries_are_taken_for_a_minute(
    shared_door: Running, age_s: int, status: int
) -> None:
    body = ticket(at=time.time() - age_s)

    assert shared_door.post("/linear/events", body, linear(body)).status_code == status


UNREADABLE = [
    b"",
    b"null",
    b"[]",
    b'"x"',
    b"42",
    b"{",
    b'{"action": "opened"}',
    b'{"action": ["x"]}',
    b"\xef\xbb\xbf" + BODY,
    BODY.decode().encode("utf-16"),
    b'{"action": "\\ud800", "issue": {}}',
    b'{"action": NaN, "issue": {}}',
    b"[" * 5000 + b"]" * 5000,
    issue(comment={}),
]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_is_signed_and_unreadable_is_kept_in_quarantine(
    shared_door: Running, platform: str
) -> None:
    answers = [
        shared_door.send(platform, body, f"q-{number}") for number, body in enumerate(UNREADABLE)
    ]

    assert {a.status_code for a in answers} == {202}
    assert {a.json()["status"] for a in answers} == {"quarantined"}
    kept = [
        q for q in set_aside(shared_door.folder / "var" / "quarantine") if q.platform == platform
    ]
    assert [q.body for q in kept] == UNREADABLE
    assert not any("signature" in name for q in kept for name in q.headers)
    assert all(q.reason for q in kept)


def test_the_same_unreadable_body_is_kept_once(shared_door: Running) -> None:
    body = b'["again"]'
    for _ in range(3):
        assert shared_door.deliver(body, "again").json() == {"status": "quarantined"}

    kept = list(set_aside(shared_door.folder / "var" / "quarantine"))

    assert [q.body for q in kept].count(body) == 1


def test_wrong_kinds_of_values_anywhere_are_no_error(shared_door: Running) -> None:
    for n, wrong in enumerate([None, [], "x", 7, {"full_name": 3}, {"number": "7"}, True]):
        body = json.dumps(
            {"action": wrong, "issue": wrong, "repository": wrong, "sender": wrong}
        ).encode()
        assert shared_door.deliver(body, f"wrong-{n}").status_code == 202

    assert "Traceback" not in shared_door.log()


async def test_without_a_reaction_nothing_is_spooled_where_only_reactions_count(
    tmp_path: Path,
) -> None:
    labelled = issue(action="labeled", label={"name": "contexten"})
    async with serving(tmp_path, WORKFLOWS_FOR="reactions") as door:
        ignored = door.deliver(b'{"zen": "x", "hook_id": 1}', "i-1", "ping")
        taken = door.deliver(labelled, "i-2")

    assert (ignored.status_code, ignored.json()) == (200, {"status": "ignored"})
    assert taken.status_code == 202
    assert [event.delivery_id for event, _ in door.spooled()] == ["i-2"]


def test_the_door_says_that_it_lives_and_that_the_engine_is_away(shared_door: Running) -> None:
    standing = shared_door.get("/readyz")

    assert shared_door.get("/healthz").json() == {"status": "alive"}
    assert standing.status_code == 200
    assert standing.json()["engine"] == "away: spooling"
    assert standing.json()["spool"] == "writable"


async def test_what_waits_is_shown_with_its_age(door: Running) -> None:
    empty = door.get("/readyz").json()
    door.deliver(BODY)
    standing = door.get("/readyz").json()

    assert (empty["backlog_bytes"] < 100, empty["backlog_age_s"]) == (True, 0.0)
    assert standing["backlog_bytes"] > len(BODY)
    assert standing["backlog_age_s"] > 0


async def test_deliveries_are_counted_by_platform_and_answer(door: Running) -> None:
    door.deliver(BODY)
    door.post("/github/events", BODY, github(BODY, key="wrong"))

    counted = door.get("/metrics").text

    for answer in ("accepted", "unsigned"):
        assert f'deliveries_total{{answer="{answer}",platform="github"}} 1.0' in counted
    assert "contexten_door_spool_bytes" in counted


async def test_the_engine_away_is_a_503_where_it_is_the_durable_place(tmp_path: Path) -> None:
    async with serving(tmp_path, DURABILITY="engine") as door:
        answer = door.deliver(BODY)
        standing = door.get("/readyz")

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert (standing.status_code, standing.json()["engine"]) == (503, "away")


async def test_the_engine_is_the_durable_place_if_so_set(
    tmp_path: Path, engine_address: str
) -> None:
    from temporalio.client import Client

    body = issue(3)
    async with serving(tmp_path, DURABILITY="engine", TEMPORAL_ADDRESS=engine_address) as door:
        answer = door.deliver(body, "in-engine")
        client = await Client.connect(engine_address)
        described = await client.get_workflow_handle("github/in-engine").describe()

    assert answer.status_code == 202
    assert described.typed_search_attributes
    assert not list((door.folder / "var").glob("spool/*"))


def test_platforms_and_keys_are_complete() -> None:
    assert set(KEYS) == {platform.value for platform in Platform}
