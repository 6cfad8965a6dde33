"""What is asked of the model, one turn at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from temporalio import activity

from contexten.errors import ClientError
from contexten.transcript import (
    ASSISTANT,
    Call,
    Message,
    Part,
    as_tool_calls,
    in_order,
    object_in,
    shortened,
)
from contexten.turns import LONGEST_BODY, Said, Turn, TurnAsk

BEAT_S = 5.0
LONGEST_CHAIN = 100_000
MOST_CALLS = 32
PLATFORM = "model"


@dataclass(frozen=True, slots=True)
class Trace:
    """
    Where a turn belongs.

    Attributes:
        id: The id of the run's trace, a UUID.
        run: The workflow id of the run.
        began: When the run began; the same in all its turns.
        number: Which turn it is.
    """

    id: str
    run: str
    began: datetime
    number: int


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What a model answered, as it wrote it.

    Attributes:
        text: What it says.
        calls: What it wants done.
        model: Who answered.
        tokens_in: Tokens it was told.
        tokens_out: Tokens it said.
        usd: What it cost, US dollars.
        unusable: Why the answer cannot be used; None if nothing is known against it.
        trace_url: Where a person sees the trace; None if there is none.
    """

    text: str = ""
    calls: tuple[Call, ...] = ()
    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    usd: float = 0.0
    unusable: str | None = None
    trace_url: str | None = None


class Model(Protocol):
    """The model. ``activities.clients.language_models`` is the real one."""

    async def ask(
        self, messages: Sequence[Message], tools: Sequence[str], trace: Trace
    ) -> Answer: ...
    async def probe(self, group: str) -> str: ...
    def renew(self) -> None: ...


class Texts(Protocol):
    """The blob store. ``activities.stores.blobs`` is the real one. It blocks."""

    def put(self, text: str) -> str: ...
    def get(self, digest: str) -> str: ...


class Redaction(Protocol):
    """What takes secrets out of a text."""

    def clean(self, text: str) -> str: ...


class ModelActivities:
    """
    The deeds of the ``model`` queue.

    Besides what each says, every deed may raise TransientError (the provider is slow or out of
    reach), RateLimitedError (we asked too often, or the account is empty), ServerError (the
    provider broke), AuthenticationError (our key was refused) and FatalError (the model does
    not exist, or its package is not installed).
    """

    def __init__(self, model: Model, texts: Texts, redaction: Redaction) -> None:
        self._model = model
        self._texts = texts
        self._redaction = redaction

    @activity.defn(name="model.next_turn")
    async def next_turn(self, ask: TurnAsk) -> Turn:
        """
        Ask the model what comes next, and keep what it answers.

        Safe to repeat: a repeat costs tokens, and changes nothing but adds a transcript of its
        own. Calls have the same ids in every attempt.

        Raises:
            ClientError: The transcript is gone, or longer than the model takes.
        """
        async with beating(activity.heartbeat):
            before = await asyncio.to_thread(self._read, ask.transcript)
            said = [await asyncio.to_thread(self._heard, one) for one in ask.said]
            began = before[0].began if before else activity.info().scheduled_time.isoformat()
            known = [one for part in before for one in part.messages]
            trace = Trace(ask.trace, ask.run, datetime.fromisoformat(began), ask.number)
            told = shortened(in_order([*known, *said]))
            answer = judged(self._cleaned(await self._model.ask(told, ask.tools, trace), ask))
            part = Part(ask.transcript, (*said, *spoken(answer)), began)
            digest = await asyncio.to_thread(self._texts.put, part.as_text())
        return Turn(
            transcript=digest,
            calls=() if answer.unusable else as_tool_calls(answer.calls),
            text=answer.text[:LONGEST_BODY],
            model=answer.model,
            tokens=answer.tokens_in + answer.tokens_out,
            usd=answer.usd,
            unusable=answer.unusable,
            trace_url=answer.trace_url,
        )

    @activity.defn(name="model.probe_group")
    async def probe_group(self, group: str) -> str:
        """
        Make the cheapest honest equivalent of a turn; what it proved.

        Safe to repeat: it leaves nothing behind.

        Raises:
            ClientError: There is no such group.
        """
        return await self._model.probe(group)

    def _read(self, digest: str | None) -> list[Part]:
        """The parts of a transcript up to *digest*, the first one first."""
        found: list[Part] = []
        while digest is not None and len(found) < LONGEST_CHAIN:
            try:
                found.append(Part.of_text(self._texts.get(digest)))
            except ValueError as error:
                raise ClientError(str(error)[:200], platform=PLATFORM) from None
            digest = found[-1].before
        return found[::-1]

    def _heard(self, said: Said) -> Message:
        text = self._texts.get(said.ref) if said.ref else said.text
        return Message(str(said.role), text, call_id=said.call_id, ok=said.ok)

    def _cleaned(self, answer: Answer, ask: TurnAsk) -> Answer:
        """*answer* without secrets, its calls under ids that are ours."""
        calls = tuple(
            Call(
                f"call_{ask.number}_{index}",
                self._redaction.clean(one.name),
                self._redaction.clean(one.arguments),
            )
            for index, one in enumerate(answer.calls)
        )
        return replace(answer, text=self._redaction.clean(answer.text), calls=calls)


def judged(answer: Answer) -> Answer:
    """*answer*, with the reason if it cannot be used."""
    why = answer.unusable
    if why is None and not answer.calls and not answer.text.strip():
        why = "the answer was empty: call a tool, or say what came of the work"
    if why is None and len(answer.calls) > MOST_CALLS:
        why = f"{len(answer.calls)} calls in one answer are too many: at most {MOST_CALLS}"
    if why is None and answer.calls and all(object_in(c.arguments) is None for c in answer.calls):
        why = "the arguments of the calls were no JSON objects: write them again"
    return replace(answer, unusable=why)


def spoken(answer: Answer) -> tuple[Message, ...]:
    """What of *answer* stays in the transcript: of what cannot be used, its beginning alone."""
    if answer.unusable is None:
        return (Message(ASSISTANT, answer.text, answer.calls),)
    return (Message(ASSISTANT, answer.text[:2000]),) if answer.text.strip() else ()


@asynccontextmanager
async def beating(beat: Callable[[], None]) -> AsyncIterator[None]:
    """Tell the engine again and again that the attempt is alive, while it waits."""

    async def again_and_again() -> None:
        while True:
            beat()
            await asyncio.sleep(BEAT_S)

    task = asyncio.create_task(again_and_again())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
