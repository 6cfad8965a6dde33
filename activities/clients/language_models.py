"""
Language models through LangChain: whichever provider is named, and its stand-ins.

Imported only where the queue ``model`` is served: LangChain takes seconds to load. Nothing is
tried again here. What a model is to give in a fixed structure it gives as the arguments of a
tool, ``finish`` among them: no other structured output is asked for.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import reduce
from typing import Any, cast

from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.runnables import Runnable
from langchain_core.runnables.config import RunnableConfig

from activities.clients.model_errors import PLATFORM, not_installed, told_in_our_terms
from activities.clients.model_setup import OFFLINE, Setup
from activities.clients.offline_model import OfflineModel
from activities.clients.tracing import Tracing
from activities.model import Answer, Trace
from contexten.errors import ClientError, FatalError, TransientError
from contexten.tool_arguments import schema_of
from contexten.tools import TOOLS
from contexten.transcript import ASSISTANT, Call, Message, object_in
from contexten.turns import Role

LONGEST_ANSWER = 1_000_000
WHOLE_S = 280.0
"""How long one answer may take in all; the rule's timeout of an attempt is a little longer."""

CHARACTERS_A_TOKEN = 4
"""About so many, where a provider does not count."""

CUT_OFF = {"length", "max_tokens"}
WITHHELD = {"content_filter", "refusal"}
GROUPS = ("read", "write", "search")
UNTRACED: RunnableConfig = {"callbacks": []}

Asked = Runnable[Any, BaseMessage]


class Models:
    """The models of a :class:`Setup`, made when the first is asked."""

    def __init__(
        self,
        setup: Setup,
        tracing: Tracing | None = None,
        again: Callable[[], None] = lambda: None,
    ) -> None:
        """
        Args:
            setup: Which, and on what terms.
            tracing: Where turns are traced; nowhere if None.
            again: Puts the keys as they are now where the providers' libraries look.
        """
        self._setup = setup
        self._tracing = tracing
        self._again = again
        self._made: tuple[BaseChatModel, ...] = ()
        self._making = threading.Lock()
        self._lines: list[Any] = []

    def renew(self) -> None:
        """Have the models made anew, with the keys as they are then."""
        self._again()
        self._made = ()

    async def ask(self, messages: Sequence[Message], tools: Sequence[str], trace: Trace) -> Answer:
        """
        What the first model that can answers to *messages*.

        Raises:
            PlatformError: If none can.
        """
        traced = self._tracing.turn(trace, messages) if self._tracing else None
        try:
            with told_in_our_terms():
                chain = chained(await asyncio.to_thread(self._models), tools)
                parts, whole = await self._heard(chain, [as_langchain(one) for one in messages])
        except Exception as error:
            if traced:
                traced.failed(error)
            raise
        told = sum(len(one.text) for one in messages)
        answer = self._answer(parts, told, too_long=not whole)
        if traced:
            answer = replace(answer, trace_url=traced.ended(answer))
        return answer

    async def probe(self, group: str) -> str:
        """
        What one short answer proved; there is nothing cheaper that all providers have.

        Raises:
            PlatformError: If it proved nothing.
        """
        if group not in GROUPS:
            raise ClientError(f"there is no probe of {group!r}", platform=PLATFORM)
        with told_in_our_terms():
            chain = chained(await asyncio.to_thread(self._models), ())
            await self._heard(chain, [HumanMessage("Answer with the word ok and nothing else.")])
        return f"{self._setup.names[0]} answers"

    def _models(self) -> tuple[BaseChatModel, ...]:
        with self._making:
            made = self._made or tuple(self._make(name) for name in self._setup.names)
            self._made = made
            return made

    def _make(self, name: str) -> BaseChatModel:
        """
        Raises:
            FatalError: If the provider is unknown, or its package is not installed.
        """
        if name == OFFLINE:
            return OfflineModel()
        provider = name.partition(":")[0]
        more: dict[str, Any] = {}
        if self._setup.url and provider == self._setup.names[0].partition(":")[0]:
            more["base_url"] = self._setup.url
        try:
            if provider == "openai":
                more |= {"stream_usage": True, "http_async_client": self._own_line()}
            made = init_chat_model(name, max_retries=0, timeout=self._setup.timeout_s, **more)
        except ImportError as error:
            raise not_installed(error) from None
        except ValueError as error:
            known = " ".join(str(error).split())[:300]
            raise FatalError(f"AGENT_MODEL {name!r}: {known}", platform=PLATFORM) from None
        return cast(BaseChatModel, made)

    def _own_line(self) -> Any:
        """
        Connections of our own: LangChain's are kept for the process, whatever loop it runs.

        Raises:
            ImportError: If the package is not installed.
        """
        import langchain_openai  # noqa: F401 - names itself if it is missing
        from openai import DefaultAsyncHttpxClient

        line = DefaultAsyncHttpxClient(timeout=self._setup.timeout_s)
        self._lines.append(line)
        return line

    async def close(self) -> None:
        """Let go of what is open."""
        lines, self._lines, self._made = self._lines, [], ()
        for line in lines:
            await line.aclose()

    async def _heard(
        self, chain: Asked, told: Sequence[BaseMessage]
    ) -> tuple[list[BaseMessage], bool]:
        """What *chain* says bit by bit, and whether that is all of it."""
        parts: list[BaseMessage] = []
        size = 0
        stream = chain.astream(list(told), UNTRACED)
        async with asyncio.timeout(WHOLE_S), aclosing(cast(Any, stream)):
            while True:
                async with asyncio.timeout(self._setup.timeout_s):
                    part = await anext(stream, None)
                if part is None:
                    return parts, True
                parts.append(part)
                size += size_of(part)
                if size > LONGEST_ANSWER:
                    return parts, False

    def _answer(self, parts: Sequence[BaseMessage], told: int, *, too_long: bool) -> Answer:
        """
        What *parts* come to.

        Raises:
            TransientError: If the answer ended in the middle.
        """
        chunks = [one for one in parts if isinstance(one, AIMessageChunk)]
        whole = reduce(lambda a, b: a + b, chunks) if chunks and not too_long else None
        said: Any = whole or next(iter(parts), AIMessage(""))
        told_of = said.response_metadata
        reason = str(told_of.get("finish_reason") or told_of.get("stop_reason") or "")
        name = self._who(said)
        if whole is not None and name.startswith("openai:") and not reason:
            raise TransientError("the answer ended in the middle", platform=PLATFORM)
        usage = said.usage_metadata or {}
        size = sum(size_of(one) for one in parts)
        tokens_in = int(usage.get("input_tokens") or told // CHARACTERS_A_TOKEN)
        tokens_out = int(usage.get("output_tokens") or size // CHARACTERS_A_TOKEN)
        price_in, price_out = self._setup.prices.get(name, (0.0, 0.0))
        answer = Answer(
            model=name,
            tokens_in=0 if name == OFFLINE else tokens_in,
            tokens_out=0 if name == OFFLINE else tokens_out,
            usd=(tokens_in * price_in + tokens_out * price_out) / 1e6,
        )
        if too_long:
            return replace(answer, unusable=f"the answer was longer than {LONGEST_ANSWER} bytes")
        why = None
        if reason in CUT_OFF:
            why = "the answer was cut off at the longest the model gives: say less at once"
        elif reason in WITHHELD:
            why = "the provider withheld the answer: its content filter struck"
        return replace(answer, text=str(said.text), calls=calls_in(said), unusable=why)

    def _who(self, said: BaseMessage) -> str:
        """Which of our models said it, as it is told, or else the first."""
        told = str(said.response_metadata.get("model_name") or "")
        names = self._setup.names
        fitting = [one for one in names if told.startswith(one.partition(":")[2] or one)]
        return max(fitting, key=len, default=names[0])


def chained(models: Sequence[BaseChatModel], tools: Sequence[str]) -> Asked:
    """The first of *models* with those *tools* that there are, and the others to stand in."""
    schemas = [{"type": "function", "function": schema_of(TOOLS[n])} for n in tools if n in TOOLS]
    bound = [cast(Asked, one.bind_tools(schemas) if schemas else one) for one in models]
    return bound[0].with_fallbacks(bound[1:]) if bound[1:] else bound[0]


def as_langchain(one: Message) -> BaseMessage:
    """*one* as LangChain has it."""
    if one.role == Role.SYSTEM:
        return SystemMessage(one.text)
    if one.role == Role.TOOL:
        status = "success" if one.ok else "error"
        return ToolMessage(one.text, tool_call_id=one.call_id or "", status=status)
    if one.role != ASSISTANT:
        return HumanMessage(one.text)
    calls = [
        {"name": c.name, "args": readable(c), "id": c.id, "type": "tool_call"} for c in one.calls
    ]
    return AIMessage(one.text, tool_calls=calls)


def readable(call: Call) -> dict[str, Any]:
    """The arguments of *call*; those that are no object, as one."""
    found = object_in(call.arguments)
    return {"unreadable": call.arguments[:1000]} if found is None else found


def calls_in(said: Any) -> tuple[Call, ...]:
    """What *said* wants done, with the arguments as they were written."""
    chunks = getattr(said, "tool_call_chunks", None)
    if chunks:
        return tuple(Call(c["id"] or "", c["name"] or "", c["args"] or "") for c in chunks)
    good = [Call(c["id"] or "", c["name"], json.dumps(c["args"])) for c in said.tool_calls]
    bad = [Call(c["id"] or "", c["name"] or "", c["args"] or "") for c in said.invalid_tool_calls]
    return (*good, *bad)


def size_of(part: BaseMessage) -> int:
    """How much *part* adds to an answer, characters."""
    chunks = getattr(part, "tool_call_chunks", None) or ()
    return len(str(part.content)) + sum(len(c["args"] or "") + len(c["name"] or "") for c in chunks)
