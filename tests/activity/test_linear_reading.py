"""What is read on Linear is what stands there, and what is said in a session is said once."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pretend import Sandbox

from activities.clients.linear import LinearClient
from contexten.effects import Effect
from contexten.errors import ClientError
from contexten.linear import ActivityKind, AgentActivity, CommentsOf, User
from sandbox.linear_resolvers import VIEWER
from sandbox.tokens import LINEAR_TOKEN

ADA = "0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9"
SESSION = "1b2c3d4e-5f60-4718-8a9b-0c1d2e3f4a5b"
MISSING = "ffffffff-5a7b-4c8d-8e0f-4a6b8c0d2e3f"
TICKET = "ENG-7"
EFFECT = Effect("a" * 32, datetime.now(UTC))


@pytest.fixture
async def linear(sandbox: Sandbox) -> AsyncIterator[LinearClient]:
    client = LinearClient(f"{sandbox.url}/linear/graphql", LINEAR_TOKEN, 5, 4, "ENG")
    yield client
    await client.close()


def written(sandbox: Sandbox, body: str, user: str | None = ADA) -> str:
    """A comment that somebody wrote; its id."""
    said = {"issueId": TICKET, "body": body, "userId": user}
    made: dict[str, Any] = sandbox.arrange("/_linear/comments", said)
    return str(made["id"])


async def test_the_latest_comments_are_read_oldest_first(
    sandbox: Sandbox, linear: LinearClient
) -> None:
    ids = [written(sandbox, f"{number}") for number in range(5)]

    found = await linear.read_comments(CommentsOf(TICKET, 3))

    assert [one.body for one in found] == ["2", "3", "4"]
    assert {one.author_id for one in found} == {ADA}
    assert await linear.read_comment(ids[-1]) == found[-1]


async def test_comments_are_bounded_together_and_the_oldest_left_out(
    sandbox: Sandbox, linear: LinearClient
) -> None:
    for letter in "abc":
        written(sandbox, letter * 90_000)

    found = await linear.read_comments(CommentsOf(TICKET))

    assert [one.body[0] for one in found] == ["b", "c"]


async def test_a_comment_of_nobody_in_the_workspace_has_no_author(
    sandbox: Sandbox, linear: LinearClient
) -> None:
    assert (await linear.read_comment(written(sandbox, "x", user=None))).author_id is None


async def test_a_guest_and_an_app_are_told_from_a_member(
    sandbox: Sandbox, linear: LinearClient
) -> None:
    guest = str(uuid.uuid4())
    sandbox.arrange("/_linear/users", {"id": guest, "guest": True, "name": "Bob"}, method="PUT")

    assert await linear.read_user(ADA) == User(ADA, "Somebody", True, False, False)
    assert await linear.read_user(guest) == User(guest, "Bob", True, True, False)
    assert (await linear.read_user(VIEWER["id"])).app


async def test_what_is_not_there_is_a_client_error(linear: LinearClient) -> None:
    said = AgentActivity(MISSING, ActivityKind.THOUGHT, "x", (), EFFECT)
    for reading in (
        linear.read_user(MISSING),
        linear.read_comment(MISSING),
        linear.read_comments(CommentsOf("ENG-900000")),
        linear.create_agent_activity(said),
        linear.read_agent_activity(MISSING),
    ):
        with pytest.raises(ClientError):
            await reading


@pytest.mark.parametrize("kind", ActivityKind)
async def test_an_agent_says_in_its_session_what_kind_of_saying_it_is(
    sandbox: Sandbox, linear: LinearClient, kind: ActivityKind
) -> None:
    told = await linear.create_agent_activity(AgentActivity(SESSION, kind, "Hello", (), EFFECT))
    assert await linear.read_agent_activity(told) == told

    [said] = sandbox.effects("agent_activity")
    assert said["target"] == SESSION
    assert (said["details"]["type"], said["details"]["body"]) == (kind, "Hello")


async def test_a_question_offers_its_choices_to_select_from(
    sandbox: Sandbox, linear: LinearClient
) -> None:
    question = AgentActivity(SESSION, ActivityKind.ELICITATION, "Which?", ("a", "b"), EFFECT)
    await linear.create_agent_activity(question)

    [said] = sandbox.effects("agent_activity")
    assert said["details"]["signal"] == "select"
    assert said["details"]["options"] == {"options": [{"value": "a"}, {"value": "b"}]}


async def test_an_empty_saying_is_refused(linear: LinearClient) -> None:
    said = AgentActivity(SESSION, ActivityKind.THOUGHT, "", (), EFFECT)

    with pytest.raises(ClientError):
        await linear.create_agent_activity(said)
