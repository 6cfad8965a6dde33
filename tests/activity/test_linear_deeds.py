"""Each deed on Linear is done once, also when it is repeated or its answer is lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pretend import Sandbox
from waiting import until

from activities.clients.linear import LinearClient
from contexten.effects import Effect, as_uuid
from contexten.errors import ClientError, FatalError, TransientError
from contexten.linear import (
    ActivityKind,
    AgentActivity,
    Comment,
    IssueChange,
    NewIssue,
    NewWebhook,
    Search,
    StatesOf,
    Target,
    Webhook,
)
from sandbox.linear_state import known
from sandbox.tokens import LINEAR_API_KEY, LINEAR_TOKEN

TICKET = "7c9d1e3f-5a7b-4c8d-8e0f-4a6b8c0d2e3f"
MISSING = "ffffffff-5a7b-4c8d-8e0f-4a6b8c0d2e3f"
EFFECT = Effect("a" * 32, datetime.now(UTC) - timedelta(minutes=5))
OTHER = Effect("b" * 32, EFFECT.since)
KEY = as_uuid(EFFECT.key)
ENG = known("ENG")
BUG = known("label bug")

COMMENT = Comment(TICKET, "On it.", EFFECT)
ISSUE = NewIssue("It breaks", "When I look.", None, (BUG,), TICKET, EFFECT)
CHANGE = IssueChange(TICKET, title="It broke", priority=1)
WEBHOOK = NewWebhook("https://us.example/linear/events", ("Issue",), "contexten", None, EFFECT)
SESSION = "1b2c3d4e-5f60-4718-8a9b-0c1d2e3f4a5b"
QUESTION = AgentActivity(SESSION, ActivityKind.ELICITATION, "Which?", ("a", "b"), EFFECT)

Deed = Callable[[LinearClient], Awaitable[Any]]
DEEDS: dict[str, tuple[Deed, str]] = {
    "comment": (lambda linear: linear.post_comment(COMMENT), "comment"),
    "issue": (lambda linear: linear.create_issue(ISSUE), "issue"),
    "change": (lambda linear: linear.update_issue(CHANGE), "issue_update"),
    "agent activity": (lambda linear: linear.create_agent_activity(QUESTION), "agent_activity"),
    "webhook": (lambda linear: linear.register_webhook(WEBHOOK), "webhook"),
}
each_deed = pytest.mark.parametrize(("deed", "kind"), DEEDS.values(), ids=DEEDS)


def client_of(sandbox: Sandbox, token: str | None = LINEAR_TOKEN, team: str | None = "ENG") -> Any:
    return LinearClient(f"{sandbox.url}/linear/graphql", token, 1, 4, team)


@pytest.fixture
async def linear(sandbox: Sandbox) -> AsyncIterator[LinearClient]:
    client = client_of(sandbox)
    yield client
    await client.close()


@each_deed
async def test_a_deed_repeated_is_seen_once(
    sandbox: Sandbox, linear: LinearClient, deed: Deed, kind: str
) -> None:
    first, second = await deed(linear), await deed(linear)

    assert first == second
    assert [effect["kind"] for effect in sandbox.effects()] == [kind]


@each_deed
@pytest.mark.parametrize("fault", ["lost_answer", "truncated", "slow"])
async def test_a_deed_whose_answer_was_lost_is_found_by_the_next_attempt(
    sandbox: Sandbox, linear: LinearClient, fault: str, deed: Deed, kind: str
) -> None:
    await linear.list_teams()
    name = "Update" if kind == "issue_update" else "Create"
    sandbox.breaks("linear", fault, match=name, count=1)
    with pytest.raises(TransientError):
        await deed(linear)
    assert len(sandbox.effects(kind)) == 1

    await deed(linear)

    assert len(sandbox.effects(kind)) == 1


@each_deed
async def test_an_answer_lost_after_the_first_loss_is_found_as_well(
    sandbox: Sandbox, linear: LinearClient, deed: Deed, kind: str
) -> None:
    sandbox.breaks("linear", "lost_answer", rate=0.5, count=3)

    for _ in range(12):
        try:
            await deed(linear)
        except TransientError:
            continue

    assert sandbox.struck() == 3
    assert len(sandbox.effects(kind)) == 1


@each_deed
async def test_a_deed_overtaken_by_its_repetition_finds_what_that_did(
    sandbox: Sandbox, linear: LinearClient, deed: Deed, kind: str
) -> None:
    await linear.list_teams()
    name = "Update" if kind == "issue_update" else "Create"
    sandbox.breaks("linear", "latency", match=name, least_seconds=0.5, count=1)
    late = asyncio.create_task(deed(linear))
    await until(lambda: asyncio.to_thread(sandbox.struck))

    soon = await deed(linear)

    assert not late.done()
    assert await late == soon
    assert len(sandbox.effects(kind)) == 1


async def test_a_comment_bears_its_key_as_id_and_answers_with_where_it_stands(
    sandbox: Sandbox, linear: LinearClient
) -> None:
    posted = await linear.post_comment(COMMENT)

    [effect] = sandbox.effects("comment")
    assert effect["target"] == TICKET
    assert effect["details"] == {"id": KEY, "body": "On it."}
    assert posted.id == KEY
    assert posted.url.endswith(f"#comment-{KEY[:8]}")


async def test_a_new_comment_takes_one_request_and_a_repeated_one_two(
    sandbox: Sandbox, linear: LinearClient
) -> None:
    await linear.post_comment(COMMENT)
    assert sandbox.calls("linear") == 1

    await linear.post_comment(COMMENT)
    assert sandbox.calls("linear") == 3


async def test_another_key_is_another_comment(sandbox: Sandbox, linear: LinearClient) -> None:
    await linear.post_comment(COMMENT)
    await linear.post_comment(replace(COMMENT, effect=OTHER))

    assert len(sandbox.effects("comment")) == 2


async def test_an_issue_is_reached_by_what_people_call_it(
    sandbox: Sandbox, linear: LinearClient
) -> None:
    created = await linear.create_issue(ISSUE)
    await linear.post_comment(replace(COMMENT, issue_id=created.identifier))

    assert [effect["target"] for effect in sandbox.effects()] == [KEY, KEY]
    assert (await linear.read_issue(Target(created.identifier))).id == created.id == KEY


async def test_an_issue_is_read_as_it_was_created_and_changed(linear: LinearClient) -> None:
    created = await linear.create_issue(ISSUE)
    issue = await linear.read_issue(Target(created.id))

    assert (issue.title, issue.description, issue.labels) == (ISSUE.title, "When I look.", ("bug",))
    assert (issue.team_id, issue.team_key, issue.url) == (ENG, "ENG", created.url)
    assert (issue.state, issue.state_type, issue.priority) == ("Todo", "unstarted", 0)
    assert issue.assignee_id is None

    [doing] = [
        s for s in await linear.list_workflow_states(StatesOf("ENG")) if s.name == "In Progress"
    ]
    await linear.update_issue(
        IssueChange(created.identifier, state_id=doing.id, assignee_id=TICKET, description="")
    )
    changed = await linear.read_issue(Target(created.id))

    assert changed == replace(
        issue, state="In Progress", state_type="started", assignee_id=TICKET, description=""
    )


@pytest.mark.parametrize("team", ["ENG", ENG])
async def test_the_team_that_is_set_up_gets_the_issue(sandbox: Sandbox, team: str) -> None:
    linear = client_of(sandbox, team=team)
    created = await linear.create_issue(ISSUE)
    await linear.create_issue(replace(ISSUE, effect=OTHER))
    await linear.close()

    assert created.identifier.startswith("ENG-")
    assert sandbox.calls("linear") == (3 if team == "ENG" else 2)


async def test_a_team_that_is_named_goes_before_the_one_set_up(linear: LinearClient) -> None:
    created = await linear.create_issue(replace(ISSUE, team_id="OPS"))

    assert created.identifier.startswith("OPS-")


async def test_without_any_team_an_issue_is_fatal_and_says_what_to_set(sandbox: Sandbox) -> None:
    with pytest.raises(FatalError, match="LINEAR_TEAM_ID"):
        await client_of(sandbox, team=None).create_issue(ISSUE)

    assert sandbox.calls("linear") == 0


async def test_a_team_that_is_not_there_is_a_client_error(linear: LinearClient) -> None:
    with pytest.raises(ClientError, match="'NOPE'"):
        await linear.create_issue(replace(ISSUE, team_id="NOPE"))


@pytest.mark.parametrize("ticket", [MISSING, "ENG-900000", "NOPE-1", "not an id", ""])
async def test_what_is_not_there_is_a_client_error(
    sandbox: Sandbox, linear: LinearClient, ticket: str
) -> None:
    for deed in (
        linear.post_comment(replace(COMMENT, issue_id=ticket)),
        linear.read_issue(Target(ticket)),
        linear.update_issue(replace(CHANGE, issue_id=ticket)),
        linear.create_issue(replace(ISSUE, parent_id=ticket or MISSING)),
    ):
        with pytest.raises(ClientError, match="Entity not found: Issue"):
            await deed

    assert sandbox.effects() == []


async def test_a_search_finds_issues_by_their_words(linear: LinearClient) -> None:
    created = await linear.create_issue(ISSUE)
    await linear.create_issue(replace(ISSUE, title="Another", effect=OTHER))

    assert await linear.search_issues(Search("BREAKS look")) == (created,)
    assert len(await linear.search_issues(Search("look", most=1))) == 1
    assert await linear.search_issues(Search("nothing of the kind")) == ()


async def test_lists_are_read_to_their_last_page(sandbox: Sandbox, linear: LinearClient) -> None:
    for number in range(150):
        sandbox.arrange("/_linear/teams", {"key": f"T{number}", "name": f"Team {number}"})

    teams = await linear.list_teams()
    states = await linear.list_workflow_states(StatesOf())

    assert [team.key for team in teams] == ["ENG", "OPS", *(f"T{n}" for n in range(150))]
    assert len({state.id for state in states}) == len(states) == 6 * 152


@pytest.mark.parametrize("team", ["OPS", known("OPS")])
async def test_the_states_of_one_team_are_listed_in_order(linear: LinearClient, team: str) -> None:
    states = await linear.list_workflow_states(StatesOf(team))

    assert [s.name for s in states] == [
        *("Backlog", "Todo", "In Progress", "In Review", "Done", "Canceled")
    ]
    assert {s.team_id for s in states} == {known("OPS")}
    assert sorted(states, key=lambda s: s.position) == list(states)


@pytest.mark.parametrize(("team", "target"), [(None, "all public teams"), ("OPS", known("OPS"))])
async def test_a_webhook_is_for_a_team_or_for_all(
    sandbox: Sandbox, linear: LinearClient, team: str | None, target: str
) -> None:
    registered = await linear.register_webhook(replace(WEBHOOK, team_id=team))

    assert registered == Webhook(KEY, WEBHOOK.url, enabled=True)
    assert [effect["target"] for effect in sandbox.effects("webhook")] == [target]


async def test_an_api_key_is_taken_as_well(sandbox: Sandbox) -> None:
    linear = client_of(sandbox, token=LINEAR_API_KEY)
    await linear.post_comment(COMMENT)
    await linear.close()

    assert len(sandbox.effects("comment")) == 1


async def test_a_closed_client_opens_again_when_it_is_asked(
    sandbox: Sandbox, linear: LinearClient
) -> None:
    await linear.post_comment(COMMENT)
    await linear.close()
    await linear.post_comment(replace(COMMENT, effect=OTHER))

    assert len(sandbox.effects("comment")) == 2
