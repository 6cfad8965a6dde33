"""A body is read as what was signed: no JSON passes for a form, and no form for JSON."""

import json
from urllib.parse import quote, urlencode

import pytest
from doors import FORM, Headers, Running, github, issue, mention, set_aside, slack

FORGED = quote(issue(1, action="labeled", sender={"login": "boss", "type": "User"}))
BAIT = f"nice&payload={FORGED}&x="
COMMAND = {"command": "/fix", "text": "the usual", "user_id": "U1", "channel_id": "C1"}


def as_form(headers: Headers) -> Headers:
    return headers | {"content-type": FORM}


def captured(platform: str, text: str) -> tuple[bytes, Headers]:
    """A genuine JSON delivery with *text* that a stranger wrote, and its headers."""
    if platform == "slack":
        body = mention("EvForge", text=text)
        return body, slack(body)
    body = json.dumps(
        {"action": "created", "issue": {"number": 9}, "comment": {"body": text}},
        separators=(",", ":"),
    ).encode()
    return body, github(body, "forged", "issues")


@pytest.mark.parametrize("platform", ["github", "slack"])
@pytest.mark.parametrize(
    "text", [BAIT, f"&payload={FORGED}", f"=&command=/fix&payload={FORGED}", "&command=/fix&text="]
)
async def test_a_json_body_sent_again_as_a_form_becomes_no_event(
    door: Running, platform: str, text: str
) -> None:
    body, headers = captured(platform, text)

    answer = door.post(f"/{platform}/events", body, as_form(headers))

    assert answer.status_code == (200 if platform == "slack" else 202)
    assert door.spooled() == []
    assert [one.body for one in set_aside(door.folder / "var" / "quarantine")] == [body]


@pytest.mark.parametrize(
    "body",
    [
        b"x=1&payload=%7B%7D",
        b"&payload=%7B%7D",
        b"payload=%7B%7D&x=1",
        b"payload=%7B%7D&payload=%7B%7D",
        b"Payload=%7B%7D",
        b"payload",
        b"command=/fix",
    ],
)
async def test_a_github_form_is_one_field_named_payload(door: Running, body: bytes) -> None:
    answer = door.post("/github/events", body, as_form(github(body)))

    assert answer.json() == {"status": "quarantined"}
    assert door.spooled() == []


@pytest.mark.parametrize(
    "body",
    [
        urlencode({**COMMAND, "payload": mention().decode()}).encode(),
        urlencode({**COMMAND, '{"': "x"}).encode(),
        urlencode({**COMMAND, "Text": "x"}).encode(),
        b"[&command=/fix",
        b"%7B&command=/fix",
    ],
)
async def test_a_slack_form_is_a_payload_or_a_slash_command(door: Running, body: bytes) -> None:
    answer = door.post("/slack/events", body, slack(body, kind=FORM))

    assert (answer.status_code, answer.content) == (200, b"")
    assert door.spooled() == []
    assert len(list(set_aside(door.folder / "var" / "quarantine"))) == 1


@pytest.mark.parametrize("platform", ["github", "slack"])
@pytest.mark.parametrize(
    "body", [urlencode({"payload": issue().decode()}).encode(), urlencode(COMMAND).encode()]
)
async def test_a_form_sent_again_as_json_becomes_no_event(
    door: Running, platform: str, body: bytes
) -> None:
    answer = door.send(platform, body)

    assert answer.json() == {"status": "quarantined"}
    assert door.spooled() == []
