"""
Git over HTTP as GitHub serves it: ``/github/<owner>/<name>.git``, the smart protocol alone.

Who comes in has to say ``x-access-token`` and a token, as Basic. What a push changed is written
to the ledger before the caller hears of it: ``push`` with its branch and commit, with ``forced``
where it threw commits away, and ``branch_deleted``.

``PUT /_github/repositories`` with ``repository`` and ``files`` makes one (without ``files`` the
sample, with none an empty one; one that is there stays); ``writable`` false lets nobody push.
``DELETE`` with ``repository`` removes it.
"""

import asyncio
import base64
import binascii
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import suppress

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from sandbox.git import GIT, GitRepository, environment, is_named_well, sample
from sandbox.github_asked import Github
from sandbox.github_refused import RefusedError
from sandbox.github_state import Repository, now

LOGIN = "x-access-token"
REALM = {"www-authenticate": 'Basic realm="GitHub"'}
FETCH, PUSH = "git-upload-pack", "git-receive-pack"
PIECE = 65_536
LONGEST_HEAD = 16_384
HIDDEN = "Resource not accessible by integration"
NOT_FOUND = "Repository not found."
READ_ONLY = "remote: Write access to repository not granted."
STRANGER = "remote: Invalid username or token."


def refuse(status: int, words: str) -> Response:
    """How GitHub's git front says no."""
    return PlainTextResponse(f"{words}\n", status, headers=REALM if status == 401 else None)


def told(refused: RefusedError) -> Response:
    """The same in git's front's words: who may not see a repository does not hear of it."""
    if refused.status == 404 or refused.message == HIDDEN:
        return refuse(404, NOT_FOUND)
    return refuse(refused.status, STRANGER if refused.status == 401 else refused.message)


def token_of(request: Request) -> str:
    """
    The token that the caller brought.

    Raises:
        RefusedError: 401 if there is none, or not as GitHub wants it.
    """
    scheme, _, coded = request.headers.get("authorization", "").partition(" ")
    try:
        login, _, token = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise RefusedError(401, STRANGER) from None
    if scheme.lower() != "basic" or login != LOGIN or not token:
        raise RefusedError(401, STRANGER)
    return token


def wanted_of(request: Request) -> str:
    """
    What the caller wants, to fetch or to push.

    Raises:
        RefusedError: 403 for the dumb protocol; 404 for what no git asks.
    """
    rest, method = request.path_params["rest"], request.method
    if (method, rest) == ("GET", "info/refs"):
        service = request.query_params.get("service", "")
        if service not in (FETCH, PUSH):
            raise RefusedError(403, "Please upgrade your git client.")
        return str(service)
    if method == "POST" and rest in (FETCH, PUSH):
        if request.headers.get("content-type") != f"application/x-{rest}-request":
            raise RefusedError(415, "Unsupported Media Type")
        return str(rest)
    raise RefusedError(404, "Not Found")


class GitFront:
    """What answers git."""

    def __init__(self, github: Github) -> None:
        self._github = github

    async def answer(self, request: Request) -> Response:
        """Let in, look up, and hand over to git itself."""
        try:
            token = token_of(request)
            wanted = wanted_of(request)
            owner, name = request.path_params["owner"], request.path_params["repo"]
            now_called = self._github.state.renamed.get(f"{owner}/{name}")
            self._github.auth.admit(token, (now_called or owner).partition("/")[0])
            if now_called is not None:
                return self._moved(request, now_called)
            repository, git = self._found(owner, name)
        except RefusedError as refused:
            return told(refused)
        if wanted == PUSH and not repository.writable:
            return refuse(403, READ_ONLY)
        if request.method == "POST" and wanted == PUSH:
            return await self._pushed(request, repository, git)
        return await served(request, git)

    def _found(self, owner: str, name: str) -> tuple[Repository, GitRepository]:
        repository = self._github.state.repository(owner, name)
        git = self._github.git.find(repository.full_name)
        if git is None:
            raise RefusedError(404, NOT_FOUND)
        return repository, git

    def _moved(self, request: Request, now_called: str) -> Response:
        rest, query = request.path_params["rest"], request.url.query
        location = f"{str(request.base_url).rstrip('/')}/github/{now_called}.git/{rest}"
        return Response(status_code=301, headers={"location": f"{location}?{query}"})

    async def _pushed(
        self, request: Request, repository: Repository, git: GitRepository
    ) -> Response:
        async with git.pushing:
            before = await git.branches()
            answer = await whole(await served(request, git))
            after = await git.branches()
            for branch in sorted(before.keys() | after.keys()):
                if before.get(branch) != after.get(branch):
                    await self._moved_branch(repository, git, branch, before, after)
        return answer

    async def _moved_branch(
        self,
        repository: Repository,
        git: GitRepository,
        branch: str,
        before: dict[str, str],
        after: dict[str, str],
    ) -> None:
        old, new = before.get(branch), after.get(branch)
        ledger = self._github.world.ledger
        for pull in repository.pulls.values():
            if pull.head == branch and pull.state == "open":
                pull.head_sha, pull.updated_at = new or pull.head_sha, now()
                pull.state = "open" if new else "closed"
        if new is None:
            target = repository.full_name
            ledger.effect("github", "branch_deleted", target, branch=branch, sha=old)
            return
        forced = old is not None and not await git.holds(old, new)
        details = {"branch": branch, "sha": new, "before": old, "forced": forced}
        ledger.effect("github", "push", repository.full_name, **details)


async def served(request: Request, git: GitRepository) -> StreamingResponse:
    """What git's own server says to *request*, passed on as it comes."""
    process = await asyncio.create_subprocess_exec(
        GIT, "http-backend", stdin=PIPE, stdout=PIPE, stderr=None, env=cgi(request, git)
    )
    feeding = asyncio.create_task(fed(request, process))
    assert process.stdout is not None
    status, headers = 200, dict[str, str]()
    while (line := (await process.stdout.readline()).strip()) and len(headers) < LONGEST_HEAD:
        name, _, value = line.decode("latin-1").partition(":")
        if name.lower() == "status":
            status = int(value.split()[0])
        else:
            headers[name.lower()] = value.strip()
    return StreamingResponse(passed_on(process, feeding), status, headers)


def cgi(request: Request, git: GitRepository) -> dict[str, str]:
    """What git's server is told of *request*."""
    heard = request.headers
    return environment(
        GIT_PROJECT_ROOT=str(git.folder.parent),
        GIT_HTTP_EXPORT_ALL="1",
        PATH_INFO=f"/{git.folder.name}/{request.path_params['rest']}",
        REQUEST_METHOD=request.method,
        QUERY_STRING=request.url.query,
        CONTENT_TYPE=heard.get("content-type", ""),
        HTTP_CONTENT_ENCODING=heard.get("content-encoding", ""),
        GIT_PROTOCOL=heard.get("git-protocol", ""),
        REMOTE_USER=LOGIN,
        REMOTE_ADDR="127.0.0.1",
    )


async def fed(request: Request, process: Process) -> None:
    """Give git what the caller sends."""
    assert process.stdin is not None
    with suppress(ConnectionError, ClientDisconnect):
        async for piece in request.stream():
            process.stdin.write(piece)
            await process.stdin.drain()
    process.stdin.close()


async def passed_on(process: Process, feeding: asyncio.Task[None]) -> AsyncIterator[bytes]:
    """What git says, and an end to it if the caller is gone."""
    assert process.stdout is not None
    done = False
    try:
        while piece := await process.stdout.read(PIECE):
            yield piece
        done = True
    finally:
        feeding.cancel()
        if not done:
            with suppress(ProcessLookupError):
                process.kill()
        await process.wait()


async def whole(answer: StreamingResponse) -> Response:
    """*answer* once it is complete, and what it tells of is done."""
    pieces = [bytes(piece) async for piece in answer.body_iterator if not isinstance(piece, str)]
    headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
    return Response(b"".join(pieces), answer.status_code, headers)


def routes(github: Github) -> list[BaseRoute]:
    """Git, to be mounted under ``/github`` before everything else."""
    path = "/{owner}/{repo}.git/{rest:path}"
    return [Route(path, GitFront(github).answer, methods=["GET", "POST"])]


def control(github: Github) -> list[BaseRoute]:
    """What a test, or the demo, arranges about real repositories."""

    async def put(request: Request) -> Response:
        said = await request.json()
        full_name, files = str(said.get("repository", "")), said.get("files")
        if not is_named_well(full_name):
            return JSONResponse({"error": "repository: owner/name"}, 422)
        new = github.git.find(full_name) is None
        git = await github.git.put(full_name, sample() if files is None else files)
        repository = github.state.repository(*full_name.split("/"))
        repository.writable = bool(said.get("writable", repository.writable))
        url = f"{str(request.base_url).rstrip('/')}/github/{full_name}.git"
        shown = {"repository": full_name, "url": url, "head": await git.sha("main")}
        return JSONResponse(shown, 201 if new else 200)

    async def remove(request: Request) -> Response:
        github.git.remove(str((await request.json()).get("repository", "")))
        return Response(status_code=204)

    path = "/_github/repositories"
    return [Route(path, put, methods=["PUT"]), Route(path, remove, methods=["DELETE"])]
