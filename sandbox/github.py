"""
GitHub's REST API, as strict about tokens, fields and shapes as the real one is documented.

Owner ``missing`` has no repositories (404) and owner ``forbidden`` lets nobody in (403);
every other repository exists once it is addressed, and is real git once it is put there.
Issues and pull requests exist likewise below number 900000, and not from there on (404).
"""

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from sandbox import (
    git_http,
    github_contents,
    github_hooks,
    github_issues,
    github_people,
    github_pulls,
    github_reviews,
)
from sandbox.git import Repositories
from sandbox.github_asked import Asked, Endpoints, Github, limits
from sandbox.github_auth import GithubApp, GithubAuth
from sandbox.github_refused import RefusedError, invalid
from sandbox.github_renamed import ById
from sandbox.github_renamed import control as renaming
from sandbox.github_state import GithubState, Shown, user
from sandbox.world import World

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def github_of(world: World) -> Github:
    """The one GitHub of *world*."""
    if "github" not in world.platforms:
        git = Repositories(world.repositories)
        state = GithubState(lambda name: git.find(name) is not None)
        world.platforms["github"] = Github(world, GithubAuth(world.tokens), git, state)
    github: Github = world.platforms["github"]
    return github


async def read_user(asked: Asked) -> Response:
    return JSONResponse(user())


async def read_rate_limit(asked: Asked) -> Response:
    said = {k.rpartition("-")[2]: int(v) for k, v in limits().items() if v.isdecimal()}
    core = {name: said[name] for name in ("limit", "remaining", "reset", "used")}
    return JSONResponse({"resources": {"core": core}, "rate": core})


async def render(asked: Asked) -> Response:
    text = asked.text("Markdown", "text")
    if asked.text("Markdown", "mode", default="markdown") not in ("markdown", "gfm"):
        raise invalid("Markdown", "mode", "invalid")
    paragraphs = [escape(one) for one in text.split("\n\n")]
    return HTMLResponse("\n".join(f"<p>{one}</p>" for one in paragraphs))


async def read_app(asked: Asked) -> Response:
    app = asked.app
    assert app is not None
    return JSONResponse({"id": app.id, "slug": "contexten", "name": "contexten"})


async def grant_token(asked: Asked) -> Response:
    app = asked.app
    assert app is not None
    token, expires_at = asked.github.auth.grant(app, int(asked.request.path_params["id"]))
    body = {"token": token, "expires_at": expires_at, "permissions": {"issues": "write"}}
    return JSONResponse(body, status_code=201)


async def list_installations(asked: Asked) -> Response:
    app = asked.app
    assert app is not None
    return asked.paged([installation(app, *one) for one in app.installations.items()])


def installation(app: GithubApp, id_: int, owner: str) -> Shown:
    return {"id": id_, "app_id": app.id, "account": user(owner), "suspended_at": None}


async def read_installation(asked: Asked) -> Response:
    app, owner = (
        asked.app,
        asked.request.path_params.get("owner", asked.request.path_params.get("org")),
    )
    assert app is not None
    for id_, installed_on in app.installations.items():
        if installed_on == owner:
            return JSONResponse(installation(app, id_, installed_on))
    raise RefusedError(404, "Not Found")


async def nothing(asked: Asked) -> Response:
    raise RefusedError(404, "Not Found")


def routes(world: World) -> list[BaseRoute]:
    """The API, to be mounted under ``/github``."""
    github = github_of(world)
    endpoints = Endpoints(github)
    route = endpoints.route
    found = [
        route("/user", GET=read_user),
        route("/rate_limit", GET=read_rate_limit),
        route("/markdown", POST=render),
        route("/app", GET=read_app, app_only=True),
        route("/app/installations", GET=list_installations, app_only=True),
        route("/app/installations/{id:int}/access_tokens", POST=grant_token, app_only=True),
        route("/repos/{owner}/{repo}/installation", GET=read_installation, app_only=True),
        route("/orgs/{org}/installation", GET=read_installation, app_only=True),
        *github_hooks.routes(endpoints),
        *github_issues.routes(endpoints),
        *github_pulls.routes(endpoints),
        *github_contents.routes(endpoints),
        *github_reviews.routes(endpoints),
        *github_people.routes(endpoints),
        route("/{rest:path}", False, **dict.fromkeys(METHODS, nothing)),
    ]
    return [*git_http.routes(github), Mount("", app=ById(found, github.state))]


def control(world: World) -> list[BaseRoute]:
    """
    What a test arranges: ``POST /_github/apps``, ``PUT /_github/files``, ``POST /_github/hooks``,
    ``POST /_github/renames``, ``PUT /_github/repositories``; ``sandbox.github_people`` has more.
    """
    github = github_of(world)

    async def add_app(request: Request) -> Response:
        said = await request.json()
        installed = {int(id_): owner for id_, owner in said["installations"].items()}
        app = GithubApp(int(said["id"]), said["public_key"], installed)
        app.token_lifetime_s = float(said.get("token_lifetime_s", app.token_lifetime_s))
        github.auth.apps[app.id] = app
        return JSONResponse({"id": app.id}, status_code=201)

    async def put_file(request: Request) -> Response:
        said = await request.json()
        repository = github.state.repository(*said["repository"].split("/"))
        repository.files[said["path"], said.get("ref", "main")] = said["text"]
        return Response(status_code=204)

    return [
        Route("/_github/apps", add_app, methods=["POST"]),
        Route("/_github/files", put_file, methods=["PUT"]),
        *git_http.control(github),
        *github_hooks.control(github),
        *github_people.control(github),
        *renaming(github.state),
    ]
