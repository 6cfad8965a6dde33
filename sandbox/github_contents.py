"""What is in a repository on the sandbox's GitHub: files, branches, and what pulls change."""

import base64
import hashlib
import re

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute

from sandbox.git import Entry, GitRepository
from sandbox.github_asked import Asked, Endpoints
from sandbox.github_refused import RefusedError, invalid
from sandbox.github_state import Issue, Shown

DIFF = re.compile(r"application/vnd\.github(\.v3)?\.diff")
MOST_FILES = 3000
LONGEST_FILE = 1_000_000
TYPES = {"blob": "file", "tree": "dir", "commit": "submodule"}


async def ends(asked: Asked, base: str, head: str) -> tuple[str | None, str | None]:
    """
    The commits of a new pull request's *base* and *head*; None if the repository is not real.

    Raises:
        RefusedError: 422 if either does not exist, or *head* has nothing that *base* has not.
    """
    git = asked.git
    if git is None:
        return None, None
    branches = await git.branches()
    for field, branch in (("head", head), ("base", base)):
        if branch not in branches:
            raise invalid("PullRequest", field, "invalid")
    if not await git.commits(branches[base], branches[head]):
        message = f"No commits between {base} and {head}"
        raise invalid("PullRequest", "head", "custom", message)
    return branches[base], branches[head]


def range_of(asked: Asked, pull: Issue) -> tuple[GitRepository, str, str]:
    """
    The repository, base and head of a real *pull*.

    Raises:
        RefusedError: 404 if it is not real.
    """
    if asked.git is None or pull.base_sha is None or pull.head_sha is None:
        raise RefusedError(404, "Not Found")
    return asked.git, pull.base_sha, pull.head_sha


async def read_diff(asked: Asked, pull: Issue) -> Response:
    git, base, head = range_of(asked, pull)
    return PlainTextResponse(await git.diff(base, head))


async def list_files(asked: Asked) -> Response:
    pull = asked.repository.pull(asked.number)
    if asked.git is None:
        return asked.paged(asked.repository.patches.get(pull.number, []))
    git, base, head = range_of(asked, pull)
    shown: list[Shown] = [
        {
            "sha": one.sha,
            "filename": one.filename,
            "status": one.status,
            "additions": one.additions,
            "deletions": one.deletions,
            "changes": one.additions + one.deletions,
            "patch": one.patch,
        }
        for one in (await git.changed(base, head))[:MOST_FILES]
    ]
    return asked.paged(shown)


async def read_branch(asked: Asked) -> Response:
    branch, git = asked.request.path_params["branch"], asked.git
    sha = (await git.branches()).get(branch) if git is not None else None
    if sha is None:
        raise RefusedError(404, "Branch not found")
    return JSONResponse({"name": branch, "commit": {"sha": sha}, "protected": False})


async def read_contents(asked: Asked) -> Response:
    path, ref = asked.request.path_params["path"], asked.request.query_params.get("ref", "main")
    if asked.git is not None:
        return JSONResponse(await contents(asked, asked.git, path.strip("/"), ref))
    text = asked.repository.files.get((path, ref))
    if text is None:
        raise RefusedError(404, "Not Found")
    raw = text.encode()
    sha = hashlib.sha1(raw, usedforsecurity=False).hexdigest()
    return JSONResponse(shown_file(asked, Entry("blob", sha, len(raw), path), raw))


async def contents(asked: Asked, git: GitRepository, path: str, ref: str) -> Shown | list[Shown]:
    """
    A file, or what is in a folder, of the commit that *ref* stands for.

    Raises:
        RefusedError: 404 if there is no such thing.
    """
    commit = await git.sha(ref)
    if commit is None:
        raise RefusedError(404, f"No commit found for the ref {ref}")
    found = await git.entries(commit, path) if path else []
    if found and found[0].type == "blob":
        return shown_file(asked, found[0], await git.blob(found[0].sha))
    if path and not found:
        raise RefusedError(404, "Not Found")
    inside = await git.entries(commit, path, inside=True)
    return [shown(asked, one) for one in inside]


def shown(asked: Asked, entry: Entry) -> Shown:
    """A file or folder as GitHub lists it."""
    return {
        "type": TYPES[entry.type],
        "path": entry.path,
        "name": entry.path.rpartition("/")[2],
        "size": entry.size,
        "sha": entry.sha,
        "url": str(asked.request.url),
    }


def shown_file(asked: Asked, entry: Entry, raw: bytes) -> Shown:
    """A file with what is in it, unless it is too long for that."""
    if len(raw) > LONGEST_FILE:
        return shown(asked, entry) | {"encoding": "none", "content": ""}
    coded = base64.encodebytes(raw).decode()
    return shown(asked, entry) | {"encoding": "base64", "content": coded}


def routes(endpoints: Endpoints) -> list[BaseRoute]:
    """Everything about files and branches."""
    route, repository = endpoints.route, "/repos/{owner}/{repo}"
    return [
        route(f"{repository}/pulls/{{number:int}}/files", GET=list_files),
        route(f"{repository}/branches/{{branch:path}}", GET=read_branch),
        route(f"{repository}/contents/{{path:path}}", GET=read_contents),
        route(f"{repository}/contents", GET=read_root),
    ]


async def read_root(asked: Asked) -> Response:
    if asked.git is None:
        raise RefusedError(404, "Not Found")
    ref = asked.request.query_params.get("ref", "main")
    return JSONResponse(await contents(asked, asked.git, "", ref))
