"""Orders over HTTP: ``POST /operate/{target}/{order}``, each operator under their own token."""

import asyncio
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
import structlog
from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import SecretStr
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from contexten.orders import Order, clean, order_of
from starter.orders import Conflict, Given, NotThere, Unfit, What, give, target_of
from starter.retrying import Retried, retry
from starter.standing import standing

log = structlog.get_logger()

LARGEST_BYTES = 16 * 1024
WITHIN_S = 10.0
RETRY_AFTER_S = 5
BEARER = "bearer "
RETRY = "retry"
AWAY = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
    }
)


class No(Exception):  # noqa: N818 - it is the answer
    """An order that is not taken: the status, and why in plain words."""

    def __init__(self, status: int, reason: str, **headers: str) -> None:
        super().__init__(reason)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass(frozen=True, slots=True)
class Operators:
    """
    Who may give orders, and the engine they go to.

    Attributes:
        tokens: ``name:token`` of each.
        engine: A client; it may connect with the first call.
    """

    tokens: Sequence[SecretStr]
    engine: Client

    def who(self, authorization: str | None) -> str:
        """
        The name of whose token it is.

        Every token is compared, so that how long it takes tells nothing.

        Raises:
            No: If it is nobody's.
        """
        said = authorization or ""
        token = said[len(BEARER) :] if said.lower().startswith(BEARER) else ""
        found = ""
        for one in self.tokens:
            name, _, known = one.get_secret_value().partition(":")
            if hmac.compare_digest(digest(token), digest(known)):
                found = name
        if not found:
            raise No(401, "send `Authorization: Bearer` and your token", WWW_Authenticate="Bearer")
        return found


def digest(token: str) -> bytes:
    """*token* in the same length as any other."""
    return hashlib.sha256(token.strip().encode(errors="replace")).digest()


# Told, and looked at by us: what is no such path at all never comes here.
OneTarget = Annotated[str, Path(json_schema_extra={"pattern": r"^[A-Za-z0-9._:/-]{1,300}$"})]
OneOrder = Annotated[str, Path(json_schema_extra={"pattern": "^[a-z-]{1,20}$"})]

NOT_SET_UP = "nobody may give orders here: set OPERATOR_TOKENS=name:token, and start the door anew"


def routes(operators: Operators | None) -> APIRouter:
    """The routes of *operators*; they answer how to set some up if there are none."""
    router = APIRouter(tags=["operators"])

    @router.get(
        "/operate/standing",
        summary="How everything stands that orders are about",
        responses=told(401, 404, 503),
        openapi_extra=SECURED,
    )
    async def shown(request: Request) -> Response:
        return await answered(read(operators, request))

    @router.post(
        "/operate/{target:path}/{order}",
        summary="Give an order, or retry a workflow",
        responses=told(202, 401, 403, 404, 409, 413, 422, 503),
        openapi_extra=SECURED | BODY,
    )
    async def ordered(target: OneTarget, order: OneOrder, request: Request) -> Response:
        return await answered(obey(operators, target, order, request))

    return router


async def answered(work: Any) -> Response:
    """What comes of *work*, or why nothing does."""
    try:
        async with asyncio.timeout(WITHIN_S):
            status, said = await work
            return JSONResponse(said, status)
    except No as no:
        return JSONResponse(refused(str(no)), no.status, no.headers)
    except (Unfit, ValueError) as error:
        return JSONResponse(refused(str(error)), 422)
    except NotThere as error:
        return JSONResponse(refused(str(error)), 404)
    except Conflict as error:
        return JSONResponse(refused(str(error)), 409)
    except (TimeoutError, RuntimeError, RPCError) as error:
        return away(error)


def away(error: Exception) -> Response:
    """The answer where the engine gave none, or not the one we need."""
    if isinstance(error, RPCError) and error.status not in AWAY:
        return JSONResponse(refused(f"the engine refuses: {clean(error.message, 300)}"), 409)
    log.warning("operators.engine_away", reason=str(error))
    said = refused("the engine is away; try again")
    return JSONResponse(said, 503, {"Retry-After": str(RETRY_AFTER_S)})


def refused(reason: str) -> dict[str, str]:
    """The body of a no."""
    return {"status": "refused", "reason": reason}


def allowed(operators: Operators | None, request: Request) -> tuple[Operators, str]:
    """
    The operators, and the name of the one who asks.

    Raises:
        No: If there are none, or it is none of them.
    """
    if operators is None or not operators.tokens:
        raise No(404, NOT_SET_UP)
    return operators, operators.who(request.headers.get("authorization"))


async def read(operators: Operators | None, request: Request) -> tuple[int, dict[str, Any]]:
    """
    How everything stands.

    Raises:
        No: If the one who asks may not know.
        RPCError: If the engine is away.
    """
    known, _ = allowed(operators, request)
    return 200, (await standing(known.engine)).as_json()


async def obey(
    operators: Operators | None, target: str, what: str, request: Request
) -> tuple[int, dict[str, Any]]:
    """
    Give the order that *request* is.

    Raises:
        No: If the one who asks may not give it, or it is too long.
        Unfit: If it is no order.
        NotThere: If what it is for is not there.
        Conflict: If it has no effect.
        RPCError: If the engine is away.
    """
    known, name = allowed(operators, request)
    order, level = order_in(await body_of(request), name)
    if what == RETRY:
        came: Given | Retried = await retry(known.engine, target, order)
    elif what not in set(What):
        raise No(404, f"there is no order {clean(what)!r}: there are {', '.join(What)}, {RETRY}")
    else:
        came = await give(known.engine, target_of(target), What(what), order, level)
    log.info("operators.ordered", by=name, what=what, target=target, because=order.because)
    if isinstance(came, Retried):
        return 200, {"status": "retried", "run": came.run_id, "from": came.what, "kept": came.kept}
    status = "in force" if came.taken else "sent: no worker has taken it yet"
    return 200 if came.taken else 202, {"status": status, "workflow": came.workflow_id}


def order_in(body: bytes, name: str) -> tuple[Order, str | None]:
    """
    The order in *body*, by *name*, and the level it may name.

    Raises:
        No: If it is given in the name of somebody else.
        ValueError: If it is none.
    """
    try:
        said = orjson.loads(body) if body.strip() else {}
    except orjson.JSONDecodeError:
        raise ValueError("the body is no JSON") from None
    if not isinstance(said, dict):
        raise ValueError('the body is an object: {"because": "...", "for": "10m"}')  # noqa: TRY004
    if said.get("by", name) != name:
        raise No(403, f"this token is {name}'s: leave `by` out")
    level = said.pop("level", None)
    if not isinstance(level, str | None):
        raise ValueError("level is text")  # noqa: TRY004 - as all refusals
    return order_of(said | {"by": name}), level


async def body_of(request: Request) -> bytes:
    """
    The whole body.

    Raises:
        No: If it is too long.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BYTES:
            raise No(413, f"an order takes at most {LARGEST_BYTES} bytes")
    return body


REASON = {
    "type": "object",
    "required": ["status", "reason"],
    "properties": {"status": {"const": "refused"}, "reason": {"type": "string"}},
}
MEANS = {
    202: "it is with the engine, and no worker has taken it yet",
    401: "no token, or nobody's",
    403: "given in the name of somebody else",
    404: "no operators are set up, or what it is for is not there",
    409: "it has no effect as things stand",
    413: "too long",
    422: "no order, or not one for this",
    503: "the engine is away",
}
SCHEME = {"operator": {"type": "http", "scheme": "bearer"}}
SECURED = {"security": [{"operator": list[str]()}]}
BODY = {
    "requestBody": {
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "because": {"type": "string"},
                        "for": {"type": "string", "examples": ["10m", "1h30m"]},
                        "level": {"enum": ["full", "limited", "essential", "maintenance"]},
                    },
                }
            }
        }
    }
}


def told(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What each of *statuses* means, for the OpenAPI."""
    found: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        found[status] = {"description": MEANS[status]}
        schema = REASON if status >= 400 else {"type": "object"}
        found[status]["content"] = {"application/json": {"schema": schema}}
    return found
