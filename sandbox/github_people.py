"""
Who may do what on the sandbox's GitHub, and what people wrote there.

Everybody may write to every repository, so that payloads from elsewhere can be answered; but
a login that begins with ``stranger`` may only read, a bot may nothing, and of one that begins
with ``missing`` there is nobody. A test may arrange it otherwise.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.github_asked import Asked, Endpoints, Github
from sandbox.github_refused import RefusedError
from sandbox.github_state import SOMEBODY, Remark, now, user

SUMMED_UP = {"admin": "admin", "maintain": "write", "write": "write", "triage": "read"}


async def read_permission(asked: Asked) -> Response:
    login = str(asked.request.path_params["login"])
    if login.startswith("missing"):
        raise RefusedError(404, f"{login} is not a user")
    role = asked.repository.permissions.get(login, usual(login))
    summed_up = SUMMED_UP.get(role, role)
    return JSONResponse({"permission": summed_up, "role_name": role, "user": user(login)})


def usual(login: str) -> str:
    """What *login* may do where nothing else was arranged."""
    if login.endswith("[bot]"):
        return "none"
    return "read" if login.startswith("stranger") else "write"


def routes(endpoints: Endpoints) -> list[BaseRoute]:
    """Who may do what."""
    path = "/repos/{owner}/{repo}/collaborators/{login}/permission"
    return [endpoints.route(path, GET=read_permission)]


def control(github: Github) -> list[BaseRoute]:
    """
    What a test arranges: ``PUT /_github/permissions``, ``PUT /_github/issues``,
    ``POST /_github/comments``, ``PUT /_github/patches``.
    """

    async def permit(request: Request) -> Response:
        said = await request.json()
        repository = github.state.repository(*said["repository"].split("/"))
        repository.permissions[said["login"]] = said["role"]
        return Response(status_code=204)

    async def write_issue(request: Request) -> Response:
        said = await request.json()
        repository = github.state.repository(*said["repository"].split("/"))
        of_a_pull = "head_sha" in said
        issue = (repository.pull if of_a_pull else repository.issue)(said["number"])
        issue.head_sha = said.get("head_sha", issue.head_sha)
        issue.title, issue.body = said.get("title", issue.title), said.get("body", issue.body)
        issue.author, issue.updated_at = said.get("author", issue.author), now()
        return Response(status_code=204)

    async def write_comment(request: Request) -> Response:
        said = await request.json()
        repository = github.state.repository(*said["repository"].split("/"))
        author = said.get("author", SOMEBODY)
        comment = Remark(repository.issue(said["number"]).number, said["body"], author=author)
        repository.comments[comment.id] = comment
        return JSONResponse({"id": comment.id}, status_code=201)

    async def put_patches(request: Request) -> Response:
        said = await request.json()
        repository = github.state.repository(*said["repository"].split("/"))
        repository.patches[said["number"]] = said["files"]
        return Response(status_code=204)

    return [
        Route("/_github/permissions", permit, methods=["PUT"]),
        Route("/_github/issues", write_issue, methods=["PUT"]),
        Route("/_github/comments", write_comment, methods=["POST"]),
        Route("/_github/patches", put_patches, methods=["PUT"]),
    ]
