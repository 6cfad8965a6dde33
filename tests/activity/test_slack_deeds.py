"""Each deed on Slack is done once, also when it is repeated or its answer is lost."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pretend import Sandbox

from activities.clients.slack import EVENT_TYPE, SlackClient
from contexten.effects import Effect
from contexten.errors import AuthenticationError, ClientError, TransientError
from contexten.slack import Button, Edit, Message, Posted, ReactionTo, Reply, Said, Thread
from sandbox.slack_state import BOT_USER, PERSON
from sandbox.tokens import SLACK_TOKEN

CHANNEL = "C01"
MENTION = "1700000001.000100"
EFFECT = Effect("a" * 32, datetime.now(UTC) - timedelta(minutes=5))
OTHER = Effect("b" * 32, EFFECT.since)

MESSAGE = Message(CHANNEL, "On it.", EFFECT)
REPLY = Reply(CHANNEL, MENTION, "On it.", EFFECT)
EYES = ReactionTo(CHANNEL, MENTION, "eyes")

Deed = Callable[[SlackClient], Awaitable[Any]]
DEEDS: dict[str, tuple[Deed, str]] = {
    "message": (lambda slack: slack.post_message(MESSAGE), "message"),
    "reply": (lambda slack: slack.post_reply(REPLY), "reply"),
    "reaction": (lambda slack: slack.add_reaction(EYES), "reaction"),
}
each_deed = pytest.mark.parametrize(("deed", "kind"), DEEDS.values(), ids=DEEDS)


@pytest.fixture
async def slack(sandbox: Sandbox) -> AsyncIterator[SlackClient]:
    client = SlackClient(f"{sandbox.url}/slack/api/", SLACK_TOKEN, timeout_s=2, connections=5)
    yield client
    await client.close()


def said_by_others(sandbox: Sandbox, count: int, **more: str) -> None:
    """*count* messages in the channel that carry no key."""
    headers = {"authorization": f"Bearer {SLACK_TOKEN}"}
    with httpx.Client(base_url=f"{sandbox.url}/slack/api/", headers=headers) as http:
        for number in range(count):
            fields = {"channel": CHANNEL, "text": f"Message {number}", **more}
            http.post("chat.postMessage", data=fields).raise_for_status()


@each_deed
async def test_a_deed_repeated_is_seen_once(
    sandbox: Sandbox, slack: SlackClient, deed: Deed, kind: str
) -> None:
    first, second = await deed(slack), await deed(slack)

    assert first == second
    assert len(sandbox.effects(kind)) == 1


@each_deed
@pytest.mark.parametrize("broken", ["lost_answer", "truncated"])
async def test_a_deed_whose_answer_was_lost_is_found_by_the_next_attempt(
    sandbox: Sandbox, slack: SlackClient, deed: Deed, kind: str, broken: str
) -> None:
    for creates in ("chat.postMessage", "reactions.add"):
        sandbox.breaks("slack", broken, match=creates, count=1)
    with pytest.raises(TransientError):
        await deed(slack)
    assert len(sandbox.effects(kind)) == 1

    await deed(slack)

    assert len(sandbox.effects(kind)) == 1


async def test_a_message_carries_its_key_and_answers_with_where_it_stands(
    sandbox: Sandbox, slack: SlackClient
) -> None:
    posted = await slack.post_message(MESSAGE)

    [effect] = sandbox.effects("message")
    assert effect["target"] == CHANNEL
    assert effect["details"]["text"] == "On it."
    assert effect["details"]["metadata"] == {
        "event_type": EVENT_TYPE,
        "event_payload": {"key": EFFECT.key},
    }
    assert posted == Posted(CHANNEL, effect["details"]["ts"])


async def test_another_key_is_another_message(sandbox: Sandbox, slack: SlackClient) -> None:
    await slack.post_message(MESSAGE)
    await slack.post_message(Message(CHANNEL, "On it.", OTHER))
    await slack.post_reply(REPLY)
    await slack.post_reply(Reply(CHANNEL, MENTION, "On it.", OTHER))

    assert len(sandbox.effects("message")) == 2
    assert len(sandbox.effects("reply")) == 2


async def test_the_same_key_in_another_thread_is_another_reply(
    sandbox: Sandbox, slack: SlackClient
) -> None:
    await slack.post_reply(REPLY)
    await slack.post_reply(Reply(CHANNEL, "1700000002.000100", "On it.", EFFECT))

    assert len(sandbox.effects("reply")) == 2


async def test_a_message_is_found_below_two_pages_of_later_ones(
    sandbox: Sandbox, slack: SlackClient
) -> None:
    first = await slack.post_message(MESSAGE)
    said_by_others(sandbox, 410)
    before = sandbox.calls("slack")

    assert await slack.post_message(MESSAGE) == first
    assert sandbox.calls("slack") - before == 3


async def test_a_reply_is_found_after_two_pages_of_earlier_ones(
    sandbox: Sandbox, slack: SlackClient
) -> None:
    said_by_others(sandbox, 410, thread_ts=MENTION)
    first = await slack.post_reply(REPLY)
    before = sandbox.calls("slack")

    assert await slack.post_reply(REPLY) == first
    assert sandbox.calls("slack") - before == 3


async def test_only_what_is_young_enough_is_looked_through(
    sandbox: Sandbox, slack: SlackClient
) -> None:
    said_by_others(sandbox, 210)
    before = sandbox.calls("slack")

    await slack.post_message(Message(CHANNEL, "x", Effect("c" * 32, datetime.now(UTC))))

    assert sandbox.calls("slack") - before == 2


async def test_a_message_can_be_edited_again_and_again(
    sandbox: Sandbox, slack: SlackClient
) -> None:
    posted = await slack.post_message(MESSAGE)

    for _ in range(2):
        await slack.update_message(Edit(CHANNEL, posted.ts, "Done."))

    [effect] = sandbox.effects("message_edited")
    assert effect["details"]["text"] == "Done."
    assert await slack.post_message(MESSAGE) == posted


async def test_what_is_not_ours_or_not_there_cannot_be_edited(slack: SlackClient) -> None:
    with pytest.raises(ClientError, match="cant_update_message"):
        await slack.update_message(Edit(CHANNEL, MENTION, "x"))
    with pytest.raises(ClientError, match="message_not_found"):
        await slack.update_message(Edit(CHANNEL, "9999999999.000000", "x"))


async def test_reactions_come_and_go(sandbox: Sandbox, slack: SlackClient) -> None:
    await slack.add_reaction(ReactionTo(CHANNEL, MENTION, ":eyes:"))
    for _ in range(2):
        await slack.remove_reaction(EYES)
    await slack.add_reaction(EYES)

    kinds = [effect["kind"] for effect in sandbox.effects()]
    assert kinds == ["reaction", "reaction_removed", "reaction"]
    assert {effect["target"] for effect in sandbox.effects()} == {f"{CHANNEL}/{MENTION}"}


async def test_a_reaction_that_slack_does_not_know_is_a_client_error(slack: SlackClient) -> None:
    with pytest.raises(ClientError, match="invalid_name"):
        await slack.add_reaction(ReactionTo(CHANNEL, MENTION, "NO SUCH"))
    with pytest.raises(ClientError, match="message_not_found"):
        await slack.remove_reaction(ReactionTo(CHANNEL, "9999999999.000000", "eyes"))


async def test_a_thread_is_read_from_its_beginning(sandbox: Sandbox, slack: SlackClient) -> None:
    posted = await slack.post_reply(REPLY)
    said_by_others(sandbox, 2, thread_ts=MENTION)

    said = await slack.read_replies(Thread(CHANNEL, MENTION))

    assert said[:2] == (
        Said(MENTION, PERSON, "", by_bot=False),
        Said(posted.ts, BOT_USER, "On it.", by_bot=True),
    )
    assert [one.text for one in said[2:]] == ["Message 0", "Message 1"]


@pytest.mark.parametrize(("most", "calls"), [(1, 1), (2, 1), (250, 2), (900, 2)])
async def test_of_a_long_thread_so_much_is_read_as_is_wanted(
    sandbox: Sandbox, slack: SlackClient, most: int, calls: int
) -> None:
    said_by_others(sandbox, 300, thread_ts=MENTION)
    before = sandbox.calls("slack")

    said = await slack.read_replies(Thread(CHANNEL, MENTION, most))

    assert len(said) == len({one.ts for one in said}) == min(most, 301)
    assert [one.ts for one in said] == sorted(one.ts for one in said)
    assert sandbox.calls("slack") - before == calls


async def test_of_a_long_thread_only_what_is_since_a_message_is_read(
    sandbox: Sandbox, slack: SlackClient
) -> None:
    said_by_others(sandbox, 300, thread_ts=MENTION)
    posted = await slack.post_reply(REPLY)
    before = sandbox.calls("slack")

    said = await slack.read_replies(Thread(CHANNEL, MENTION, 2, since=posted.ts))

    assert [one.ts for one in said] == [MENTION, posted.ts]
    assert sandbox.calls("slack") - before == 1


async def test_a_user_is_read(slack: SlackClient) -> None:
    ada, us = await slack.read_user("U07ADA"), await slack.read_user(BOT_USER)

    assert (ada.id, ada.name, ada.is_bot, ada.deleted) == ("U07ADA", "u07ada", False, False)
    assert ada.email is not None
    assert (us.is_bot, us.email) == (True, None)
    with pytest.raises(ClientError, match="user_not_found"):
        await slack.read_user("UMISSING")


async def test_guests_and_strangers_are_told_from_members(
    sandbox: Sandbox, slack: SlackClient
) -> None:
    for id_, said in {
        "UGUEST": {"is_restricted": True},
        "USINGLE": {"is_ultra_restricted": True},
        "USHARED": {"team_id": "T0OTHER"},
    }.items():
        sandbox.arrange("/_slack/users", {"id": id_, **said}, method="PUT")

    found = [await slack.read_user(id_) for id_ in ("UADA", "UGUEST", "USINGLE", "USHARED")]

    assert [one.is_restricted for one in found] == [False, True, True, False]
    assert [one.is_stranger for one in found] == [False, False, False, True]
    assert [one.team for one in found] == ["T0SANDBOX"] * 3 + ["T0OTHER"]


async def test_a_reply_has_its_buttons_beneath(sandbox: Sandbox, slack: SlackClient) -> None:
    buttons = (Button("answer_0", "Yes", "a" * 32), Button("answer_1", "x" * 100, "b"))
    asked = replace(REPLY, buttons=buttons)

    assert await slack.post_reply(asked) == await slack.post_reply(asked)

    [effect] = sandbox.effects("reply")
    section, actions = effect["details"]["blocks"]
    assert section["text"]["text"] == effect["details"]["text"] == "On it."
    assert [one["value"] for one in actions["elements"]] == ["a" * 32, "b"]
    assert [len(one["text"]["text"]) for one in actions["elements"]] == [3, 75]


async def test_buttons_that_slack_does_not_take_are_a_client_error(
    sandbox: Sandbox, slack: SlackClient
) -> None:
    for buttons in (
        (Button("a", "Yes", "x" * 2_001),),
        (Button("a", "", "x"),),
        (Button("a", "Yes", "x"), Button("a", "No", "y")),
        tuple(Button(f"{n}", "Yes", "x") for n in range(26)),
    ):
        with pytest.raises(ClientError, match="invalid_blocks"):
            await slack.post_reply(replace(REPLY, buttons=buttons))
    assert sandbox.effects() == []


@pytest.mark.parametrize(
    ("channel", "text", "expected", "name"),
    [
        ("CMISSING", "x", ClientError, "channel_not_found"),
        ("#general", "x", ClientError, "channel_not_found"),
        ("CARCHIVED", "x", ClientError, "is_archived"),
        ("CFOREIGN", "x", AuthenticationError, "not_in_channel"),
        (CHANNEL, "", ClientError, "no_text"),
        (CHANNEL, "x" * 40_001, ClientError, "msg_too_long"),
    ],
)
async def test_what_slack_refuses_is_named(
    sandbox: Sandbox,
    slack: SlackClient,
    channel: str,
    text: str,
    expected: type[Exception],
    name: str,
) -> None:
    with pytest.raises(expected, match=f": {name}$"):
        await slack.post_message(Message(channel, text, EFFECT))

    assert sandbox.effects() == []


async def test_a_thread_that_is_not_there_is_a_client_error(slack: SlackClient) -> None:
    with pytest.raises(ClientError, match="thread_not_found"):
        await slack.post_reply(Reply(CHANNEL, "9999999999.000000", "x", EFFECT))


async def test_a_new_message_takes_two_requests(sandbox: Sandbox, slack: SlackClient) -> None:
    await slack.post_message(MESSAGE)

    assert sandbox.calls("slack") == 2
