"""
A provider of a language model, as OpenAI documents it, under ``/model/v1``.

    GET  /model/v1/models             which there are
    POST /model/v1/chat/completions   an answer, whole or as a stream
    PUT  /_model/script               the answers a test wants next, a list; see ``Scripted``
    GET  /_model/asked                what was asked
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from sandbox.model_asked import MODELS, RefusedError, checked
from sandbox.model_brain import Scripted, obedient, text_of
from sandbox.world import World

PIECE = 1000
KEPT = 200
BREATH_S = 0.001


@dataclass(slots=True)
class Model:
    """What is arranged, and what was asked."""

    world: World
    script: list[Scripted] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def next(self, asked: dict[str, Any]) -> Scripted:
        """The answer to what was *asked*."""
        self.asked = [*self.asked, asked][-KEPT:]
        if not self.script:
            return obedient(asked["messages"])
        return self.script[0] if self.script[0].again else self.script.pop(0)


def usage(asked: dict[str, Any], answer: Scripted) -> dict[str, int]:
    """What it takes, about four characters a token."""
    told = sum(len(text_of(one)) for one in asked["messages"]) // 4 + 1
    said = (len(answer.text) + answer.size + len(str(answer.calls))) // 4 + 1
    return {"prompt_tokens": told, "completion_tokens": said, "total_tokens": told + said}


def written(call: dict[str, Any]) -> str:
    """The arguments of *call* as a model writes them."""
    arguments = call.get("arguments", "{}")
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


def tool_calls(answer: Scripted, number: int) -> list[dict[str, Any]]:
    """The calls of *answer* in the documented form."""
    return [
        {
            "id": f"call_sandbox_{number}_{index}",
            "type": "function",
            "function": {"name": one["name"], "arguments": written(one)},
        }
        for index, one in enumerate(answer.calls)
    ]


def whole(asked: dict[str, Any], answer: Scripted, number: int) -> dict[str, Any]:
    """The answer in one piece."""
    message: dict[str, Any] = {"role": "assistant", "content": answer.text + "x" * answer.size}
    if answer.calls:
        message["tool_calls"] = tool_calls(answer, number)
    choice = {"index": 0, "message": message, "finish_reason": answer.reason, "logprobs": None}
    head = {"id": f"chatcmpl-{number}", "object": "chat.completion", "created": int(time.time())}
    return {**head, "model": asked["model"], "choices": [choice], "usage": usage(asked, answer)}


def deltas(answer: Scripted, number: int) -> Iterator[dict[str, Any]]:
    """The pieces of the answer."""
    yield {"role": "assistant", "content": ""}
    text = answer.text
    for at in range(0, len(text), PIECE):
        yield {"content": text[at : at + PIECE]}
    for _ in range(answer.size // PIECE):
        yield {"content": "x" * PIECE}
    for index, one in enumerate(tool_calls(answer, number)):
        arguments = one["function"]["arguments"]
        head = {**one, "function": {"name": one["function"]["name"], "arguments": ""}}
        yield {"tool_calls": [{"index": index, **head}]}
        for at in range(0, len(arguments), PIECE):
            piece = {"index": index, "function": {"arguments": arguments[at : at + PIECE]}}
            yield {"tool_calls": [piece]}


async def streamed(asked: dict[str, Any], answer: Scripted, number: int) -> AsyncIterator[str]:
    """The answer as server-sent events."""
    head = {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": asked["model"],
    }

    def event(delta: dict[str, Any], reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        return f"data: {json.dumps({**head, 'choices': [choice]})}\n\n"

    for delta in deltas(answer, number):
        yield event(delta)
    while answer.stream == "endless":
        yield event({"content": "x" * PIECE})
        await asyncio.sleep(BREATH_S)
    if answer.stream == "garbage":
        yield "data: {this is no JSON\n\n"
    if answer.stream != "whole":
        return
    yield event({}, answer.reason)
    if (asked.get("stream_options") or {}).get("include_usage"):
        yield f"data: {json.dumps({**head, 'choices': [], 'usage': usage(asked, answer)})}\n\n"
    yield "data: [DONE]\n\n"


def routes(world: World) -> list[BaseRoute]:
    """The API, to be mounted under ``/model``."""
    model = world.platforms.setdefault("model", Model(world))

    def let_in(request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer {world.tokens['model']}":
            raise RefusedError("Incorrect API key provided", 401, "invalid_api_key")

    async def models(request: Request) -> Response:
        try:
            let_in(request)
        except RefusedError as refused:
            return JSONResponse(refused.as_json(), refused.status)
        found = [{"id": name, "object": "model", "owned_by": "sandbox"} for name in MODELS]
        return JSONResponse({"object": "list", "data": found})

    async def complete(request: Request) -> Response:
        try:
            let_in(request)
            asked = checked(await parsed(request))
        except RefusedError as refused:
            return JSONResponse(refused.as_json(), refused.status)
        answer = model.next(asked)
        number = len(model.asked)
        if asked.get("stream"):
            events = streamed(asked, answer, number)
            return StreamingResponse(events, media_type="text/event-stream")
        return JSONResponse(whole(asked, answer, number))

    return [
        Route("/v1/models", models),
        Route("/v1/chat/completions", complete, methods=["POST"]),
    ]


async def parsed(request: Request) -> Any:
    """
    The body.

    Raises:
        RefusedError: If it is no JSON.
    """
    try:
        return await request.json()
    except ValueError:
        raise RefusedError("We could not parse the JSON body of your request.") from None


def control(world: World) -> list[BaseRoute]:
    """What a test may arrange, and see."""
    model = world.platforms.setdefault("model", Model(world))

    async def script(request: Request) -> Response:
        try:
            model.script = [Scripted(**one) for one in await request.json()]
        except (TypeError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"answers": len(model.script)})

    async def asked(request: Request) -> Response:
        return JSONResponse({"asked": model.asked})

    return [Route("/_model/script", script, methods=["PUT"]), Route("/_model/asked", asked)]
