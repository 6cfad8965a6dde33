"""The sandbox's Slack is as strict as the documented one."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pretend import Sandbox, sandbox

from sandbox.tokens import SLACK_TOKEN

__all__ = ["sandbox"]

FORM = "application/x-www-form-urlencoded"
MENTION = "1700000001.000100"
METADATA = {"event_type": "x", "event_payload": {"key": "1"}}


@pytest.fixture
def http(sandbox: Sandbox) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {SLACK_TOKEN}"}
    with httpx.Client(base_url=f"{sandbox.url}/slack/api/", headers=headers, timeout=5) as client:
        yield client


def post(http: httpx.Client, **more: Any) -> dict[str, Any]:
    fields = {"channel": "C01", "text": "Hello"} | more
    answer: dict[str, Any] = http.post("chat.postMessage", json=fields).json()
    return answer


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({"authorization": ""}, "not_authed"),
        ({"authorization": "Bearer"}, "not_authed"),
        ({"authorization": f"Basic {SLACK_TOKEN}"}, "not_authed"),
        ({"authorization": "Bearer xoxb-other"}, "invalid_auth"),
    ],
)
def test_strangers_are_refused_with_a_200(
    sandbox: Sandbox, http: httpx.Client, headers: dict[str, str], error: str
) -> None:
    fields = {"channel": "C01", "text": "x"}
    answer = http.post("chat.postMessage", json=fields, headers=headers)

    assert (answer.status_code, answer.json()) == (200, {"ok": False, "error": error})
    assert sandbox.effects() == []


def test_a_token_is_taken_from_a_form_and_from_nowhere_else(http: httpx.Client) -> None:
    nameless, token = {"authorization": ""}, {"token": SLACK_TOKEN}

    assert http.post("auth.test", data=token, headers=nameless).json()["user"] == "contexten"
    assert http.post("auth.test", json=token, headers=nameless).json()["error"] == "not_authed"
    assert http.get("auth.test", params=token, headers=nameless).json()["error"] == "not_authed"


def test_arguments_are_taken_in_every_form(sandbox: Sandbox, http: httpx.Client) -> None:
    given = {"channel": "C01", "text": "größer & mehr", "metadata": json.dumps(METADATA)}

    answers = [
        http.post("chat.postMessage", data=given),
        http.post("chat.postMessage", json=given | {"metadata": METADATA}),
        http.get("chat.postMessage", params=given),
    ]

    assert all(answer.json()["ok"] for answer in answers)
    said = [(e["details"]["text"], e["details"]["metadata"]) for e in sandbox.effects("message")]
    assert said == [("größer & mehr", METADATA)] * 3


@pytest.mark.parametrize(
    ("kind", "body", "error"),
    [
        ("application/json", b"{", "invalid_json"),
        ("application/json", b"[]", "json_not_object"),
        (FORM, b"text=\xff", "invalid_form_data"),
        ("text/plain", b"x", "invalid_post_type"),
        ("", b"x", "missing_post_type"),
    ],
)
def test_a_body_that_is_not_what_it_claims_is_named(
    http: httpx.Client, kind: str, body: bytes, error: str
) -> None:
    answer = http.post("chat.postMessage", content=body, headers={"content-type": kind})

    assert answer.json() == {"ok": False, "error": error}


@pytest.mark.parametrize(
    ("method", "fields", "error"),
    [
        ("no.such", {}, "unknown_method"),
        ("chat.delete", {"channel": "C01", "ts": MENTION}, "unknown_method"),
        ("chat.postMessage", {"text": "x"}, "invalid_arguments"),
        ("chat.postMessage", {"channel": "C01"}, "no_text"),
        ("chat.postMessage", {"channel": "C01", "text": 5}, "invalid_arguments"),
        ("chat.postMessage", {"channel": "C01", "text": "x" * 40_001}, "msg_too_long"),
        ("chat.postMessage", {"channel": "general", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": "CMISSING", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": "CFOREIGN", "text": "x"}, "not_in_channel"),
        ("chat.postMessage", {"channel": "CARCHIVED", "text": "x"}, "is_archived"),
        (
            "chat.postMessage",
            {"channel": "C01", "text": "x", "thread_ts": "yesterday"},
            "thread_not_found",
        ),
        (
            "chat.postMessage",
            {"channel": "C01", "text": "x", "thread_ts": "9999999999.000000"},
            "thread_not_found",
        ),
        ("chat.update", {"channel": "C01", "text": "x"}, "invalid_arguments"),
        ("chat.update", {"channel": "C01", "ts": "x", "text": "x"}, "message_not_found"),
        ("chat.update", {"channel": "C01", "ts": MENTION, "text": "x"}, "cant_update_message"),
        ("reactions.add", {"channel": "C01", "timestamp": MENTION}, "invalid_arguments"),
        ("reactions.add", {"channel": "C01", "name": "eyes"}, "no_item_specified"),
        ("reactions.add", {"channel": "C01", "timestamp": MENTION, "name": ":"}, "invalid_name"),
        (
            "reactions.add",
            {"channel": "C01", "timestamp": "1", "name": "eyes"},
            "message_not_found",
        ),
        (
            "reactions.remove",
            {"channel": "C01", "timestamp": MENTION, "name": "eyes"},
            "no_reaction",
        ),
        ("conversations.history", {}, "invalid_arguments"),
        ("conversations.history", {"channel": "C01", "limit": "1001"}, "invalid_limit"),
        ("conversations.history", {"channel": "C01", "limit": "x"}, "invalid_limit"),
        ("conversations.history", {"channel": "C01", "cursor": "x"}, "invalid_cursor"),
        ("conversations.history", {"channel": "C01", "oldest": "x"}, "invalid_ts_oldest"),
        ("conversations.history", {"channel": "C01", "latest": "x"}, "invalid_ts_latest"),
        ("conversations.replies", {"channel": "C01"}, "invalid_arguments"),
        ("conversations.replies", {"channel": "C01", "ts": "x"}, "thread_not_found"),
        ("conversations.info", {"channel": "CMISSING"}, "channel_not_found"),
        ("users.info", {}, "invalid_arguments"),
        ("users.info", {"user": "UMISSING"}, "user_not_found"),
        ("users.info", {"user": "ada"}, "user_not_found"),
    ],
)
def test_what_is_wrong_is_named_and_not_done(
    sandbox: Sandbox, http: httpx.Client, method: str, fields: dict[str, Any], error: str
) -> None:
    answer = http.post(method, json=fields)

    assert answer.status_code == 200
    assert (answer.json()["ok"], answer.json()["error"]) == (False, error)
    assert sandbox.effects() == []


def test_a_missing_argument_is_named(http: httpx.Client) -> None:
    answer = http.post("chat.postMessage", json={"text": "x"}).json()

    assert answer["response_metadata"]["messages"] == ["[ERROR] missing required field: channel"]


@pytest.mark.parametrize(
    "wrong",
    [
        5,
        [],
        "x",
        {},
        {"event_type": "x"},
        {"event_payload": {}},
        {"event_type": "", "event_payload": {}},
        {"event_type": "x", "event_payload": "x"},
        {"event_type": "x", "event_payload": {}, "more": 1},
    ],
    ids=str,
)
def test_metadata_is_an_object_of_type_and_payload(
    sandbox: Sandbox, http: httpx.Client, wrong: object
) -> None:
    assert post(http, metadata=wrong)["error"] == "invalid_metadata_format"
    assert sandbox.effects() == []


def test_a_message_is_named_by_a_time_that_only_grows(http: httpx.Client) -> None:
    begun = time.time()

    names = [post(http)["ts"] for _ in range(20)]

    assert names == sorted(set(names))
    assert begun - 1 < float(names[0]) < float(names[-1]) < time.time() + 1
    assert all(len(name.partition(".")[2]) == 6 for name in names)


def test_metadata_is_shown_to_who_asks_for_it(http: httpx.Client) -> None:
    post(http, metadata=METADATA)

    [plain] = http.get("conversations.history", params={"channel": "C01"}).json()["messages"]
    asked = {"channel": "C01", "include_all_metadata": 1}
    [whole] = http.get("conversations.history", params=asked).json()["messages"]

    assert "metadata" not in plain
    assert whole == plain | {"metadata": METADATA}


def test_a_history_is_paged_newest_first_and_without_replies(http: httpx.Client) -> None:
    names = [post(http)["ts"] for _ in range(5)]
    reply = post(http, thread_ts=names[0])["ts"]
    pages, asked = [], {"channel": "C01", "limit": "2"}
    while True:
        page = http.post("conversations.history", data=asked).json()
        pages.append([message["ts"] for message in page["messages"]])
        if not page["has_more"]:
            break
        asked["cursor"] = page["response_metadata"]["next_cursor"]

    assert pages == [[names[4], names[3]], [names[2], names[1]], [names[0]]]
    assert (page["messages"][0]["reply_count"], page["messages"][0]["latest_reply"]) == (1, reply)
    assert "response_metadata" not in page


def test_a_thread_is_paged_oldest_first_from_the_message_it_began_with(http: httpx.Client) -> None:
    replies = [post(http, thread_ts=MENTION)["ts"] for _ in range(3)]
    asked = {"channel": "C01", "ts": replies[1], "limit": "3"}

    first = http.post("conversations.replies", data=asked).json()
    cursor = first["response_metadata"]["next_cursor"]
    second = http.post("conversations.replies", data=asked | {"cursor": cursor}).json()

    messages = [*first["messages"], *second["messages"]]
    assert [message["ts"] for message in messages] == [MENTION, *replies]
    assert {message["thread_ts"] for message in messages} == {MENTION}
    assert [("bot_id" in message) for message in messages] == [False, True, True, True]


def test_a_window_of_time_leaves_out_what_is_outside(http: httpx.Client) -> None:
    names = [post(http)["ts"] for _ in range(3)]

    def seen(**window: str) -> list[str]:
        answer = http.post("conversations.history", data={"channel": "C01", **window})
        return [message["ts"] for message in answer.json()["messages"]]

    assert seen(oldest=names[0], latest=names[2]) == [names[1]]
    assert seen(oldest=names[1], inclusive="true") == [names[2], names[1]]
    assert seen(oldest=names[2]) == []


def test_an_edit_is_seen_and_keeps_the_metadata(sandbox: Sandbox, http: httpx.Client) -> None:
    ts = post(http, metadata=METADATA)["ts"]
    fields = {"channel": "C01", "ts": ts, "text": "Bye"}

    assert [http.post("chat.update", json=fields).json()["ok"] for _ in range(2)] == [True, True]

    asked = {"channel": "C01", "include_all_metadata": "true"}
    [message] = http.get("conversations.history", params=asked).json()["messages"]
    assert (message["text"], message["metadata"]) == ("Bye", METADATA)
    assert "edited" in message
    assert [effect["kind"] for effect in sandbox.effects()] == ["message", "message_edited"]


def test_a_reaction_stands_once(sandbox: Sandbox, http: httpx.Client) -> None:
    fields = {"channel": "C01", "timestamp": MENTION, "name": "eyes"}

    answers = [http.post("reactions.add", json=fields).json() for _ in range(2)]

    assert answers == [{"ok": True}, {"ok": False, "error": "already_reacted"}]
    shown = http.get("reactions.get", params=fields).json()["message"]["reactions"]
    assert [(one["name"], one["count"]) for one in shown] == [("eyes", 1)]
    assert http.post("reactions.remove", json=fields).json() == {"ok": True}
    assert "reactions" not in http.get("reactions.get", params=fields).json()["message"]
    assert [effect["kind"] for effect in sandbox.effects()] == ["reaction", "reaction_removed"]


def test_a_channel_and_a_user_are_shown(http: httpx.Client) -> None:
    channel = http.get("conversations.info", params={"channel": "C01"}).json()["channel"]
    user = http.get("users.info", params={"user": "U07ADA"}).json()["user"]

    assert (channel["id"], channel["is_archived"], channel["is_member"]) == ("C01", False, True)
    assert (user["id"], user["is_bot"]) == ("U07ADA", False)
