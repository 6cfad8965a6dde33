"""One request to the sandbox's GitHub: let in, read and checked, and the answer paged."""

import json
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.git import GitRepository, Repositories
from sandbox.github_auth import GithubApp, GithubAuth
from sandbox.github_refused import RefusedError, invalid
from sandbox.github_renamed import moved
from sandbox.github_state import GithubState, Repository, Shape, Shown
from sandbox.world import World

LONGEST_BODY = 65_536
MOST_PER_PAGE = 100
LIMITS = {"core": (5000, 3600), "search": (30, 60)}
"""How many requests in how many seconds, by resource."""


@dataclass(slots=True)
class Github:
    """GitHub as a whole: what stands there, who may come in, and where it is written down."""

    world: World
    auth: GithubAuth
    git: Repositories
    state: GithubState


@dataclass(slots=True)
class Asked:
    """
    A request that was let in.

    Attributes:
        github: What it was asked of.
        request: As it came.
        fields: Its JSON body; empty if it had none.
        app: The App that signed it, where only Apps may come in.
    """

    github: Github
    request: Request
    fields: dict[str, Any]
    app: GithubApp | None = None

    @property
    def api(self) -> str:
        """The base address the caller knows us by."""
        return f"{self.request.url.scheme}://{self.request.url.netloc}/github"

    @property
    def repository(self) -> Repository:
        """The repository that the path names."""
        params = self.request.path_params
        return self.github.state.repository(params["owner"], params["repo"])

    @property
    def git(self) -> GitRepository | None:
        """What git has of that repository; None if it is not a real one."""
        return self.github.git.find(self.repository.full_name)

    @property
    def shape(self) -> Shape:
        """How records of that repository are shown."""
        return Shape(self.repository, self.api)

    @property
    def number(self) -> int:
        """The number that the path names."""
        return int(self.request.path_params["number"])

    def text(self, resource: str, name: str, *, default: str | None = None) -> str:
        """
        The field *name* as a text.

        Raises:
            RefusedError: 422 if it is missing without a default, empty, too long or no text.
        """
        value = self.fields.get(name, default)
        if value is None or (value == "" and default is None):
            raise invalid(resource, name)
        if not isinstance(value, str):
            raise RefusedError(422, f"Invalid request.\n\nFor '{name}', {value!r} is not a string.")
        if len(value) > LONGEST_BODY:
            longest = f"{name} is too long (maximum is {LONGEST_BODY} characters)"
            raise invalid(resource, name, "custom", longest)
        return value

    def effect(self, kind: str, target: str, **details: Any) -> None:
        """Write down that *kind* now stands at *target*."""
        self.github.world.ledger.effect("github", kind, target, **details)

    def loses(self, text: str) -> bool:
        """Whether a post of *text* is lost as soon as it stands."""
        return self.github.world.losses.takes("github", text)

    def paged(self, items: Sequence[Shown], *, per_page: int = 30) -> Response:
        """The asked page of *items*, with the addresses of its neighbours."""
        page, size = self.page_asked(per_page)
        shown = list(items[(page - 1) * size : page * size])
        return JSONResponse(shown, headers=self.links(page, size, len(items)))

    def page_asked(self, per_page: int = 30) -> tuple[int, int]:
        """Which page, and how many on each; nonsense counts as not said."""
        page, size = (
            int(asked) if (asked := self.request.query_params.get(name, "")).isdecimal() else usual
            for name, usual in (("page", 1), ("per_page", per_page))
        )
        return max(page, 1), min(max(size, 1), MOST_PER_PAGE)

    def links(self, page: int, size: int, total: int) -> dict[str, str]:
        """The ``Link`` header of a page."""
        last = max((total + size - 1) // size, 1)
        neighbours = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
        wanted = ["prev", "first"] if page > 1 else []
        wanted += ["next", "last"] if page < last else []
        url = self.request.url
        links = [
            f'<{url.include_query_params(page=neighbours[rel])}>; rel="{rel}"' for rel in wanted
        ]
        return {"link": ", ".join(links)} if links else {}


Handler = Callable[[Asked], Awaitable[Response]]


class Endpoints:
    """Turns handlers into routes that check who calls, read the body and word refusals."""

    def __init__(self, github: Github) -> None:
        self._github = github

    def route(self, path: str, /, app_only: bool = False, **handlers: Handler) -> Route:
        """A route that answers the methods for which there are handlers: ``GET=…, POST=…``."""

        async def endpoint(request: Request) -> Response:
            try:
                answer = await self._answer(handlers[request.method], request, app_only)
            except RefusedError as refused:
                answer = refused.answer()
            answer.headers.update(limits("search" if path.startswith("/search") else "core"))
            return answer

        return Route(path, endpoint, methods=list(handlers))

    async def _answer(self, handler: Handler, request: Request, app_only: bool) -> Response:
        app = self._github.auth.enter_as_app(request) if app_only else None
        if app is None:
            self._github.auth.enter(request)
        asked = Asked(self._github, request, await fields_of(request), app)
        return moved(request, asked.api, self._github.state) or await handler(asked)


async def fields_of(request: Request) -> dict[str, Any]:
    """
    The JSON object in the body; empty if there is none.

    Raises:
        RefusedError: 400 if it is no JSON object.
    """
    body = await request.body()
    if not body:
        return {}
    try:
        fields = json.loads(body)
    except ValueError:
        raise RefusedError(400, "Problems parsing JSON") from None
    if not isinstance(fields, dict):
        raise RefusedError(400, "Body should be a JSON object")
    return fields


def limits(resource: str = "core") -> dict[str, str]:
    """The headers every answer carries. The sandbox never runs out unless a fault says so."""
    limit, seconds = LIMITS[resource]
    return {
        "x-github-media-type": "github.v3; format=json",
        "x-github-request-id": secrets.token_hex(8).upper(),
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": str(limit - 1),
        "x-ratelimit-reset": str(int(time.time()) + seconds),
        "x-ratelimit-used": "1",
        "x-ratelimit-resource": resource,
    }
