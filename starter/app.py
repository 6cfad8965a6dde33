"""The door as a FastAPI application."""

from collections.abc import Awaitable, Callable, Iterable
from functools import cached_property
from typing import Any, Literal

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from contexten.delivery import Platform
from starter.counters import DoorCounters
from starter.door import Door
from starter.door_openapi import COMPONENTS, paths
from starter.operators import SCHEME, Operators, routes
from starter.readiness import Readiness
from starter.receiver import Receiver

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Standing(BaseModel):
    """Whether a delivery that came now would be taken, and what waits."""

    ready: bool
    spool: Literal["writable", "full", "broken", "draining", "unused"]
    backlog_bytes: int
    backlog_age_s: float
    engine: Literal["reachable", "away: spooling", "away"]
    quarantined: int
    refused: int
    damaged: int
    level: Literal["full", "limited", "essential", "maintenance", "unknown"]


class WebhookApp(FastAPI):
    """
    FastAPI with the webhook routes, which are plain ASGI: passing FastAPI's layers would cost
    as much time as all the rest of a delivery. Its OpenAPI tells of them all the same.
    """

    def receive_with(self, platform: Platform, receiver: Receiver) -> None:
        """Have *receiver* answer the routes of *platform*."""
        path = f"/{platform}/events"
        self.receivers[path] = receiver
        for route in (path, f"/{{org}}/{{repo}}{path}"):
            self.router.routes.append(Route(route, receiver, methods=["POST"]))

    @cached_property
    def receivers(self) -> dict[str, Receiver]:
        """The receivers, by the path without owner and repository."""
        return {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: a delivery at once, anything else through FastAPI."""
        if scope["type"] == "http" and scope["method"] == "POST":
            receiver = self.receivers.get(scope["path"])
            if receiver is not None:
                await receiver(scope, receive, send)
                return
        await super().__call__(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document of every route."""
        if self.openapi_schema is None:
            document = super().openapi()
            document["paths"].update(paths())
            document["components"]["schemas"].update(COMPONENTS)
            document["components"]["securitySchemes"] = SCHEME
            document["tags"] = [{"name": "webhooks", "description": "what the platforms call"}]
        return self.openapi_schema or {}


def create(
    door: Door,
    counters: DoorCounters,
    readiness: Callable[[], Awaitable[Readiness]],
    operators: Operators | None = None,
    more: Iterable[APIRouter] = (),
) -> FastAPI:
    """
    The application around *door*.

    Args:
        readiness: Says how the door stands now.
        operators: Who may give orders; None if nobody may.
        more: Routes beside those.
    """
    app = WebhookApp(
        title="Contexten",
        summary="Webhooks become durable work",
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    for platform in Platform:
        app.receive_with(platform, Receiver(platform, door, counters))

    @app.get("/healthz", tags=["operation"], summary="Whether the process answers")
    async def healthz() -> Alive:
        return Alive()

    @app.get(
        "/readyz",
        tags=["operation"],
        summary="Whether a delivery that came now would be taken",
        response_model=Standing,
        responses={503: {"model": Standing, "description": "it would not"}},
    )
    async def readyz() -> Response:
        found = await readiness()
        standing = Standing(
            ready=found.ready,
            spool=found.spool,
            backlog_bytes=found.backlog_bytes,
            backlog_age_s=found.backlog_age_s,
            engine=found.engine,
            quarantined=found.quarantined,
            refused=found.refused,
            damaged=found.damaged,
            level=found.level,
        )
        return JSONResponse(standing.model_dump(), 200 if found.ready else 503)

    @app.get(
        "/metrics",
        tags=["operation"],
        summary="What the door counted, for Prometheus",
        response_class=PlainTextResponse,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    async def metrics() -> Response:
        return Response(counters.text(), headers={"content-type": METRICS_TYPE})

    for one in (routes(operators), *more):
        app.include_router(one)
    return app
