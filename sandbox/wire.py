"""
The wire between callers and platforms, where faults strike.

It wraps the whole application as ASGI middleware, so no platform module knows
of faults, and it reaches through to the TCP connection, so a broken connection
is really broken. That needs uvicorn; a test client has no connection to break.
"""

import asyncio
import json
import re
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.faults import Fault, Faults
from sandbox.ledger import Ledger
from sandbox.refusals import Answer, refusal

PLATFORMS = ("github", "linear", "slack", "model")
OPERATION = re.compile(r"\b(?:query|mutation)\s+(\w+)")


class Wire:
    """The sandbox application behind its faults."""

    def __init__(self, app: ASGIApp, ledger: Ledger, faults: Faults) -> None:
        self._app = app
        self._ledger = ledger
        self._faults = faults
        self._strikes: dict[str, Callable[[Call, Fault], Awaitable[None]]] = {
            "hang": self._hang,
            "latency": self._latency,
            "slow": self._slow,
            "reset": self._reset,
            "truncated": self._truncated,
            "lost_answer": self._lost_answer,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or let the fault that it meets strike."""
        platform = scope.get("path", "").split("/", 2)[1:2]
        if scope["type"] != "http" or not platform or platform[0] not in PLATFORMS:
            await self._app(scope, receive, send)
            return
        call = Call(scope, receive, send, await whole_body(receive))
        fault = self._faults.strike(platform[0], call.name)
        self._ledger.call(platform[0], call.name, fault.wanted.kind if fault else None)
        if fault is None:
            await call.made_to(self._app)
        elif fault.wanted.kind in self._strikes:
            await self._strikes[fault.wanted.kind](call, fault)
        else:
            await call.answered(refusal(fault, call.url))

    async def _hang(self, call: "Call", fault: Fault) -> None:
        if await call.outlasts(fault.healed, fault.wanted.seconds):
            await call.made_to(self._app)

    async def _latency(self, call: "Call", fault: Fault) -> None:
        await asyncio.sleep(self._faults.pause(fault.wanted))
        await call.made_to(self._app)

    async def _slow(self, call: "Call", fault: Fault) -> None:
        answer = await call.collected_from(self._app)
        await call.started(answer)
        for byte in answer.body:
            await asyncio.sleep(fault.wanted.seconds_per_byte)
            await call.send(
                {"type": "http.response.body", "body": bytes([byte]), "more_body": True}
            )
        await call.send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _reset(self, call: "Call", fault: Fault) -> None:
        await call.broken(with_reset=True)

    async def _truncated(self, call: "Call", fault: Fault) -> None:
        answer = await call.collected_from(self._app)
        await call.started(answer)
        half = answer.body[: len(answer.body) // 2]
        await call.send({"type": "http.response.body", "body": half, "more_body": True})
        await call.broken()

    async def _lost_answer(self, call: "Call", fault: Fault) -> None:
        await call.collected_from(self._app)
        await call.broken()


class Call:
    """One request, its body read whole, and the connection that it came by."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, body: bytes) -> None:
        self._scope = scope
        self._receive = receive
        self._body = body
        self.send = send

    @property
    def name(self) -> str:
        """``METHOD /path?query``, and the operation's name if it is GraphQL."""
        query = self._scope.get("query_string", b"").decode("latin-1")
        named = f"{self._scope['method']} {self._scope['path']}" + (f"?{query}" if query else "")
        return f"{named} {operation_name(self._body)}" if "/graphql" in named else named

    @property
    def url(self) -> str:
        """The address as the caller wrote it."""
        host = dict(self._scope["headers"]).get(b"host", b"127.0.0.1").decode("latin-1")
        query = self._scope.get("query_string", b"").decode("latin-1")
        return f"http://{host}{self._scope['path']}" + (f"?{query}" if query else "")

    async def made_to(self, app: ASGIApp, send: Send | None = None) -> None:
        """Let *app* answer, to the caller or to *send*."""
        unread = [self._body]

        async def receive() -> Message:
            if unread:
                return {"type": "http.request", "body": unread.pop(), "more_body": False}
            return await self._receive()

        await app(self._scope, receive, send or self.send)

    async def collected_from(self, app: ASGIApp) -> Answer:
        """Let *app* do the deed, and keep its answer back."""
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self.made_to(app, keep)
        head = next(m for m in messages if m["type"] == "http.response.start")
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in head["headers"]}
        body = b"".join(m.get("body", b"") for m in messages if m["type"] == "http.response.body")
        return Answer(head["status"], body, headers)

    async def started(self, answer: Answer) -> None:
        """Send the head of *answer*, with the length of its whole body."""
        headers = {**answer.headers, "content-length": str(len(answer.body))}
        raw = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()]
        await self.send({"type": "http.response.start", "status": answer.status, "headers": raw})

    async def answered(self, answer: Answer) -> None:
        """Send *answer* whole."""
        await self.started(answer)
        await self.send({"type": "http.response.body", "body": answer.body})

    async def outlasts(self, over: asyncio.Event, seconds: float | None) -> bool:
        """Wait until *over*, or for *seconds*; False if the caller gave up before."""
        waiting = asyncio.create_task(over.wait())
        leaving = asyncio.create_task(self.gone())
        try:
            await asyncio.wait(
                (waiting, leaving), timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
            return not leaving.done()
        finally:
            waiting.cancel()
            leaving.cancel()

    async def gone(self) -> None:
        """Wait until the connection is closed, by whichever side."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def broken(self, *, with_reset: bool = False) -> None:
        """
        Break the connection: what was written is sent first, or nothing and a TCP RST.

        Raises:
            RuntimeError: If there is no connection, because this is not uvicorn.
        """
        transport: Any = getattr(getattr(self.send, "__self__", None), "transport", None)
        if transport is None:
            raise RuntimeError("a broken connection needs a real one: run the sandbox on uvicorn")
        if with_reset:
            linger = struct.pack("ii", 1, 0)
            transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, linger
            )
            transport.abort()
        else:
            transport.close()
        await self.gone()


async def whole_body(receive: Receive) -> bytes:
    """Everything the caller sends."""
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def operation_name(body: bytes) -> str:
    """
    The name of the GraphQL operation in *body*; empty if it has none.

    >>> operation_name(b'{"query": "mutation CommentCreate($id: ID!) { x }"}')
    'CommentCreate'
    """
    try:
        asked = json.loads(body)
        found = OPERATION.search(asked["query"])
        return str(asked.get("operationName") or (found.group(1) if found else ""))
    except (ValueError, TypeError, KeyError, AttributeError):
        return ""
