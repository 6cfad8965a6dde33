"""
Repositories that were renamed or transferred: the sandbox's GitHub sends callers on, as the real.

``POST /_github/renames`` with ``from`` and ``to`` renames one. Its old address then answers with
a redirect to ``/repositories/<id>/…``, which is the repository whatever it is called.
"""

import re

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import Receive, Scope, Send

from sandbox.github_state import GithubState

BY_ID = re.compile(r"/repositories/(\d+)(/.*)?")
BY_NAME = re.compile(r"/repos/[^/]+/[^/]+(/.*)?")


class ById:
    """Routes, with each repository also under its id."""

    def __init__(self, routes: list[BaseRoute], state: GithubState) -> None:
        self._router = Router(routes)
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer under the name what was asked under the id."""
        found = BY_ID.fullmatch(path_of(scope))
        name = self._state.name_of(int(found[1])) if found else None
        if found and name:
            path = f"{scope.get('root_path', '')}/repos/{name}{found[2] or ''}"
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await self._router(scope, receive, send)


def moved(request: Request, api: str, state: GithubState) -> Response | None:
    """Where to ask instead, if what was asked is in a repository that was renamed."""
    params = request.path_params
    now_called = state.renamed.get(f"{params.get('owner')}/{params.get('repo')}")
    found = BY_NAME.fullmatch(path_of(request.scope))
    if now_called is None or found is None:
        return None
    repository = state.repository(*now_called.split("/"))
    url = f"{api}/repositories/{repository.id}{found[1] or ''}"
    url += f"?{request.url.query}" if request.url.query else ""
    reads = request.method in ("GET", "HEAD")
    status, message = (301, "Moved Permanently") if reads else (307, "Temporary Redirect")
    return JSONResponse({"message": message, "url": url}, status, headers={"location": url})


def path_of(scope: Scope) -> str:
    """What was asked for, without where we are mounted."""
    return str(scope["path"]).removeprefix(scope.get("root_path", ""))


def control(state: GithubState) -> list[BaseRoute]:
    """What a test arranges about names."""

    async def rename(request: Request) -> Response:
        said = await request.json()
        state.renamed[said["from"]] = said["to"]
        return Response(status_code=204)

    return [Route("/_github/renames", rename, methods=["POST"])]
