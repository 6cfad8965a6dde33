"""What asks for us is told from what does not, whatever shape it comes in."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from contexten.agent import LONGEST_WORDS, Task
from contexten.asks import Wanted, ask_of, is_us, wanted_in
from contexten.delivery import Event, Platform
from contexten.place import Place

GITHUB = Event(
    platform=Platform.GITHUB,
    delivery_id="1",
    name="issues",
    action="labeled",
    received_at=datetime(2026, 1, 1, tzinfo=UTC),
    repository="octo/hello",
    context="github/octo/hello#7",
    sender="ada",
)
LINEAR = replace(
    GITHUB,
    platform=Platform.LINEAR,
    name="Issue",
    action="update",
    repository="ENG",
    context="linear/ENG-7",
)
SLACK = replace(
    GITHUB,
    platform=Platform.SLACK,
    name="app_mention",
    action=None,
    repository="C01",
    context="slack/C01/1.2",
)
US = {"login": "contexten[bot]"}


def github(name: str, action: str, **payload: Any) -> Event:
    return replace(GITHUB, name=name, action=action, payload=payload)


PULL = {"number": 9, "title": "t", "body": "b"}
LABEL = {"label": {"name": "Contexten"}}
REVIEW = {"label": {"name": "review"}}
COMMENT = {"comment": {"body": "@contexten go", "path": "a.py", "line": 3}}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (github("issues", "labeled", issue=PULL, **LABEL), Wanted("b", "t")),
        (github("issues", "assigned", issue=PULL, assignee=US), Wanted("b", "t")),
        (
            github("pull_request", "labeled", pull_request=PULL, **REVIEW),
            Wanted("b", "t", Task.REVIEW, 9),
        ),
        (
            github("pull_request", "review_requested", pull_request=PULL, requested_reviewer=US),
            Wanted("b", "t", Task.REVIEW, 9),
        ),
        (github("pull_request", "labeled", pull_request=PULL, **LABEL), Wanted("b", "t", pull=9)),
        (github("issue_comment", "created", issue=PULL, **COMMENT), Wanted("@contexten go", "t")),
        (
            github("issue_comment", "created", issue={**PULL, "pull_request": {}}, **COMMENT),
            Wanted("@contexten go", "t", pull=9),
        ),
        (
            github("pull_request_review_comment", "created", pull_request=PULL, **COMMENT),
            Wanted("a.py, line 3: @contexten go", "t", pull=9),
        ),
        (
            replace(
                LINEAR,
                payload={
                    "data": {"title": "t", "description": "d", "assignee": {"name": "Contexten"}},
                    "updatedFrom": {"assigneeId": None},
                },
            ),
            Wanted("d", "t"),
        ),
        (
            replace(SLACK, payload={"event": {"text": "<@U0CONTEXTEN> mend it"}}),
            Wanted("mend it"),
        ),
    ],
)
def test_an_ask_is_read_with_what_it_says(event: Event, expected: Wanted) -> None:
    assert wanted_in(event) == expected
    assert wanted_in(replace(event, sent_by_bot=True)) is None


@pytest.mark.parametrize(
    "event",
    [
        github("issues", "labeled", issue=PULL, **REVIEW),
        github("issues", "assigned", issue=PULL, assignee={"login": "bob"}),
        github("issues", "unassigned", issue=PULL, assignee=US),
        github("issues", "opened", issue=PULL, **LABEL),
        github("issue_comment", "edited", issue=PULL, **COMMENT),
        github("issue_comment", "created", issue=PULL, comment={"body": "hello"}),
        github("push", "created", **COMMENT),
        replace(LINEAR, payload={"data": {"assignee": {"name": "contexten"}}, "updatedFrom": {}}),
        replace(LINEAR, name="Comment", payload={"data": {"body": "@contexten"}}),
        replace(LINEAR, name="AgentSessionEvent", payload={"agentSession": {}}),
        replace(SLACK, name="message", payload={"event": {"text": "mend it"}}),
    ],
)
def test_what_asks_nothing_is_none(event: Event) -> None:
    assert wanted_in(event) is None


@pytest.mark.parametrize("payload", [None, [], "x", 5, {}, {"issue": 5, "event": [], "data": "x"}])
@pytest.mark.parametrize("event", [GITHUB, LINEAR, SLACK])
@pytest.mark.parametrize("name", ["issues", "pull_request", "Comment", "AgentSessionEvent", "x"])
def test_a_payload_of_any_shape_asks_nothing_and_raises_nothing(
    event: Event, name: str, payload: Any
) -> None:
    assert wanted_in(replace(event, name=name, payload=payload)) is None


def test_our_account_is_named_by_the_mention() -> None:
    assert is_us("contexten", "@contexten")
    assert not is_us("contexten2", "@contexten")
    assert not is_us(None, "@contexten")
    assert not is_us("", "@")


def test_an_ask_is_bounded_and_carries_no_payload() -> None:
    event = replace(GITHUB, payload={"issue": {"body": "x"}})
    asked = ask_of(event, Wanted("x" * 50_000, "t" * 500), repository="octo/hello")

    assert asked is not None
    assert (len(asked.words), len(asked.title)) == (LONGEST_WORDS, 300)
    assert asked.event.payload is None
    assert asked.key == "github/1"


def test_an_ask_is_for_the_run_of_its_subject_and_answered_where_it_was_asked() -> None:
    asked = ask_of(GITHUB, Wanted("x"), repository=None, context="linear/ENG-7")

    assert asked is not None
    assert asked.event.context == "linear/ENG-7"
    assert asked.place == Place(Platform.GITHUB, "octo/hello", "7")


def test_an_ask_in_a_session_is_answered_in_it() -> None:
    asked = ask_of(LINEAR, Wanted("x", session="s"), repository=None)

    assert asked is not None
    assert asked.place == Place(Platform.LINEAR, "ENG-7", "s")


def test_what_can_be_answered_nowhere_is_no_ask() -> None:
    assert ask_of(replace(GITHUB, context=None), Wanted("x"), repository=None) is None
