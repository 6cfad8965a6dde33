"""Payloads as their platforms would send them: signed, fresh, and under an id of their own."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import OWN_PAYLOADS

from contexten.delivery import Platform
from contexten.signature import github_genuine, linear_fresh, linear_genuine, slack_genuine
from starter.console.complaint import Complaint
from starter.console.deliver import Prepared, platform_of, prepared
from starter.forms import json_of

SECRET = "what only we and the platform know"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FILES = sorted(path for path in OWN_PAYLOADS.rglob("*.*") if path.parent != OWN_PAYLOADS)


def of(name: str, delivery_id: str | None = None) -> Prepared:
    file = OWN_PAYLOADS / name
    return prepared(file, platform_of(file), SECRET, NOW, delivery_id)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_every_payload_is_signed_as_its_platform_signs(file: Path) -> None:
    sent = prepared(file, platform_of(file), SECRET, NOW)
    headers = {name.lower(): value.encode() for name, value in sent.headers.items()}
    keys = [SECRET.encode()]

    if sent.platform is Platform.GITHUB:
        assert github_genuine(keys, headers["x-hub-signature-256"], sent.body)
    elif sent.platform is Platform.LINEAR:
        assert linear_genuine(keys, headers["linear-signature"], sent.body)
    else:
        stamp = headers["x-slack-request-timestamp"]
        assert slack_genuine(keys, headers["x-slack-signature"], stamp, sent.body, NOW)


def test_a_github_event_is_named_by_its_file() -> None:
    assert of("github/pull_request.labeled.json").headers["X-GitHub-Event"] == "pull_request"


def test_a_linear_payload_is_sent_as_of_now() -> None:
    sent_at = json.loads(of("linear/Issue.update.json").body)["webhookTimestamp"]

    assert linear_fresh(sent_at, NOW)


@pytest.mark.parametrize(
    "name", ["github/push.json", "linear/Issue.create.json", "slack/slash_command.form"]
)
def test_each_time_it_is_another_delivery(name: str) -> None:
    assert of(name).workflow_id != of(name).workflow_id


def test_a_slack_event_goes_by_the_id_in_its_body() -> None:
    sent = of("slack/app_mention.json", "Ev1")

    assert json.loads(sent.body)["event_id"] == "Ev1"
    assert sent.workflow_id == "slack/Ev1"


def test_a_form_says_the_same_but_for_its_trigger() -> None:
    kept = json_of(Platform.SLACK, (OWN_PAYLOADS / "slack" / "block_actions.form").read_bytes())[0]
    sent = json_of(Platform.SLACK, of("slack/block_actions.form").body)[0]

    assert sent.pop("trigger_id") != kept.pop("trigger_id")
    assert sent == kept


def test_a_folder_that_is_no_platform_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Complaint, match=r"--platform github\|linear\|slack"):
        platform_of(tmp_path / "issues.json")


@pytest.mark.parametrize(("content", "reason"), [(b"{", "no JSON"), (b"[1]", "no JSON object")])
def test_what_is_no_payload_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    file = tmp_path / "Issue.update.json"
    file.write_bytes(content)

    with pytest.raises(Complaint, match=reason):
        prepared(file, Platform.LINEAR, SECRET, NOW)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Complaint, match=r"none\.json cannot be read"):
        prepared(tmp_path / "none.json", Platform.GITHUB, SECRET, NOW)
