"""A run asks in a thread, and a button pressed there is its answer: once, from who may."""

import json
import random
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from agents import with_provider
from doors import FORM, slack
from history import Ended
from house import SECRETS, House
from temporalio.client import WorkflowHandle
from traffic import Sender, mention, runs
from waiting import until

pytestmark = pytest.mark.timeout(200)

ROOT = Path(__file__).parents[2]
PRESSED = (ROOT / "sandbox/payloads/slack/block_actions.form").read_text()
WORKERS = ("control,deliveries,agents", "slack,github", "model,tools")
CHANNEL = "C01"
OVER = "That question is not open any more."


def asks(question: str, *choices: str) -> dict[str, Any]:
    """An answer of the model that asks people."""
    arguments = {"question": question, "choices": list(choices)}
    return {"calls": [{"name": "ask_human", "arguments": arguments}]}


SCRIPT = [
    asks("Which colour?", "Red", "Blue"),
    asks("Which size?", "Small", "Large"),
    {"calls": [{"name": "finish", "arguments": {"summary": "It is painted."}}]},
]


@dataclass(slots=True)
class Thread:
    """A thread in which a run was asked for, as people see it."""

    house: House
    ts: str
    sent: int = 1

    async def run(self) -> WorkflowHandle[Any, Any]:
        """The run of the thread."""
        client = await self.house.client()
        return client.get_workflow_handle(f"agent/slack/{CHANNEL}/{self.ts}")

    async def posted(self) -> list[dict[str, Any]]:
        """What we said in it, each with its buttons, if it has any."""
        told = await self.house.ledger()
        return [one["details"] for one in told if one["target"] == f"{CHANNEL}/{self.ts}"]

    async def said(self, words: str) -> list[dict[str, Any]]:
        """Those of our messages that say *words*."""
        return [one for one in await self.posted() if words in one["text"]]

    async def question(self, words: str) -> dict[str, Any]:
        """The message that asks *words*, once the run waits for its answer."""
        await until(lambda: self.said(words), 60)
        await until(lambda: self.is_open(words))
        (one,) = await self.said(words)
        return one

    async def is_open(self, words: str) -> bool:
        """Whether the run waits for the answer to *words*."""
        progress = await (await self.run()).query("progress")
        return words == progress["question"] and progress["waiting"] == 0

    async def press(self, message: dict[str, Any], label: str, user: str = "U0ADA") -> None:
        """*user* presses the button *label* under *message*; return once that was dealt with."""
        (button,) = [one for one in buttons_of(message) if one["text"]["text"] == label]
        where = {"type": "message", "message_ts": message["ts"], "channel_id": CHANNEL}
        said: dict[str, Any] = json.loads(parse_qs(PRESSED)["payload"][0]) | {
            "user": {"id": user, "username": user.lower(), "team_id": "T0SANDBOX"},
            "container": where | {"thread_ts": self.ts, "is_ephemeral": False},
            "channel": {"id": CHANNEL, "name": "c01"},
            "message": {"type": "message", "thread_ts": self.ts, **message},
            "trigger_id": uuid.uuid4().hex,
            "actions": [{**button, "block_id": "b", "action_ts": "1700000100.000100"}],
        }
        body = urlencode({"payload": json.dumps(said)}).encode()
        await self.send(body)
        self.sent += 1
        await until(self.all_handled, 60)
        await self.send(body)  # as Slack does whose answer got lost

    async def send(self, body: bytes) -> None:
        """Send *body*, signed."""
        headers = slack(body, key=SECRETS["slack"], kind=FORM)
        url = f"{self.house.url}/slack/events"
        assert (await self.house.http.post(url, content=body, headers=headers)).is_success

    async def all_handled(self) -> bool:
        """Whether each delivery so far was carried out."""
        found = await runs(self.house)
        return len(found) == self.sent and all(one.ended is Ended.COMPLETED for one in found)


def buttons_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The buttons under *message*."""
    blocks = [one for one in message.get("blocks", ()) if one["type"] == "actions"]
    return [button for one in blocks for button in one["elements"]]


@pytest.fixture
async def thread(tmp_path: Path) -> AsyncIterator[Thread]:
    """A thread in which somebody just mentioned us."""
    async with House(tmp_path / "house") as house:
        agents = with_provider(house)
        await agents.start(*WORKERS)
        await agents.put(f"{house.sandbox_url}/_slack/users", id="U0GUEST", is_restricted=True)
        script = f"{house.sandbox_url}/_model/script"
        (await house.http.put(script, json=SCRIPT)).raise_for_status()
        sender, asked = Sender(house), mention(random.Random(8), 9)
        assert await sender.send(asked, until_s=10) == 202
        await sender.close()
        yield Thread(house, asked.where.partition("/")[2])


async def test_a_button_is_the_answer_once_and_from_members_alone(thread: Thread) -> None:
    colour = await thread.question("Which colour?")
    assert [one["text"]["text"] for one in buttons_of(colour)] == ["Red", "Blue"]
    await thread.press(colour, "Red", "U0GUEST")
    assert await thread.is_open("Which colour?")
    assert await thread.said("guest")

    await thread.press(colour, "Blue")
    size = await thread.question("Which size?")
    await thread.press(colour, "Blue")
    await thread.press(colour, "Red")
    assert await thread.is_open("Which size?")

    await thread.press(size, "Large")
    await (await thread.run()).result()
    await thread.press(size, "Small")

    assert await thread.said("It is painted.")
    assert len(await thread.said(OVER)) == 1
    asked = (await thread.house.http.get(f"{thread.house.sandbox_url}/_model/asked")).json()
    assert len(asked["asked"]) == len(SCRIPT)
    told = [one["content"] for one in asked["asked"][-1]["messages"] if one["role"] == "tool"]
    assert ["Blue" in told[0], "Large" in told[1]] == [True, True]
    assert "Red" not in json.dumps(told)
