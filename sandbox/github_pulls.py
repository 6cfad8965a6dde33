"""Pull requests on the sandbox's GitHub, their review comments and checks."""

from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from sandbox.github_asked import Asked, Endpoints
from sandbox.github_contents import DIFF, ends, read_diff
from sandbox.github_issues import react
from sandbox.github_refused import RefusedError, invalid
from sandbox.github_reviews import edit_pull
from sandbox.github_state import Check, Issue, Remark

STATUSES = {"queued", "in_progress", "completed"}
CONCLUSIONS = {
    "action_required",
    "cancelled",
    "failure",
    "neutral",
    "success",
    "skipped",
    "stale",
    "timed_out",
}


async def read_repository(asked: Asked) -> Response:
    return JSONResponse(asked.shape.repository())


async def read_pull(asked: Asked) -> Response:
    pull = asked.repository.pull(asked.number)
    if DIFF.search(asked.request.headers.get("accept", "")):
        return await read_diff(asked, pull)
    return JSONResponse(asked.shape.pull(pull))


async def list_pulls(asked: Asked) -> Response:
    query, owner = asked.request.query_params, asked.request.path_params["owner"]
    state, head, base = query.get("state", "open"), query.get("head", ""), query.get("base", "")
    found = [
        asked.shape.pull(pull)
        for pull in asked.repository.pulls.values()
        if state in ("all", pull.state)
        and head in ("", f"{owner}:{pull.head}")
        and base in ("", pull.base)
    ]
    return asked.paged(found[::-1])


async def create_pull(asked: Asked) -> Response:
    repository, owner = asked.repository, asked.request.path_params["owner"]
    title, base = asked.text("PullRequest", "title"), asked.text("PullRequest", "base")
    head = asked.text("PullRequest", "head").removeprefix(f"{owner}:")
    body = asked.text("PullRequest", "body", default="")
    if head == base:
        message = f"No commits between {base} and {head}"
        raise invalid("PullRequest", "head", "custom", message)
    for pull in repository.pulls.values():
        if (pull.head, pull.base, pull.state) == (head, base, "open"):
            message = f"A pull request already exists for {owner}:{head}."
            raise invalid("PullRequest", "head", "custom", message)
    base_sha, head_sha = await ends(asked, base, head)
    draft = bool(asked.fields.get("draft"))
    pull = Issue(repository.next_number(), title, body, head=head, base=base, draft=draft)
    pull.base_sha, pull.head_sha = base_sha, head_sha
    repository.pulls[pull.number] = pull
    target = f"{repository.full_name}#{pull.number}"
    asked.effect("pull_request", target, id=pull.id, title=title, head=head, base=base)
    return JSONResponse(asked.shape.pull(pull), status_code=201)


async def list_review_comments(asked: Asked) -> Response:
    asked.repository.pull(asked.number)
    earliest = asked.request.query_params.get("since", "").replace("+00:00", "Z")
    found = [
        asked.shape.review_comment(comment)
        for comment in asked.repository.review_comments.values()
        if comment.number == asked.number and comment.updated_at >= earliest
    ]
    return asked.paged(found)


async def create_review_comment(asked: Asked) -> Response:
    repository = asked.repository
    repository.pull(asked.number)
    resource = "PullRequestReviewComment"
    body, path = asked.text(resource, "body"), asked.text(resource, "path")
    commit = asked.text(resource, "commit_id")
    line = asked.fields.get("line")
    if asked.fields.get("subject_type") != "file" and not (isinstance(line, int) and line > 0):
        raise invalid(resource, "line")
    if asked.fields.get("side", "RIGHT") not in ("LEFT", "RIGHT"):
        raise invalid(resource, "side", "invalid")
    where = {"path": path, "line": line, "commit_id": commit}
    comment = Remark(asked.number, body, where)
    repository.review_comments[comment.id] = comment
    target = f"{repository.full_name}#{asked.number}"
    asked.effect("review_comment", target, id=comment.id, body=body, path=path, line=line)
    return JSONResponse(asked.shape.review_comment(comment), status_code=201)


async def react_to_review_comment(asked: Asked) -> Response:
    comment = asked.repository.review_comments.get(int(asked.request.path_params["id"]))
    if comment is None:
        raise RefusedError(404, "Not Found")
    target = f"{asked.repository.full_name}#{comment.number}/review_comments/{comment.id}"
    return react(asked, comment, target)


def judged(asked: Asked) -> tuple[str, str | None]:
    """
    The status and conclusion of a check run, a conclusion completing it.

    Raises:
        RefusedError: 422 if they are unknown or do not go together.
    """
    conclusion = asked.fields.get("conclusion")
    status = "completed" if conclusion else asked.text("CheckRun", "status", default="queued")
    if status not in STATUSES:
        raise invalid("CheckRun", "status", "invalid")
    if conclusion not in {*CONCLUSIONS, None} or (status == "completed" and not conclusion):
        raise invalid("CheckRun", "conclusion", "invalid")
    return status, conclusion


def output(asked: Asked) -> dict[str, Any]:
    """
    What a check run shows.

    Raises:
        RefusedError: 422 if it has a summary without a title or the other way round.
    """
    given = asked.fields.get("output", {})
    if not isinstance(given, dict) or (given and not (given.get("title") and given.get("summary"))):
        raise invalid("CheckRun", "output", "invalid")
    return given


async def create_check(asked: Asked) -> Response:
    repository, (status, conclusion) = asked.repository, judged(asked)
    check = Check(
        asked.text("CheckRun", "name"),
        asked.text("CheckRun", "head_sha"),
        status,
        conclusion,
        asked.text("CheckRun", "external_id", default=""),
        output(asked),
    )
    repository.checks.append(check)
    target = f"{repository.full_name}@{check.head_sha}"
    asked.effect("check_run", target, id=check.id, name=check.name, conclusion=conclusion)
    return JSONResponse(asked.shape.check(check), status_code=201)


async def list_checks(asked: Asked) -> Response:
    ref, name = asked.request.path_params["ref"], asked.request.query_params.get("check_name")
    found = [
        asked.shape.check(check)
        for check in asked.repository.checks
        if check.head_sha == ref and name in (None, check.name)
    ]
    page, size = asked.page_asked()
    body = {"total_count": len(found), "check_runs": found[(page - 1) * size : page * size]}
    return JSONResponse(body, headers=asked.links(page, size, len(found)))


def routes(endpoints: Endpoints) -> list[BaseRoute]:
    """Everything about pull requests and checks."""
    route, repository = endpoints.route, "/repos/{owner}/{repo}"
    pull = f"{repository}/pulls/{{number:int}}"
    return [
        route(repository, GET=read_repository),
        route(f"{repository}/pulls", GET=list_pulls, POST=create_pull),
        route(pull, GET=read_pull, PATCH=edit_pull),
        route(f"{pull}/comments", GET=list_review_comments, POST=create_review_comment),
        route(f"{repository}/pulls/comments/{{id:int}}/reactions", POST=react_to_review_comment),
        route(f"{repository}/check-runs", POST=create_check),
        route(f"{repository}/commits/{{ref}}/check-runs", GET=list_checks),
    ]
