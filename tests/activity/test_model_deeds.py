"""A turn over real HTTP: what a provider answers, refuses or spoils, in our terms."""

import os
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pretend import Sandbox, sandbox
from temporalio.testing import ActivityEnvironment

from activities.clients import language_models
from activities.clients.language_models import Models
from activities.clients.model_setup import Setup, prices_in
from activities.model import ModelActivities
from activities.stores.blobs import Blobs, Texts
from activities.stores.database import Database
from contexten.errors import (
    AuthenticationError,
    ClientError,
    FatalError,
    PlatformError,
    RateLimitedError,
    ServerError,
    TransientError,
)
from contexten.transcript import Part
from contexten.turns import LONGEST_INLINE, Role, Said, Turn, TurnAsk

__all__ = ["sandbox"]

TRACE = "6f0c9f0e-3b0f-4a53-9d0c-2f6d7b1a8e10"
SECRET = "correct-horse-battery-staple"
Ask = Callable[..., Any]


class Blacked:
    """Takes one secret out."""

    def clean(self, text: str) -> str:
        return text.replace(SECRET, "***")


class Desk:
    """The deeds of the model, with what they lean on."""

    def __init__(self, folder: Path, **setup: Any) -> None:
        again = setup.pop("again", lambda: None)
        setup = {"names": ("openai:sandbox",), "timeout_s": 2.0} | setup
        self.kept = Database(f"sqlite:///{folder}/ledger.db")
        self.texts = Texts(Blobs(self.kept, timedelta(days=1)))
        self.model = Models(Setup(**setup), again=again)
        self._deeds = ModelActivities(self.model, self.texts, Blacked())
        self.beats = 0

    async def turn(
        self,
        *said: Said,
        number: int = 1,
        transcript: str | None = None,
        tools: Sequence[str] = ("view_file", "finish"),
    ) -> Turn:
        """One turn."""
        environment = ActivityEnvironment()
        environment.on_heartbeat = lambda *_: self.beat()
        ask = TurnAsk("agent/1", TRACE, number, transcript, said, tuple(tools))
        return await environment.run(self._deeds.next_turn, ask)

    def beat(self) -> None:
        self.beats += 1


@pytest.fixture
async def desk(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Callable[..., Desk]]:
    """A desk at the sandbox's model, as often as one likes."""
    named: dict[str, str] = sandbox.arrange("/_environment", {}, method="GET")
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.setenv(name, named[name])
    made: list[Desk] = []

    def at(**setup: Any) -> Desk:
        made.append(Desk(tmp_path, **setup))
        return made[-1]

    yield at
    for one in made:
        one.kept.close()
        await one.model.close()


def scripted(sandbox: Sandbox, *answers: dict[str, Any]) -> None:
    """The sandbox's model says these next."""
    sandbox.arrange("/_model/script", list(answers), method="PUT")  # type: ignore[arg-type]


def user(text: str) -> Said:
    return Said(Role.USER, text)


async def test_a_turn_is_asked_kept_and_gone_on_from(desk: Ask, sandbox: Sandbox) -> None:
    at = desk(prices=prices_in(["openai:sandbox=1000000/2000000"]))
    first = await at.turn(
        Said(Role.SYSTEM, "rules"),
        user('CALL view_file {"path": "a.py"}\nCALL finish {"summary": "x"}'),
    )
    (call,) = first.calls
    answer = Said(Role.TOOL, ref=at.texts.put("the file"), call_id=call.id)
    second = await at.turn(answer, number=2, transcript=first.transcript)
    (again,) = second.calls
    third = await at.turn(
        Said(Role.TOOL, "ok", call_id=again.id), number=3, transcript=second.transcript
    )

    assert (call.name, call.arguments, call.brief) == (
        "view_file",
        '{"path": "a.py"}',
        "view_file a.py",
    )
    assert again.name == "finish"
    assert call.id != again.id
    assert "2 calls" in third.text
    assert not third.calls
    assert first.model == "openai:sandbox"
    assert first.tokens > 2
    assert first.usd > 2
    assert at.beats
    asked = sandbox.arrange("/_model/asked", {}, method="GET")["asked"]
    assert [one["role"] for one in asked[-1]["messages"]] == [
        *("system", "user", "assistant", "tool", "assistant", "tool")
    ]
    assert asked[-1]["messages"][3]["content"] == "the file"


async def test_a_repeat_gives_its_calls_the_same_ids(desk: Ask) -> None:
    at = desk()
    one, other = [await at.turn(user("CALL finish {}")) for _ in range(2)]

    assert one == other


async def test_secrets_stay_out_of_turn_and_transcript(desk: Ask, sandbox: Sandbox) -> None:
    at = desk()
    scripted(sandbox, {"text": SECRET, "calls": [{"name": "finish", "arguments": {"a": SECRET}}]})

    turn = await at.turn(user("go"))

    assert SECRET not in repr(turn)
    assert SECRET not in at.texts.get(turn.transcript)


async def test_long_arguments_stay_in_the_transcript_alone(desk: Ask, sandbox: Sandbox) -> None:
    at = desk()
    long = {"path": "a", "content": "x" * (LONGEST_INLINE + 1)}
    scripted(sandbox, {"calls": [{"name": "create_file", "arguments": long}]})

    turn = await at.turn(user("go"))

    (call,) = turn.calls
    assert call.arguments == ""
    (kept,) = Part.of_text(at.texts.get(turn.transcript)).messages[-1].calls
    assert long["content"] in kept.arguments


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"text": ""}, "empty"),
        ({"size": 10_000_000}, "longer than"),
        ({"stream": "endless"}, "longer than"),
        ({"calls": [{"name": "finish", "arguments": "{no json"}]}, "no JSON"),
        ({"calls": [{"name": "finish", "arguments": "[1]"}]}, "no JSON"),
        ({"calls": [{"name": "finish"}] * 40}, "too many"),
        ({"text": "half", "finish_reason": "length"}, "cut off"),
        ({"text": "half", "finish_reason": "content_filter"}, "filter"),
    ],
)
async def test_an_answer_that_cannot_be_used_says_why_and_is_counted(
    desk: Ask, sandbox: Sandbox, answer: dict[str, Any], why: str
) -> None:
    at = desk()
    scripted(sandbox, answer)

    turn = await at.turn(user("go"))
    after = await at.turn(user("again"), number=2, transcript=turn.transcript)

    assert turn.unusable
    assert why in turn.unusable
    assert not turn.calls
    assert turn.tokens > 0
    assert after.unusable is None


async def test_an_unknown_tool_is_passed_on_for_the_run_to_refuse(
    desk: Ask, sandbox: Sandbox
) -> None:
    scripted(sandbox, {"calls": [{"name": "launch", "arguments": "{}"}]})

    (call,) = (await desk().turn(user("go"))).calls

    assert call.name == "launch"


async def test_what_was_not_answered_does_not_spoil_the_next_turn(desk: Ask) -> None:
    at = desk()
    first = await at.turn(user("CALL finish {}"))
    odd = Said(Role.TOOL, "late", call_id="nobody")

    after = await at.turn(user("well?"), odd, number=2, transcript=first.transcript)

    assert after.unusable is None


@pytest.mark.parametrize(
    ("fault", "leaf"),
    [
        ({"kind": "status", "status": 500}, ServerError),
        ({"kind": "status", "status": 503}, ServerError),
        ({"kind": "status", "status": 401}, AuthenticationError),
        ({"kind": "status", "status": 403}, AuthenticationError),
        ({"kind": "status", "status": 404}, FatalError),
        ({"kind": "status", "status": 422}, ClientError),
        ({"kind": "html"}, ServerError),
        ({"kind": "garbage"}, TransientError),
        ({"kind": "hang"}, TransientError),
        ({"kind": "reset"}, TransientError),
        ({"kind": "truncated"}, TransientError),
        ({"kind": "lost_answer"}, TransientError),
        ({"kind": "slow", "seconds_per_byte": 0.5}, TransientError),
    ],
    ids=str,
)
async def test_each_fault_is_one_of_our_errors(
    desk: Ask, sandbox: Sandbox, fault: dict[str, Any], leaf: type[PlatformError]
) -> None:
    sandbox.breaks("model", **fault)

    with pytest.raises(leaf) as failed:
        await desk(timeout_s=0.7).turn(user("go"))

    assert type(failed.value) is leaf
    assert failed.value.platform == "model"
    assert "sk-sandbox" not in str(failed.value)


async def test_a_limit_says_how_long_to_wait(desk: Ask, sandbox: Sandbox) -> None:
    sandbox.breaks("model", "rate_limit", retry_after_s=17)

    with pytest.raises(RateLimitedError) as failed:
        await desk().turn(user("go"))

    assert failed.value.retry_after == timedelta(seconds=17)
    assert sandbox.calls("model") == 1


async def test_a_stream_that_ends_in_the_middle_is_no_answer(desk: Ask, sandbox: Sandbox) -> None:
    for stream in ("cut", "garbage"):
        scripted(sandbox, {"text": "half", "stream": stream})
        with pytest.raises(TransientError):
            await desk().turn(user("go"))


async def test_another_model_answers_while_the_first_cannot(desk: Ask, sandbox: Sandbox) -> None:
    sandbox.breaks("model", "status", status=500, count=1)

    turn = await desk(names=("openai:sandbox", "openai:sandbox-small")).turn(user("go"))

    assert turn.model == "openai:sandbox-small"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("anthropic:claude", "pip install"),
        ("nosuch:thing", "AGENT_MODEL"),
        ("openai:nosuch", "no such model"),
    ],
)
async def test_a_model_that_is_not_there_is_said_plainly(desk: Ask, name: str, said: str) -> None:
    with pytest.raises(FatalError, match=said):
        await desk(names=(name,)).turn(user("go"))


async def test_without_a_key_it_is_said_that_one_is_missing(
    desk: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = desk()
    monkeypatch.delenv("OPENAI_API_KEY")

    with pytest.raises(FatalError, match="not set up"):
        await at.turn(user("go"))


async def test_a_key_that_was_changed_is_taken_up_once_the_old_one_is_refused(
    desk: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = os.environ["OPENAI_API_KEY"]
    monkeypatch.setenv("OPENAI_API_KEY", "sk-old")
    one = desk(again=lambda: monkeypatch.setenv("OPENAI_API_KEY", good))
    with pytest.raises(AuthenticationError):
        await one.turn(user("Mend it."))

    one.model.renew()

    assert (await one.turn(user("Mend it."))).unusable is None


async def test_what_is_too_long_for_the_model_is_not_tried_again(
    desk: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ClientError, match="longer than the model takes"):
        await desk().turn(*[user("x" * 500_000)] * 5)


async def test_a_transcript_that_is_gone_is_said(desk: Ask) -> None:
    with pytest.raises(ClientError, match="no blob"):
        await desk().turn(user("go"), transcript="0" * 64)


async def test_a_probe_asks_the_model_itself(desk: Ask, sandbox: Sandbox) -> None:
    assert "answers" in await desk().model.probe("write")
    assert sandbox.calls("model") == 1
    with pytest.raises(ClientError):
        await desk().model.probe("other")


def test_the_longest_answer_is_far_below_what_the_sandbox_sends() -> None:
    assert language_models.LONGEST_ANSWER < 10_000_000
