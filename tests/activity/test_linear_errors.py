"""Whatever goes wrong on the way to Linear arrives as one of our errors, and names no secret."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pretend import Sandbox
from waiting import until

from activities.clients.http import LARGEST_ANSWER_BYTES
from activities.clients.linear import LinearClient
from contexten.effects import Effect
from contexten.errors import (
    AuthenticationError,
    ClientError,
    FatalError,
    PlatformError,
    RateLimitedError,
    ServerError,
    TransientError,
)
from contexten.linear import Comment, IssueChange, NewWebhook, StatesOf, Target
from sandbox.tokens import LINEAR_TOKEN

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
TICKET = "7c9d1e3f-5a7b-4c8d-8e0f-4a6b8c0d2e3f"
TIMEOUT_S = 1.0


def client(url: str, token: str | None = LINEAR_TOKEN, connections: int = 4) -> LinearClient:
    return LinearClient(url, token, TIMEOUT_S, connections, "ENG")


@pytest.fixture
async def linear(sandbox: Sandbox) -> AsyncIterator[LinearClient]:
    made = client(f"{sandbox.url}/linear/graphql")
    yield made
    await made.close()


def comment(body: str = "x", key: str = "a" * 32) -> Comment:
    return Comment(TICKET, body, Effect(key, NOW))


async def fails(deed: Any, expected: type[PlatformError]) -> PlatformError:
    """The error that *deed* fails with, which must be of the *expected* kind and tell no secret."""
    with pytest.raises(PlatformError) as raised:
        await deed
    assert type(raised.value) is expected, raised.value
    assert raised.value.platform == "linear"
    assert raised.value.__cause__ is None
    assert LINEAR_TOKEN not in str(raised.value)
    return raised.value


FAULTS: list[tuple[dict[str, Any], type[PlatformError]]] = [
    *(({"kind": "status", "status": status}, ServerError) for status in (500, 502, 503, 504)),
    ({"kind": "status", "status": 429}, RateLimitedError),
    ({"kind": "status", "status": 401}, AuthenticationError),
    ({"kind": "status", "status": 403}, AuthenticationError),
    ({"kind": "status", "status": 400}, ClientError),
    ({"kind": "status", "status": 404}, ClientError),
    ({"kind": "status", "status": 200}, ClientError),
    ({"kind": "status", "status": 307}, FatalError),
    ({"kind": "redirect_loop"}, FatalError),
    ({"kind": "html"}, ServerError),
    ({"kind": "garbage"}, TransientError),
    ({"kind": "truncated"}, TransientError),
    ({"kind": "reset"}, TransientError),
    ({"kind": "lost_answer"}, TransientError),
    ({"kind": "hang"}, TransientError),
    ({"kind": "slow"}, TransientError),
    ({"kind": "rate_limit"}, RateLimitedError),
    ({"kind": "rate_limit", "status": 429}, RateLimitedError),
]


@pytest.mark.parametrize(("fault", "expected"), FAULTS, ids=lambda v: str(v)[:60])
@pytest.mark.parametrize("operation", ["CommentCreate", "Teams"])
async def test_each_fault_has_its_error_whether_reading_or_writing(
    sandbox: Sandbox,
    linear: LinearClient,
    operation: str,
    fault: dict[str, Any],
    expected: type[PlatformError],
) -> None:
    sandbox.breaks("linear", match=operation, **fault)
    writing = operation == "CommentCreate"

    deed = linear.post_comment(comment()) if writing else linear.list_teams()
    error = await fails(deed, expected)

    assert expected is not FatalError or "check LINEAR_API_URL" in str(error)
    assert sandbox.struck() == 1
    assert sandbox.calls("linear") == (2 if writing and expected is ClientError else 1)


@pytest.mark.parametrize("status", [400, 429])
async def test_a_rate_limit_says_when_to_come_back(
    sandbox: Sandbox, linear: LinearClient, status: int
) -> None:
    sandbox.breaks("linear", "rate_limit", status=status, retry_after_s=30)

    error = await fails(linear.post_comment(comment()), RateLimitedError)

    assert error.status == status
    assert error.retry_after is not None
    assert timedelta(seconds=28) <= error.retry_after <= timedelta(seconds=31)


async def test_a_drip_of_bytes_does_not_hold_a_slot(sandbox: Sandbox) -> None:
    linear = client(f"{sandbox.url}/linear/graphql", connections=1)
    sandbox.breaks("linear", "slow", seconds_per_byte=0.3, count=1)
    began = asyncio.get_running_loop().time()

    await fails(linear.list_teams(), TransientError)

    assert asyncio.get_running_loop().time() - began < TIMEOUT_S + 1
    assert len(await linear.list_teams()) == 2
    await linear.close()


async def test_who_waits_in_vain_for_a_connection_is_told_in_time(sandbox: Sandbox) -> None:
    linear = client(f"{sandbox.url}/linear/graphql", connections=1)
    sandbox.breaks("linear", "hang")
    began = asyncio.get_running_loop().time()

    both = await asyncio.gather(linear.list_teams(), linear.list_teams(), return_exceptions=True)

    assert [type(error) for error in both] == [TransientError, TransientError]
    assert asyncio.get_running_loop().time() - began < TIMEOUT_S + 1
    await linear.close()


async def test_a_cancelled_deed_ends_at_once_and_leaves_no_connection(sandbox: Sandbox) -> None:
    linear = client(f"{sandbox.url}/linear/graphql", connections=1)
    sandbox.breaks("linear", "hang", count=1)
    deed = asyncio.create_task(linear.list_teams())
    await until(lambda: asyncio.to_thread(sandbox.struck))

    deed.cancel()
    with pytest.raises(asyncio.CancelledError):
        await deed

    assert len(await linear.list_teams()) == 2
    await linear.close()


@asynccontextmanager
async def answering(
    body: bytes, status: str = "200 OK", headers: str = ""
) -> AsyncIterator[LinearClient]:
    """A client of a server that gives this answer, whatever is asked."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if b"content-length" in line)
        await reader.readexactly(int(length.split(b":")[1]))
        lines = f"HTTP/1.1 {status}\r\n{headers}content-length: {len(body)}\r\n"
        writer.write(lines.encode() + b"connection: close\r\n\r\n" + body)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    made = client(f"http://127.0.0.1:{port}/graphql")
    try:
        yield made
    finally:
        await made.close()
        server.close()
        await server.wait_closed()


def errors(message: str = "x", **extensions: Any) -> bytes:
    return json.dumps({"errors": [{"message": message, "extensions": extensions}]}).encode()


ISSUE = {"id": "1", "identifier": "ENG-1", "title": "t", "url": "u"}
PARTIAL = json.dumps({"data": {"thing": ISSUE}, "errors": [{"message": "x"}]}).encode()
SAID: list[tuple[type[PlatformError], str]] = [
    (AuthenticationError, "authentication error, forbidden, feature not accessible"),
    (ClientError, "invalid input, user error, graphql error, usage limit exceeded"),
    (ServerError, "internal error, bootstrap error"),
    (TransientError, "lock timeout, network error"),
    (RateLimitedError, "ratelimited"),
]
CODED: list[tuple[type[PlatformError], str]] = [
    (AuthenticationError, "AUTHENTICATION_ERROR, FORBIDDEN"),
    (ClientError, "INPUT_ERROR, INVALID_INPUT, BAD_USER_INPUT, GRAPHQL_VALIDATION_FAILED"),
    (ServerError, "INTERNAL_SERVER_ERROR"),
    (RateLimitedError, "RATELIMITED, RATE_LIMITED"),
]
ODD: list[tuple[bytes, str, type[PlatformError]]] = [
    *((errors(type=t), "200", kind) for kind, types in SAID for t in types.split(", ")),
    *((errors(code=c), "400", kind) for kind, codes in CODED for c in codes.split(", ")),
    (errors(type="other", userError=True), "200", ClientError),
    (errors(type="unknown", statusCode=404), "200", ClientError),
    (errors(type="other", statusCode=503), "200", ServerError),
    (errors(), "200", ServerError),
    (errors(), "400", ClientError),
    (b'{"errors": ["x"], "data": {}}', "200", ServerError),
    (b'{"errors": "x"}', "200", ServerError),
    (PARTIAL, "200", ServerError),
    (b"<html>Welcome</html>", "200", ServerError),
    *((b, "200", TransientError) for b in (b"", b"{", b"null", b"[]", b"5", b"[" * 100_000)),
    *((b'{"data": %b}' % b, "200", TransientError) for b in (b"null", b"[]", b"{}")),
    (b'{"data": {"thing": null}}', "200", TransientError),
    (json.dumps({"data": {"thing": ISSUE}}).encode(), "200", TransientError),
    (b" " * (LARGEST_ANSWER_BYTES + 1), "200", TransientError),
    (b"", "401", AuthenticationError),
    (b"no", "403", AuthenticationError),
    (b"<html>no</html>", "404", FatalError),
    (b"", "405", FatalError),
    (b"", "408", TransientError),
    (b"", "413", ClientError),
    (b"slow down", "429", RateLimitedError),
    (b"<html>no</html>", "503", ServerError),
    (b"null", "500", ServerError),
]


@pytest.mark.parametrize(("body", "status", "expected"), ODD, ids=lambda v: str(v)[:80])
async def test_each_answer_that_is_none_has_its_error(
    body: bytes, status: str, expected: type[PlatformError]
) -> None:
    async with answering(body, f"{status} X") as linear:
        await fails(linear.read_issue(Target(TICKET)), expected)


async def test_a_mutation_that_was_not_done_is_a_client_error() -> None:
    body = b'{"data": {"done": {"success": false, "thing": {"id": "1", "url": "u"}}}}'
    async with answering(body) as linear:
        error = await fails(linear.update_issue(IssueChange(TICKET, title="t")), ClientError)

    assert "did not do it" in str(error)


async def test_what_linear_says_to_people_is_said_and_no_more_than_300_characters() -> None:
    body = errors("Argument Validation Error", userPresentableMessage="title\nis " + "x" * 400)
    async with answering(body, "400 X") as linear:
        error = await fails(linear.list_teams(), ClientError)

    assert str(error).startswith("Linear answered 400: Argument Validation Error; title is xxx")
    assert len(str(error)) == 300


async def test_an_answer_that_is_not_gzip_as_it_claims_is_transient() -> None:
    async with answering(b"not gzip", headers="content-encoding: gzip\r\n") as linear:
        await fails(linear.list_teams(), TransientError)


async def test_a_list_without_end_is_not_read_without_end() -> None:
    page = {"nodes": [], "pageInfo": {"hasNextPage": True, "endCursor": "x"}}
    async with answering(json.dumps({"data": {"page": page}}).encode()) as linear:
        assert await linear.list_workflow_states(StatesOf()) == ()


async def test_a_wrong_token_is_refused_and_not_shown(sandbox: Sandbox) -> None:
    for token in ("wrong-token-1", "lin_api_wrong-token-2"):
        linear = client(f"{sandbox.url}/linear/graphql", token)
        error = await fails(linear.list_teams(), AuthenticationError)
        await linear.close()
        assert token not in str(error)
        assert error.status == 401


@pytest.mark.parametrize("token", ["tok_a\nnewline", "tok_a\u2028separator", "tok_a_Schlüssel€"])
async def test_a_token_that_no_header_can_carry_is_fatal_and_not_shown(
    sandbox: Sandbox, token: str
) -> None:
    linear = client(f"{sandbox.url}/linear/graphql", token)
    error = await fails(linear.list_teams(), FatalError)
    await linear.close()

    assert "tok_a" not in str(error)
    assert sandbox.calls("linear") == 0


@pytest.mark.parametrize("token", [None, ""])
async def test_without_a_token_every_deed_is_fatal_and_says_what_to_set(
    sandbox: Sandbox, token: str | None
) -> None:
    linear = client(f"{sandbox.url}/linear/graphql", token)

    for deed in (linear.list_teams(), linear.post_comment(comment())):
        error = await fails(deed, FatalError)
        assert "LINEAR_ACCESS_TOKEN" in str(error)
    assert sandbox.calls("linear") == 0


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:9/graphql", TransientError),
        ("ftp://127.0.0.1/graphql", FatalError),
        ("https:///graphql", FatalError),
    ],
)
async def test_an_address_where_no_linear_is_has_its_error(
    url: str, expected: type[PlatformError]
) -> None:
    linear = client(url)
    error = await fails(linear.list_teams(), expected)
    await linear.close()

    assert expected is TransientError or "LINEAR_API_URL" in str(error)


async def test_an_address_beside_linears_is_fatal(sandbox: Sandbox) -> None:
    linear = client(f"{sandbox.url}/linear/grafql")
    error = await fails(linear.list_teams(), FatalError)
    await linear.close()

    assert "check LINEAR_API_URL" in str(error)


@pytest.mark.parametrize(
    ("url", "types"), [("http://us.example/x", ("Issue",)), ("https://us.example/x", ("Nonsense",))]
)
async def test_a_webhook_linear_does_not_take_is_a_client_error(
    linear: LinearClient, url: str, types: tuple[str, ...]
) -> None:
    webhook = NewWebhook(url, types, "contexten", None, Effect("a" * 32, NOW))

    await fails(linear.register_webhook(webhook), ClientError)


async def test_fifty_calls_at_once_do_not_mix_up_their_answers(
    sandbox: Sandbox, linear: LinearClient
) -> None:
    made = [comment(f"body {n}", f"{n:032x}") for n in range(50)]

    posted = await asyncio.gather(*(linear.post_comment(one) for one in made))

    bodies = {e["details"]["id"]: e["details"]["body"] for e in sandbox.effects("comment")}
    assert [bodies[one.id] for one in posted] == [one.body for one in made]
