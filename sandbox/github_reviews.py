"""How a pull request on the sandbox's GitHub is edited, and its reviews."""

from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from sandbox.github_asked import Asked, Endpoints
from sandbox.github_refused import RefusedError, invalid
from sandbox.github_state import Remark, now

EVENTS = {"APPROVE", "COMMENT", "REQUEST_CHANGES", "PENDING"}


async def edit_pull(asked: Asked) -> Response:
    pull = asked.repository.pull(asked.number)
    changes = {
        name: asked.text("PullRequest", name, default=None if name == "title" else "")
        for name in ("title", "body")
        if name in asked.fields
    }
    state = asked.fields.get("state", pull.state)
    if state not in ("open", "closed"):
        raise invalid("PullRequest", "state", "invalid")
    told = {name: value for name, value in changes.items() if getattr(pull, name) != value}
    if told or state != pull.state:
        pull.title, pull.body = changes.get("title", pull.title), changes.get("body", pull.body)
        pull.state, pull.updated_at = state, now()
        target = f"{asked.repository.full_name}#{pull.number}"
        asked.effect("pull_request_edited", target, state=state, **told)
    return JSONResponse(asked.shape.pull(pull))


async def list_reviews(asked: Asked) -> Response:
    asked.repository.pull(asked.number)
    found = [r for r in asked.repository.reviews.values() if r.number == asked.number]
    return asked.paged([shown(asked, one) for one in found])


async def create_review(asked: Asked) -> Response:
    repository = asked.repository
    repository.pull(asked.number)
    event = asked.text("PullRequestReview", "event", default="PENDING")
    if event not in EVENTS:
        raise invalid("PullRequestReview", "event", "invalid")
    needed = None if event in ("COMMENT", "REQUEST_CHANGES") else ""
    body = asked.text("PullRequestReview", "body", default=needed)
    remarks = remarks_in(asked)
    commit = asked.text("PullRequestReview", "commit_id", default="")
    review = Remark(asked.number, body, {"state": event, "commit_id": commit})
    repository.reviews[review.id] = review
    target = f"{repository.full_name}#{asked.number}"
    asked.effect("review", target, id=review.id, event=event, body=body, comments=remarks)
    return JSONResponse(shown(asked, review))


def remarks_in(asked: Asked) -> list[dict[str, Any]]:
    """
    What the review says of single lines.

    Raises:
        RefusedError: 422 if one is of no line of a file that the pull request changes.
    """
    given = asked.fields.get("comments", [])
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise RefusedError(422, "Invalid request.\n\nFor 'comments', that is not an array.")
    changed = {one["filename"] for one in asked.repository.patches.get(asked.number, [])}
    for one in given:
        line, path, body = one.get("line"), one.get("path"), one.get("body")
        if not (isinstance(line, int) and line > 0 and isinstance(body, str) and body):
            raise invalid("PullRequestReviewComment", "line", "invalid")
        if changed and path not in changed:
            raise RefusedError(422, 'Unprocessable Entity: "Path could not be resolved"')
    return given


def shown(asked: Asked, review: Remark) -> dict[str, Any]:
    """A review as GitHub shows it."""
    seen = asked.shape.review_comment(review)
    address = str(asked.request.url.replace(path=f"/{asked.repository.full_name}", query=""))
    there = f"{address}/pull/{review.number}#pullrequestreview-{review.id}"
    return seen | {"html_url": there, "submitted_at": review.created_at}


def routes(endpoints: Endpoints) -> list[BaseRoute]:
    """The reviews of pull requests."""
    route, pull = endpoints.route, "/repos/{owner}/{repo}/pulls/{number:int}"
    return [
        route(f"{pull}/reviews", GET=list_reviews, POST=create_review),
    ]
