"""Whatever goes wrong on the way to Slack arrives as one of our errors, and names no secret."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import aiohttp
import pytest
import slack_sdk.errors
from hypothesis import given
from hypothesis import strategies as st
from pretend import Sandbox

from activities.clients.pauses import LONGEST_PAUSE, SHORTEST_PAUSE
from activities.clients.slack import SlackClient
from activities.clients.slack_errors import kind_of, refused, told_in_our_terms
from activities.clients.slack_session import proxy_for
from contexten.effects import Effect
from contexten.errors import (
    UNSAID_PAUSE,
    AuthenticationError,
    ClientError,
    FatalError,
    PlatformError,
    RateLimitedError,
    ServerError,
    TransientError,
)
from contexten.slack import Message, Thread
from contexten.slack_errors import KINDS, NAMES
from sandbox.tokens import SLACK_TOKEN

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
MESSAGE = Message("C01", "x", Effect("a" * 32, NOW))
THREAD = Thread("C01", "1700000001.000100")


def client(sandbox: Sandbox, token: str | None = SLACK_TOKEN, **more: Any) -> SlackClient:
    how = {"timeout_s": 1, "connections": 5} | more
    return SlackClient(f"{sandbox.url}/slack/api/", token, **how)


@pytest.fixture
async def slack(sandbox: Sandbox) -> AsyncIterator[SlackClient]:
    made = client(sandbox)
    yield made
    await made.close()


FAULTS: list[tuple[dict[str, Any], type[PlatformError]]] = [
    ({"kind": "status", "status": 500}, ServerError),
    ({"kind": "status", "status": 502}, ServerError),
    ({"kind": "status", "status": 503}, ServerError),
    ({"kind": "status", "status": 504}, ServerError),
    ({"kind": "status", "status": 200}, ServerError),  # internal_error, as Slack words it
    ({"kind": "status", "status": 408}, TransientError),
    ({"kind": "status", "status": 429}, RateLimitedError),
    ({"kind": "status", "status": 400}, ClientError),
    ({"kind": "status", "status": 401}, AuthenticationError),
    ({"kind": "status", "status": 403}, AuthenticationError),
    ({"kind": "status", "status": 404}, FatalError),
    ({"kind": "status", "status": 302}, FatalError),  # says not where to
    ({"kind": "html"}, ServerError),
    ({"kind": "garbage"}, TransientError),
    ({"kind": "truncated"}, TransientError),
    ({"kind": "reset"}, TransientError),
    ({"kind": "lost_answer"}, TransientError),
    ({"kind": "hang"}, TransientError),
    ({"kind": "slow", "seconds_per_byte": 0.5}, TransientError),
    ({"kind": "latency", "least_seconds": 2}, TransientError),
    ({"kind": "redirect_loop"}, FatalError),
    ({"kind": "redirect_loop", "status": 307}, FatalError),
    ({"kind": "rate_limit"}, RateLimitedError),
    ({"kind": "rate_limit", "status": 200}, RateLimitedError),
]


@pytest.mark.parametrize(("fault", "expected"), FAULTS, ids=lambda v: str(v)[:60])
@pytest.mark.parametrize("match", ["conversations.history", "chat.postMessage"])
async def test_each_fault_has_its_error_whether_reading_or_writing(
    sandbox: Sandbox,
    slack: SlackClient,
    match: str,
    fault: dict[str, Any],
    expected: type[PlatformError],
) -> None:
    sandbox.breaks("slack", match=match, **fault)

    with pytest.raises(PlatformError) as raised:
        await slack.post_message(MESSAGE)

    assert type(raised.value) is expected
    assert raised.value.platform == "slack"
    assert raised.value.__cause__ is None
    assert SLACK_TOKEN not in str(raised.value)
    assert sandbox.struck() == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_and_says_what_to_check(
    sandbox: Sandbox, slack: SlackClient, status: int
) -> None:
    sandbox.breaks("slack", "redirect_loop", status=status)

    with pytest.raises(FatalError, match="SLACK_API_URL"):
        await slack.post_message(MESSAGE)

    assert sandbox.calls("slack") == 1


async def test_a_rate_limit_says_when_to_come_back(sandbox: Sandbox, slack: SlackClient) -> None:
    sandbox.breaks("slack", "rate_limit", retry_after_s=30)

    with pytest.raises(RateLimitedError, match="429: ratelimited") as raised:
        await slack.post_message(MESSAGE)

    assert raised.value.retry_after == timedelta(seconds=30)


@pytest.mark.parametrize(
    ("said", "pause"),
    [
        ("17", timedelta(seconds=17)),
        ("0", SHORTEST_PAUSE),
        ("-5", SHORTEST_PAUSE),
        ("86400", LONGEST_PAUSE),
        (format_datetime(NOW + timedelta(seconds=42), usegmt=True), timedelta(seconds=42)),
        ("banana", UNSAID_PAUSE),
        ("nan", UNSAID_PAUSE),
        ("", UNSAID_PAUSE),
        (None, UNSAID_PAUSE),
    ],
)
@pytest.mark.parametrize("status", [200, 429])
def test_the_pause_is_bounded_whatever_is_said(
    said: str | None, pause: timedelta, status: int
) -> None:
    headers = {} if said is None else {"retry-after": said}

    error = refused(status, headers, {"ok": False, "error": "ratelimited"}, NOW)

    assert (type(error), error.retry_after) == (RateLimitedError, pause)


@pytest.mark.parametrize("name", KINDS)
def test_each_documented_name_has_its_error(name: str) -> None:
    error = refused(200, {}, {"ok": False, "error": name}, NOW)

    assert type(error) is KINDS[name]
    assert str(error) == f"Slack answered 200: {name}"
    assert [kind for kind, names in NAMES.items() if name in names.split()] == [type(error)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("invalid_auth", AuthenticationError),
        ("token_revoked", AuthenticationError),
        ("missing_scope", AuthenticationError),
        ("channel_not_found", ClientError),
        ("is_archived", ClientError),
        ("ratelimited", RateLimitedError),
        ("service_unavailable", TransientError),
        ("internal_error", ServerError),
        ("fatal_error", ServerError),
        ("invented_tomorrow", ClientError),
    ],
)
def test_what_one_can_do_about_it_decides(name: str, expected: type[PlatformError]) -> None:
    assert kind_of(200, name) is expected


def test_a_missing_scope_is_named() -> None:
    said = {"ok": False, "error": "missing_scope", "needed": "chat:write", "provided": "x"}

    assert "the token needs chat:write" in str(refused(200, {}, said, NOW))


@given(
    st.integers(200, 599),
    st.dictionaries(st.just("retry-after"), st.text()),
    st.recursive(
        st.none() | st.text() | st.integers() | st.booleans(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["ok", "error", "needed", "response_metadata", "messages"]), inner
            )
        ),
    ),
)
def test_every_refusal_is_one_of_our_errors(
    status: int, headers: dict[str, str], data: Any
) -> None:
    error = refused(status, headers, data, NOW)

    assert isinstance(error, PlatformError)
    assert error.status == status
    assert len(str(error)) <= 300
    pause = error.retry_after
    assert pause is None or SHORTEST_PAUSE <= pause <= LONGEST_PAUSE


def exceptions_of(module: Any, of: type[Exception]) -> list[type[Exception]]:
    found = (getattr(module, name) for name in dir(module))
    return [c for c in found if isinstance(c, type) and issubclass(c, of)]


def raised_by(kind: type[Exception]) -> Exception:
    """An instance of *kind* whose text shows the token."""
    error = kind.__new__(kind, f"Authorization: Bearer {SLACK_TOKEN}")
    error.args = (f"Authorization: Bearer {SLACK_TOKEN}",)
    return error


@pytest.mark.parametrize(
    "kind",
    [
        *exceptions_of(aiohttp, aiohttp.ClientError),
        *(
            kind
            for kind in exceptions_of(slack_sdk.errors, slack_sdk.errors.SlackClientError)
            if not issubclass(kind, slack_sdk.errors.SlackApiError)
        ),
        ConnectionResetError,
        TimeoutError,
        BrokenPipeError,
        ValueError,
        KeyError,
        AssertionError,
        RuntimeError,
        RecursionError,
        OverflowError,
    ],
    ids=lambda kind: kind.__name__,
)
def test_everything_the_library_raises_is_told_without_its_text(kind: type[Exception]) -> None:
    with pytest.raises(PlatformError) as told, told_in_our_terms(NOW):
        raise raised_by(kind)

    assert SLACK_TOKEN not in str(told.value)
    assert told.value.__cause__ is None


def test_a_cancelled_call_is_not_mistaken_for_a_failure() -> None:
    with pytest.raises(asyncio.CancelledError), told_in_our_terms(NOW):
        raise asyncio.CancelledError


@pytest.mark.parametrize(
    "body", ["null", "[]", "{}", "5", '"x"', '{"ok": true}', '{"ok": true, "messages": [5]}', "{"]
)
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "text/html"])
async def test_an_answer_in_another_shape_is_transient(body: str, kind: str) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write((head + body).encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        slack = SlackClient(f"http://127.0.0.1:{port}/api/", SLACK_TOKEN, 2, 5)
        with pytest.raises(TransientError):
            await slack.read_replies(THREAD)
        await slack.close()


async def test_a_wrong_token_is_refused_and_not_shown(sandbox: Sandbox) -> None:
    slack = client(sandbox, "xoxb-wrong")
    with pytest.raises(AuthenticationError, match="invalid_auth") as raised:
        await slack.post_message(MESSAGE)
    await slack.close()

    assert "xoxb-wrong" not in str(raised.value)


@pytest.mark.parametrize("token", [None, "", "xoxb\nnewline", "xoxb\u2028separator", "xoxb-größe"])
async def test_without_a_token_that_can_be_sent_every_deed_is_fatal(
    sandbox: Sandbox, token: str | None
) -> None:
    slack = client(sandbox, token)
    with pytest.raises(FatalError, match="SLACK_BOT_TOKEN") as raised:
        await slack.post_message(MESSAGE)
    await slack.close()

    assert "xoxb" not in str(raised.value)
    assert sandbox.calls("slack") == 0


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/api/", "http://nowhere.invalid/api/"])
async def test_nobody_listening_is_transient(url: str) -> None:
    slack = SlackClient(url, SLACK_TOKEN, 1, 5)
    with pytest.raises(TransientError):
        await slack.post_message(MESSAGE)
    await slack.close()


@pytest.mark.parametrize("url", ["http://", "http://[::1/api/", "ftp://127.0.0.1/api/"])
async def test_an_address_that_is_none_is_fatal(url: str) -> None:
    slack = SlackClient(url, SLACK_TOKEN, 1, 5)
    with pytest.raises(FatalError, match="SLACK_API_URL"):
        await slack.post_message(MESSAGE)
    await slack.close()


async def test_an_address_without_the_api_is_fatal(sandbox: Sandbox) -> None:
    slack = SlackClient(f"{sandbox.url}/slack", SLACK_TOKEN, 1, 5)
    with pytest.raises(FatalError, match="SLACK_API_URL"):
        await slack.post_message(MESSAGE)
    await slack.close()


async def test_slow_bytes_give_the_connection_back(sandbox: Sandbox) -> None:
    slack = client(sandbox, connections=1)
    sandbox.breaks("slack", "slow", seconds_per_byte=0.5, count=1)
    with pytest.raises(TransientError, match="silent for too long"):
        await slack.post_message(MESSAGE)

    posted = await slack.post_message(MESSAGE)
    await slack.close()

    assert [effect["details"]["ts"] for effect in sandbox.effects()] == [posted.ts]


async def test_no_more_requests_are_under_way_than_there_are_connections(
    sandbox: Sandbox,
) -> None:
    slack = client(sandbox, connections=2, timeout_s=10)
    sandbox.breaks("slack", "latency", least_seconds=0.2, count=4)
    loop = asyncio.get_running_loop()
    begun = loop.time()

    await asyncio.gather(*(slack.read_user("U07ADA") for _ in range(4)))
    await slack.close()

    assert loop.time() - begun >= 0.4


async def test_a_cancelled_call_leaves_the_client_usable(sandbox: Sandbox) -> None:
    slack = client(sandbox, connections=1, timeout_s=10)
    sandbox.breaks("slack", "hang", count=1)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(slack.read_user("U07ADA"), 0.2)

    user = await slack.read_user("U07ADA")
    await slack.close()

    assert user.id == "U07ADA"


def test_the_environment_names_the_proxy_and_its_exceptions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert proxy_for("https://slack.com/api/") is None

    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "127.0.0.1,sandbox.example")

    assert proxy_for("https://slack.com/api/") == "http://proxy.example:3128"
    assert proxy_for("https://sandbox.example/slack/api/") is None
    assert proxy_for("http://127.0.0.1:8790/slack/api/") is None
