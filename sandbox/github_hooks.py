"""
Webhooks of the sandbox's GitHub: who gets deliveries, how each attempt ended, and sending again.

A redelivery is really sent: the same body and the same ``X-GitHub-Delivery``, signed,
to the hook's address. Hooks and their past are arranged by ``POST /_github/hooks``;
``POST /_github/hooks/{id}/deliveries`` sends a new delivery.
"""

import asyncio
import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.github_asked import Asked, Endpoints, Github
from sandbox.github_refused import RefusedError
from sandbox.github_state import Shown, next_id, now

PATIENCE_S = 10


@dataclass(slots=True)
class Delivery:
    """One attempt to deliver; ``status_code`` 0 means that nobody answered."""

    event: str
    payload: Any
    guid: str = field(default_factory=lambda: str(uuid.uuid4()))
    action: str | None = None
    delivered_at: str = field(default_factory=now)
    redelivery: bool = False
    duration: float = 0.1
    status: str = "OK"
    status_code: int = 200
    id: int = field(default_factory=next_id)

    def shown(self) -> Shown:
        """It as GitHub lists it, without the payload."""
        names = ("id", "guid", "delivered_at", "redelivery", "duration", "status", "status_code")
        shown = {name: getattr(self, name) for name in (*names, "event", "action")}
        return shown | {"installation_id": None, "repository_id": None, "throttled_at": None}


@dataclass(slots=True)
class Hook:
    """A webhook of a repository (``octo/hello``), an organisation (``octo``) or an App (``1``)."""

    of: str
    url: str
    secret: str
    id: int = field(default_factory=next_id)
    deliveries: list[Delivery] = field(default_factory=list)

    def shown(self) -> Shown:
        """It as GitHub lists it, without the secret."""
        config = {"url": self.url, "content_type": "json", "secret": "********"}
        return {"id": self.id, "name": "web", "active": True, "events": ["*"], "config": config}

    async def send(self, delivery: Delivery) -> None:
        """Send *delivery*, and write down how it ended."""
        began = time.monotonic()
        answer = await asyncio.to_thread(self._post, delivery)
        delivery.status_code, delivery.status = answer
        delivery.duration, delivery.delivered_at = time.monotonic() - began, now()
        self.deliveries.append(delivery)

    def _post(self, delivery: Delivery) -> tuple[int, str]:
        body = json.dumps(delivery.payload).encode()
        signature = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/sandbox",
            "X-GitHub-Delivery": delivery.guid,
            "X-GitHub-Event": delivery.event,
            "X-GitHub-Hook-ID": str(self.id),
            "X-Hub-Signature-256": f"sha256={signature}",
        }
        request = urllib.request.Request(self.url, body, headers)  # noqa: S310 - arranged by a test
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
                return answer.status, "OK"
        except urllib.error.HTTPError as refused:
            refused.close()
            return refused.code, f"Invalid HTTP Response: {refused.code}"
        except TimeoutError:
            return 0, "timed out"
        except OSError:
            return 0, "failed to connect to host"


@dataclass(slots=True)
class Hooks:
    """All hooks there are."""

    all: dict[int, Hook] = field(default_factory=dict)

    def of(self, owner: str) -> list[Hook]:
        """The hooks of a repository, an organisation or an App."""
        return [hook for hook in self.all.values() if hook.of == owner]


def hooks_of(github: Github) -> Hooks:
    """The hooks of *github*."""
    hooks: Hooks = github.world.platforms.setdefault("github_hooks", Hooks())
    return hooks


def owner_asked(asked: Asked) -> str:
    """Whose hooks the path is about."""
    params = asked.request.path_params
    if asked.app is not None:
        return str(asked.app.id)
    return str(params["org"]) if "org" in params else asked.repository.full_name


def hook_asked(asked: Asked) -> Hook:
    """
    The hook that the path names; an App has but one.

    Raises:
        RefusedError: 404 if there is none.
    """
    wanted = asked.request.path_params.get("hook")
    for hook in hooks_of(asked.github).of(owner_asked(asked)):
        if wanted in (None, hook.id):
            return hook
    raise RefusedError(404, "Not Found")


async def list_hooks(asked: Asked) -> Response:
    return asked.paged([hook.shown() for hook in hooks_of(asked.github).of(owner_asked(asked))])


async def list_deliveries(asked: Asked) -> Response:
    """Newest first, paged by cursor."""
    newest_first = hook_asked(asked).deliveries[::-1]
    cursor = asked.request.query_params.get("cursor", "v1_0").removeprefix("v1_")
    if not cursor.isdecimal():
        raise RefusedError(422, "Invalid cursor")
    begin, (_, size) = int(cursor), asked.page_asked()
    shown = [delivery.shown() for delivery in newest_first[begin : begin + size]]
    headers = {}
    if begin + size < len(newest_first):
        further = asked.request.url.include_query_params(cursor=f"v1_{begin + size}")
        headers["link"] = f'<{further}>; rel="next"'
    return JSONResponse(shown, headers=headers)


async def redeliver(asked: Asked) -> Response:
    """Send a past delivery again, after this was answered with a 202."""
    hook, wanted = hook_asked(asked), asked.request.path_params["delivery"]
    past = next((d for d in hook.deliveries if d.id == wanted), None)
    if past is None:
        raise RefusedError(404, "Not Found")
    again = Delivery(past.event, past.payload, past.guid, past.action, redelivery=True)
    asked.effect("redelivery", hook.of, guid=again.guid, event=again.event)
    return JSONResponse({}, status_code=202, background=BackgroundTask(hook.send, again))


def routes(endpoints: Endpoints) -> list[BaseRoute]:
    """Hooks and their deliveries."""
    route, found = endpoints.route, []
    for owner in ("/repos/{owner}/{repo}", "/orgs/{org}"):
        deliveries = f"{owner}/hooks/{{hook:int}}/deliveries"
        found += [
            route(f"{owner}/hooks", GET=list_hooks),
            route(deliveries, GET=list_deliveries),
            route(f"{deliveries}/{{delivery:int}}/attempts", POST=redeliver),
        ]
    of_app = "/app/hook/deliveries"
    return [
        *found,
        route(of_app, GET=list_deliveries, app_only=True),
        route(f"{of_app}/{{delivery:int}}/attempts", POST=redeliver, app_only=True),
    ]


def control(github: Github) -> list[BaseRoute]:
    """What a test arranges about hooks."""

    async def add(request: Request) -> Response:
        said = await request.json()
        hook = Hook(str(said["of"]), said["url"], said["secret"])
        hook.deliveries = [Delivery(**past) for past in said.get("deliveries", [])]
        hooks_of(github).all[hook.id] = hook
        ids = [delivery.id for delivery in hook.deliveries]
        return JSONResponse({"id": hook.id, "deliveries": ids}, status_code=201)

    async def send(request: Request) -> Response:
        delivery = Delivery(**await request.json())
        await hooks_of(github).all[request.path_params["id"]].send(delivery)
        return JSONResponse(delivery.shown(), status_code=201)

    def post(path: str, handler: Callable[[Request], Coroutine[Any, Any, Response]]) -> Route:
        return Route(path, handler, methods=["POST"])

    return [post("/_github/hooks", add), post("/_github/hooks/{id:int}/deliveries", send)]
