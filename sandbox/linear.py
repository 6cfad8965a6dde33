"""
Linear's GraphQL API, as strict about tokens, documents and fields as the real one is seen to be.

OAuth tokens are taken as ``Bearer``, API keys (``lin_api_…``) bare, and not the other way
round. What exists is said in ``sandbox.linear_state``.
"""

import json
import secrets
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from graphql import DocumentNode, ExecutionResult, GraphQLError, execute, parse, validate
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.linear_refused import answer, malformed, refusal, unauthenticated
from sandbox.linear_resolvers import ROOT, Asked
from sandbox.linear_schema import SCHEMA
from sandbox.linear_state import LinearState, Record, Team
from sandbox.tokens import LINEAR_API_KEY
from sandbox.world import World

LIMITS = {"requests": 1500, "complexity": 250_000}


@dataclass(slots=True)
class Linear:
    """Linear as a whole: what stands there, and where it is written down."""

    world: World
    state: LinearState = field(default_factory=LinearState)

    def enter(self, authorization: str) -> None:
        """
        Let in who has our token or our API key.

        Raises:
            GraphQLError: For everybody else.
        """
        if authorization == f"Bearer {LINEAR_API_KEY}":
            told = "This is an API key: send it without Bearer."
            raise unauthenticated(told)
        token = self.world.tokens["linear"]
        if authorization not in (LINEAR_API_KEY, f"Bearer {token}"):
            raise unauthenticated()

    async def answered(self, request: Request) -> Response:
        """The answer to one request, and never anything else than Linear's shapes."""
        try:
            self.enter(request.headers.get("authorization", ""))
        except GraphQLError as refused:
            return answer(401, refused)
        try:
            given = await body_of(request)
            document = document_of(given["query"])
        except GraphQLError as refused:
            return answer(400, refused)
        wrong = validate(SCHEMA, document)
        if wrong:
            return answer(400, *(malformed(error.message) for error in wrong))
        return self._executed(given, document, f"{request.base_url}linear")

    def _executed(self, given: dict[str, Any], document: DocumentNode, base: str) -> Response:
        result = execute(
            SCHEMA,
            document,
            root_value=ROOT,
            context_value=Asked(self.world, self.state, base),
            variable_values=given.get("variables") or {},
            operation_name=given.get("operationName"),
        )
        assert isinstance(result, ExecutionResult)
        errors = result.errors or []
        if errors and all(error.path is None for error in errors):
            return answer(400, *(malformed(e.message, "BAD_USER_INPUT") for e in errors))
        shown: dict[str, Any] = {"data": result.data}
        if errors:
            shown["errors"] = [worded(error).formatted for error in errors]
        return JSONResponse(shown)


def worded(error: GraphQLError) -> GraphQLError:
    """*error* with the extensions Linear gives to what it did not expect."""
    if error.extensions:
        return error
    kind, code = "internal error", "INTERNAL_SERVER_ERROR"
    return refusal(error.message, "Internal server error", kind=kind, code=code, status=500)


async def body_of(request: Request) -> dict[str, Any]:
    """
    The GraphQL request in the body.

    Raises:
        GraphQLError: If it is none, or not sent as JSON.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise malformed("Content-Type must be application/json", "BAD_REQUEST")
    try:
        given = json.loads(await request.body())
    except ValueError:
        raise malformed("The body is no JSON", "BAD_REQUEST") from None
    if not isinstance(given, dict) or not isinstance(given.get("query"), str):
        raise malformed("The body has no query", "BAD_REQUEST")
    if not isinstance(given.get("variables"), dict | None):
        raise malformed("variables must be an object", "BAD_REQUEST")
    return given


def document_of(query: str) -> DocumentNode:
    """
    The document in *query*.

    Raises:
        GraphQLError: If it cannot be parsed.
    """
    try:
        return parse(query)
    except GraphQLError as error:
        raise malformed(error.message, "GRAPHQL_PARSE_FAILED") from None


def limits() -> dict[str, str]:
    """The headers every answer carries. The sandbox never runs out unless a fault says so."""
    reset = str(int((time.time() + 3600) * 1000))
    headers = {"x-request-id": secrets.token_hex(8), "x-complexity": "1"}
    for name, limit in LIMITS.items():
        headers[f"x-ratelimit-{name}-limit"] = str(limit)
        headers[f"x-ratelimit-{name}-remaining"] = str(limit - 1)
        headers[f"x-ratelimit-{name}-reset"] = reset
    return headers


def linear_of(world: World) -> Linear:
    """The one Linear of *world*."""
    linear: Linear = world.platforms.setdefault("linear", Linear(world))
    return linear


def routes(world: World) -> list[BaseRoute]:
    """The API, to be mounted under ``/linear``."""
    linear = linear_of(world)

    async def endpoint(request: Request) -> Response:
        answered = await linear.answered(request)
        answered.headers.update(limits())
        return answered

    return [Route("/graphql", endpoint, methods=["POST"])]


def control(world: World) -> list[BaseRoute]:
    """What a test arranges: ``POST /_linear/teams``, ``…/users``, ``…/comments``."""
    linear = linear_of(world)

    async def add_team(request: Request) -> Response:
        said = await request.json()
        team = Team(said["key"], said["name"])
        linear.state.teams.append(team)
        return JSONResponse({"id": team.id}, status_code=201)

    async def put_user(request: Request) -> Response:
        said = await request.json()
        linear.state.users[said["id"]] = said
        return Response(status_code=204)

    async def add_comment(request: Request) -> Response:
        said = await request.json()
        issue, id_ = linear.state.issue(said["issueId"]), str(uuid.uuid4())
        linear.state.comments[id_] = Record(id_, said, issue)
        return JSONResponse({"id": id_}, status_code=201)

    return [
        Route("/_linear/teams", add_team, methods=["POST"]),
        Route("/_linear/users", put_user, methods=["PUT"]),
        Route("/_linear/comments", add_comment, methods=["POST"]),
    ]
