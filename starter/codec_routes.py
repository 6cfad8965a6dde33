"""
The codec endpoint, by which the Web UI and the ``temporal`` command read what is encrypted.

    POST /codec/decode   {"payloads": [{"metadata": {"encoding": "<base64>"}, "data": "<base64>"}]}
    POST /codec/encode   the same

It answers whoever may give orders, and a browser only for the one page that is set.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from fastapi import APIRouter, Request, Response
from temporalio.api.common.v1 import Payload

from starter.codec import EncryptionCodec
from starter.keyring import Keyring, Undecryptable
from starter.operators import SECURED, No, answered, told

log = structlog.get_logger()

LARGEST_BYTES = 8 * 1024 * 1024
MOST_PAYLOADS = 2_000
MOST_METADATA = 32
NO_KEYS = "nothing is encrypted here: set PAYLOAD_KEYS, and start it anew"
SHAPE = 'the body is {"payloads": [{"metadata": {"encoding": "<base64>"}, "data": "<base64>"}]}'

Allow = Callable[[Request], str]
"""Who asks; raises ``No`` if they may not."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """
    Attributes:
        keyring: What to read and write with.
        allow: Says who asks, or refuses.
        origin: The page whose scripts may ask, such as ``https://temporal.example.com``.
    """

    keyring: Keyring
    allow: Allow
    origin: str | None = None

    async def answer(self, request: Request, *, decode: bool) -> Response:
        """The payloads of *request*, decoded or encoded."""
        found = await answered(self._done(request, decode=decode))
        found.headers.update(self._shared(request))
        return found

    def preflight(self, request: Request) -> Response:
        """Whether a browser may send what it is about to."""
        shared = self._shared(request)
        if "access-control-allow-origin" not in shared:
            return Response(status_code=403, headers=shared)
        allowed = {
            "access-control-allow-methods": "POST",
            "access-control-allow-headers": "authorization, content-type, x-namespace",
            "access-control-max-age": "600",
        }
        return Response(status_code=204, headers=shared | allowed)

    def _shared(self, request: Request) -> dict[str, str]:
        origin = request.headers.get("origin")
        vary = {"vary": "origin", "cache-control": "no-store"}
        if origin is None or origin != self.origin:
            return vary
        return vary | {"access-control-allow-origin": origin}

    async def _done(self, request: Request, *, decode: bool) -> tuple[int, dict[str, Any]]:
        who = self.allow(request)
        if not self.keyring.keys:
            raise No(404, NO_KEYS)
        payloads = payloads_in(await body_of(request))
        codec = EncryptionCodec(self.keyring)
        try:
            found = await (codec.decode(payloads) if decode else codec.encode(payloads))
        except Undecryptable as error:
            raise ValueError(str(error)) from None
        log.info("codec.asked", by=who, decode=decode, payloads=len(found))
        return 200, {"payloads": [as_json(one) for one in found]}


def routes(endpoint: Endpoint) -> APIRouter:
    """The routes of *endpoint*."""
    router = APIRouter(tags=["codec"], prefix="/codec")

    async def decode(request: Request) -> Response:
        return await endpoint.answer(request, decode=True)

    async def encode(request: Request) -> Response:
        return await endpoint.answer(request, decode=False)

    for name, asked, summary in (
        ("/decode", decode, "Payloads as they were before they were encrypted"),
        ("/encode", encode, "Payloads as the engine keeps them"),
    ):
        router.add_api_route(
            name,
            asked,
            methods=["POST"],
            summary=summary,
            responses=told(401, 404, 413, 422) | ANSWER,
            openapi_extra=SECURED | BODY,
        )
        router.add_api_route(name, endpoint.preflight, methods=["OPTIONS"], include_in_schema=False)
    return router


async def body_of(request: Request) -> bytes:
    """
    The whole body.

    Raises:
        No: If it is too long.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BYTES:
            raise No(413, f"payloads may take at most {LARGEST_BYTES} bytes")
    return bytes(body)


def payloads_in(body: bytes) -> list[Payload]:
    """
    The payloads in *body*.

    Raises:
        ValueError: If it is not what Temporal's own programs send, or too many.
    """
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ValueError("the body is no JSON") from None
    listed = said.get("payloads", []) if isinstance(said, dict) else None
    if not isinstance(listed, list):
        raise ValueError(SHAPE)  # noqa: TRY004 - as all refusals
    if len(listed) > MOST_PAYLOADS:
        raise ValueError(f"{len(listed)} payloads are too many: send at most {MOST_PAYLOADS}")
    return [payload_in(one) for one in listed]


def payload_in(said: Any) -> Payload:
    """
    The payload that *said* is.

    Raises:
        ValueError: If it is none.
    """
    if not isinstance(said, dict):
        raise ValueError(SHAPE)  # noqa: TRY004 - as all refusals
    metadata = said.get("metadata") or {}
    if not isinstance(metadata, dict) or len(metadata) > MOST_METADATA:
        raise ValueError(SHAPE)
    return Payload(
        metadata={name: bytes_in(value) for name, value in metadata.items()},
        data=bytes_in(said.get("data") or ""),
    )


def bytes_in(said: Any) -> bytes:
    """
    The bytes that *said* is the base64 of.

    Raises:
        ValueError: If it is not.
    """
    try:
        return base64.b64decode(said, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise ValueError(SHAPE) from None


def as_json(payload: Payload) -> dict[str, Any]:
    """*payload* as Temporal's programs read it."""
    metadata = {name: base64.b64encode(value).decode() for name, value in payload.metadata.items()}
    return {"metadata": metadata, "data": base64.b64encode(payload.data).decode()}


PAYLOADS = {
    "type": "object",
    "required": ["payloads"],
    "properties": {
        "payloads": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
                    "data": {"type": "string"},
                },
            },
        }
    },
}
IN_JSON = {"application/json": {"schema": PAYLOADS}}
ANSWER: dict[int | str, dict[str, Any]] = {200: {"description": "them", "content": IN_JSON}}
BODY = {"requestBody": {"required": True, "content": IN_JSON}}
