"""Issues on the sandbox's GitHub: comments, labels, reactions and search with them."""

import re
from datetime import datetime

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from sandbox.github_asked import Asked, Endpoints
from sandbox.github_refused import RefusedError, invalid
from sandbox.github_state import Issue, Remark, Repository, Shape, next_id, now

REACTIONS = {"+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"}
KIND = re.compile(r"(?:^|\s)(?:is|type):(?:issue|pr|pull-request)(?=\s|$)")
QUALIFIER = re.compile(r'(-?\w+):(?:"([^"]*)"|(\S+))')


def since(asked: Asked) -> str:
    """
    The ``since`` of the query as we write times; empty if there is none.

    Raises:
        RefusedError: 422 if it is no time.
    """
    said = asked.request.query_params.get("since", "")
    if not said:
        return ""
    try:
        return datetime.fromisoformat(said).strftime("%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        raise invalid("Issue", "since", "invalid") from None


async def read_issue(asked: Asked) -> Response:
    return JSONResponse(asked.shape.issue(asked.repository.issue(asked.number)))


async def list_issues(asked: Asked) -> Response:
    query, repository = asked.request.query_params, asked.repository
    state, labels = (
        query.get("state", "open"),
        set(filter(None, query.get("labels", "").split(","))),
    )
    found = [
        issue
        for issue in [*repository.issues.values(), *repository.pulls.values()]
        if state in ("all", issue.state)
        and labels <= set(issue.labels)
        and issue.updated_at >= since(asked)
    ]
    newest_first = query.get("direction", "desc") == "desc"
    found.sort(key=lambda issue: (issue.created_at, issue.id), reverse=newest_first)
    return asked.paged([asked.shape.issue(issue) for issue in found])


async def create_issue(asked: Asked) -> Response:
    repository = asked.repository
    title = asked.text("Issue", "title")
    body = asked.text("Issue", "body", default="")
    issue = Issue(repository.next_number(), title, body, labels=names(asked, "labels"))
    repository.issues[issue.number] = issue
    target = f"{repository.full_name}#{issue.number}"
    asked.effect("issue", target, id=issue.id, title=title, body=body)
    return JSONResponse(asked.shape.issue(issue), status_code=201)


async def lock_issue(asked: Asked) -> Response:
    asked.repository.issue(asked.number).locked = True
    return Response(status_code=204)


async def list_comments(asked: Asked) -> Response:
    asked.repository.issue(asked.number)
    earliest = since(asked)
    found = [
        asked.shape.comment(comment)
        for comment in asked.repository.comments.values()
        if comment.number == asked.number and comment.updated_at >= earliest
    ]
    return asked.paged(found)


async def create_comment(asked: Asked) -> Response:
    repository = asked.repository
    if repository.issue(asked.number).locked:
        raise RefusedError(403, "Unable to create comment because issue is locked.")
    comment = Remark(asked.number, asked.text("IssueComment", "body"))
    repository.comments[comment.id] = comment
    target = f"{repository.full_name}#{asked.number}"
    asked.effect("comment", target, id=comment.id, body=comment.body)
    if asked.loses(comment.body):
        del repository.comments[comment.id]
        asked.effect("lost", target, id=comment.id)
    return JSONResponse(asked.shape.comment(comment), status_code=201)


def comment_asked(asked: Asked) -> Remark:
    """
    The comment on an issue that the path names.

    Raises:
        RefusedError: 404 if there is none.
    """
    comment = asked.repository.comments.get(int(asked.request.path_params["id"]))
    if comment is None:
        raise RefusedError(404, "Not Found")
    return comment


async def read_comment(asked: Asked) -> Response:
    return JSONResponse(asked.shape.comment(comment_asked(asked)))


async def edit_comment(asked: Asked) -> Response:
    comment = comment_asked(asked)
    comment.body, comment.updated_at = asked.text("IssueComment", "body"), now()
    target = f"{asked.repository.full_name}#{comment.number}"
    asked.effect("comment_edited", target, id=comment.id, body=comment.body)
    return JSONResponse(asked.shape.comment(comment))


def names(asked: Asked, field: str) -> list[str]:
    """
    The field as a list of names.

    Raises:
        RefusedError: 422 if it is anything else.
    """
    given = asked.fields.get(field, [])
    if not isinstance(given, list) or not all(isinstance(n, str) and n for n in given):
        raise RefusedError(
            422, f"Invalid request.\n\nFor '{field}', {given!r} is not a list of names."
        )
    return list(dict.fromkeys(given))


def labels_shown(shape: Shape, issue: Issue) -> Response:
    """All labels of *issue*."""
    return JSONResponse([shape.label(name) for name in issue.labels])


async def list_labels(asked: Asked) -> Response:
    return labels_shown(asked.shape, asked.repository.issue(asked.number))


async def add_labels(asked: Asked) -> Response:
    issue = asked.repository.issue(asked.number)
    if "labels" not in asked.fields:
        raise invalid("Label", "labels")
    for name in names(asked, "labels"):
        if name not in issue.labels:
            issue.labels.append(name)
            target = f"{asked.repository.full_name}#{issue.number}"
            asked.effect("label", target, name=name)
    return labels_shown(asked.shape, issue)


async def remove_label(asked: Asked) -> Response:
    issue, name = asked.repository.issue(asked.number), asked.request.path_params["name"]
    if name not in issue.labels:
        raise RefusedError(404, "Label does not exist")
    issue.labels.remove(name)
    target = f"{asked.repository.full_name}#{issue.number}"
    asked.effect("label_removed", target, name=name)
    return labels_shown(asked.shape, issue)


def react(asked: Asked, thing: Issue | Remark, target: str) -> Response:
    """
    Our reaction to *thing*: 201 if it is new, 200 if it stood already.

    Raises:
        RefusedError: 422 if there is no such reaction.
    """
    content = asked.text("Reaction", "content")
    if content not in REACTIONS:
        raise invalid("Reaction", "content", "invalid")
    new = content not in thing.reactions
    if new:
        thing.reactions[content] = next_id()
        asked.effect("reaction", target, content=content)
    shown = asked.shape.reaction(content, thing.reactions[content])
    return JSONResponse(shown, status_code=201 if new else 200)


async def react_to_issue(asked: Asked) -> Response:
    issue = asked.repository.issue(asked.number)
    return react(asked, issue, f"{asked.repository.full_name}#{issue.number}")


async def react_to_comment(asked: Asked) -> Response:
    comment = comment_asked(asked)
    target = f"{asked.repository.full_name}#{comment.number}/comments/{comment.id}"
    return react(asked, comment, target)


async def list_reactions(asked: Asked) -> Response:
    issue = asked.repository.issue(asked.number)
    return asked.paged([asked.shape.reaction(c, i) for c, i in issue.reactions.items()])


async def search_issues(asked: Asked) -> Response:
    query = asked.request.query_params.get("q", "").strip()
    if not query:
        raise invalid("Search", "q")
    if not KIND.search(query):
        message = "Query must include 'is:issue' or 'is:pull-request'"
        raise invalid("Search", "q", "invalid", message)
    qualifiers = [(name, quoted or bare) for name, quoted, bare in QUALIFIER.findall(query)]
    words = QUALIFIER.sub("", query).lower().split()
    found = [
        Shape(repository, asked.api).issue(issue)
        for repository in asked.github.state.repositories.values()
        for issue in [*repository.issues.values(), *repository.pulls.values()]
        if all(holds(name, value, repository, issue) for name, value in qualifiers)
        and all(word in f"{issue.title} {issue.body or ''}".lower() for word in words)
    ]
    page, size = asked.page_asked()
    items = found[(page - 1) * size : page * size]
    body = {"total_count": len(found), "incomplete_results": False, "items": items}
    return JSONResponse(body, headers=asked.links(page, size, len(found)))


def holds(name: str, value: str, repository: Repository, issue: Issue) -> bool:
    """
    Whether *issue* fits the qualifier ``name:value``.

    Raises:
        RefusedError: 422 for a qualifier the sandbox does not know.
    """
    kinds = {"pr", "pull-request"} if issue.head else {"issue"}
    known: dict[str, set[str]] = {
        "repo": {repository.full_name},
        "org": {repository.full_name.partition("/")[0]},
        "is": {*kinds, issue.state},
        "type": kinds,
        "state": {issue.state},
        "label": set(issue.labels),
        "in": {"title", "body", "title,body"},
    }
    if name not in known:
        raise invalid("Search", "q", "invalid", f"the sandbox does not know {name}:")
    return value in known[name]


def routes(endpoints: Endpoints) -> list[BaseRoute]:
    """Everything about issues."""
    route, issue = endpoints.route, "/repos/{owner}/{repo}/issues/{number:int}"
    comment = "/repos/{owner}/{repo}/issues/comments/{id:int}"
    return [
        route("/search/issues", GET=search_issues),
        route("/repos/{owner}/{repo}/issues", GET=list_issues, POST=create_issue),
        route(comment, GET=read_comment, PATCH=edit_comment),
        route(f"{comment}/reactions", POST=react_to_comment),
        route(issue, GET=read_issue),
        route(f"{issue}/lock", PUT=lock_issue),
        route(f"{issue}/comments", GET=list_comments, POST=create_comment),
        route(f"{issue}/labels", GET=list_labels, POST=add_labels),
        route(f"{issue}/labels/{{name:path}}", DELETE=remove_label),
        route(f"{issue}/reactions", GET=list_reactions, POST=react_to_issue),
    ]
