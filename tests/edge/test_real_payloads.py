"""What the platforms really send is taken, read, given to its reactions and done."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from conftest import FIELD_PAYLOADS
from doors import KEYS, Running
from history import Ended
from house import SECRETS, House
from payloads import FROM_THE_FIELD, OUR_OWN, Payload
from traffic import runs
from waiting import until

from contexten.delivery import Event
from contexten.payload import dig
from workflows import registry

pytestmark = pytest.mark.timeout(180)

HANDSHAKE = "slack/url_verification.json"
DELIVERIES = [one for one in [*FROM_THE_FIELD, *OUR_OWN] if str(one) != HANDSHAKE]

REACTIONS = {
    "issues:labeled": "github.work_on_label",
    "issues:assigned": "github.work_on_assignment",
    "issue_comment:created": "github.answer_comment",
    "pull_request_review_comment:created": "github.answer_line",
    "pull_request:labeled": "github.work_on_pull_request",
    "pull_request:assigned": "github.work_on_assignment",
    "pull_request:review_requested": "github.review_when_asked",
    "pull_request:opened": "github.move_ticket_to_review",
    "pull_request:ready_for_review": "github.move_ticket_to_review",
    "check_run:completed": "github.fix_checks",
    "check_suite:completed": "github.fix_checks",
    "workflow_run:completed": "github.fix_checks",
    "Issue:create": "linear.work_on_ticket",
    "Issue:update": "linear.work_on_ticket",
    "Comment:create": "linear.answer_comment",
    "app_mention": "slack.answer_mention",
    "message": "slack.pass_on_reply",
    "block_actions:approve": "slack.pass_on_choice",
}
OF_OURS = {
    "linear/Comment.create.json": ("Comment:create", "TIDE", "linear/TIDE-30"),
    "linear/Issue.create.json": ("Issue:create", "TIDE", "linear/TIDE-32"),
    "linear/Issue.update.json": ("Issue:update", "TIDE", "linear/TIDE-31"),
    "slack/app_mention.json": (
        "app_mention",
        "C07HARBOUR",
        "slack/C07HARBOUR/1772526600.000200",
    ),
    "slack/block_actions.form": (
        "block_actions:approve",
        "C07HARBOUR",
        "slack/C07HARBOUR/1772526700.000400",
    ),
    "slack/message.json": ("message", "C07HARBOUR", "slack/C07HARBOUR/1772526660.000300"),
    "slack/slash_command.form": ("slash_command:/contexten", "C07HARBOUR", None),
}
ANSWERED = {
    "larkspur/tidepool#7": 1,
    "larkspur/tidepool#9": 1,
    "larkspur/tidepool#10": 1,
    "octo/hello#1": 2,
    "octo/hello#2": 2,
    "5a7b9c1d-3e5f-4a6b-8c0d-2e4f6a8b0c1d": 1,
    "7c9d1e3f-5a7b-4c8d-8e0f-4a6b8c0d2e3f": 1,
    "C07HARBOUR/1772526600.000200": 1,
}
"""Where the payloads that ask for us are answered, how often; those from the field do not ask."""


def taken(door: Running, payload: Payload) -> tuple[Event, bytes]:
    """Send *payload* to *door*; the event and the body that it was kept as."""
    body = payload.body()
    headers = payload.headers(body, KEYS[payload.platform])
    answer = door.post(f"/{payload.platform}/events", body, headers)
    assert answer.status_code == (200 if payload.form else 202), answer.text
    return door.spooled()[-1]


@pytest.mark.parametrize("payload", DELIVERIES, ids=str)
def test_a_payload_is_taken_as_it_is(shared_door: Running, payload: Payload) -> None:
    event, kept = taken(shared_door, payload)

    said = orjson.loads(kept)
    unlike = {"webhookTimestamp"} if payload.platform == "linear" else set()
    assert {k: v for k, v in said.items() if k not in unlike} == {
        k: v for k, v in payload.content().items() if k not in unlike
    }
    assert event.platform == payload.platform
    assert event.sender == sender_in(said)


def sender_in(said: Any) -> str | None:
    """Who caused it, wherever the platform says so."""
    places = [("sender", "login"), ("actor", "id"), ("event", "user"), ("user", "id"), ("user_id",)]
    sender: str | None = next((who for at in places if (who := dig(said, *at))), None)
    return sender


GITHUB = [one for one in DELIVERIES if one.platform == "github"]


@pytest.mark.parametrize("payload", GITHUB, ids=str)
def test_a_github_payload_is_read_as_what_it_is(shared_door: Running, payload: Payload) -> None:
    event, _ = taken(shared_door, payload)

    said = payload.content()
    things = (dig(said, thing, "number") for thing in ("issue", "pull_request"))
    about = next((number for number in things if number), None)
    assert (event.name, event.action) == (payload.event, said.get("action"))
    assert event.repository == dig(said, "repository", "full_name")
    assert event.sent_by_bot == (dig(said, "sender", "type") == "Bot")
    if about is not None:
        assert event.context == f"github/{event.repository}#{about}"


@pytest.mark.parametrize("name", OF_OURS)
def test_our_own_payloads_of_the_others_are_read_as_what_they_are(
    shared_door: Running, name: str
) -> None:
    event, _ = taken(shared_door, next(one for one in OUR_OWN if str(one) == name))

    assert (event.kind, event.repository, event.context) == OF_OURS[name]


def test_of_our_own_payloads_none_is_left_out() -> None:
    others = {str(one) for one in OUR_OWN if one.platform != "github"}

    assert others == {*OF_OURS, HANDSHAKE}


def test_the_payloads_from_the_field_are_here() -> None:
    if not FIELD_PAYLOADS.exists():
        pytest.skip("no payloads from the field beside this checkout")

    assert len(FROM_THE_FIELD) > 50


@pytest.mark.parametrize("payload", DELIVERIES, ids=str)
def test_a_payload_finds_its_reactions(shared_door: Running, payload: Payload) -> None:
    event, _ = taken(shared_door, payload)

    expected = [f"workflows.reactions.{REACTIONS[event.kind]}"] if event.kind in REACTIONS else []
    assert [one.name for one in registry.reactions_to(event)] == expected


async def test_every_payload_is_done(tmp_path: Path) -> None:
    async with House(tmp_path) as house:
        await house.start("deliveries,github,linear,slack")
        answers = Counter([await sent(house, payload) for payload in DELIVERIES])
        await until(all_closed(house, len(DELIVERIES)), 60, 0.2)
        ended = Counter(one.ended for one in await runs(house))
        effects = Counter(one["target"] for one in await house.ledger())

    forms = sum(payload.form for payload in DELIVERIES)
    assert answers == {202: len(DELIVERIES) - forms, 200: forms}
    assert ended == {Ended.COMPLETED: len(DELIVERIES)}
    assert effects == ANSWERED


async def sent(house: House, payload: Payload) -> int:
    body = payload.body()
    headers = payload.headers(body, SECRETS[payload.platform])
    url = f"{house.url}/{payload.platform}/events"
    return (await house.http.post(url, content=body, headers=headers)).status_code


def all_closed(house: House, count: int) -> Callable[[], Any]:
    """A condition: *count* deliveries have run to their end."""

    async def condition() -> bool:
        return sum(one.closed_at is not None for one in await runs(house)) == count

    return condition
