"""The door as a FastAPI application."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel
from starlette.routing import Route

from contexten.delivery import Platform
from starter.counters import DoorCounters
from starter.door import Door
from starter.door_openapi import COMPONENTS, paths
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


class WebhookApp(FastAPI):
    """FastAPI, whose OpenAPI tells of the webhook routes too, though they bypass its routing."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document of every route."""
        if self.openapi_schema is None:
            document = super().openapi()
            document["paths"].update(paths())
            document["components"]["schemas"].update(COMPONENTS)
            document["tags"] = [{"name": "webhooks", "description": "what the platforms call"}]
        return self.openapi_schema or {}


def create(
    door: Door, counters: DoorCounters, readiness: Callable[[], Awaitable[Readiness]]
) -> FastAPI:
    """
    The application around *door*.

    Args:
        readiness: Says how the door stands now.
    """
    app = WebhookApp(
        title="Contexten",
        summary="Webhooks become durable work",
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    for platform in Platform:
        receiver = Receiver(platform, door, counters)
        for path in (f"/{platform}/events", f"/{{org}}/{{repo}}/{platform}/events"):
            app.router.routes.append(Route(path, receiver, methods=["POST"]))

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

    return app
