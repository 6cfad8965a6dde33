"""A probe passes only where the real calls of its group would be let in, and leaves nothing."""

import asyncio
import json
from collections.abc import AsyncIterator
from inspect import isawaitable
from typing import Any

import pytest
from apps import credentials_of, installed, new_key
from cryptography.hazmat.primitives.asymmetric import rsa
from pretend import Sandbox
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.clients.github import GithubClient
from activities.clients.github_session import Credentials
from activities.clients.linear import LinearClient
from activities.clients.slack import SlackClient
from activities.github import GithubActivities
from activities.linear import LinearActivities
from activities.slack import SlackActivities
from contexten.errors import (
    AuthenticationError,
    ClientError,
    FatalError,
    PlatformError,
    RateLimitedError,
    ServerError,
    TransientError,
)
from sandbox.tokens import GITHUB_TOKEN, LINEAR_TOKEN, SLACK_TOKEN

Client = GithubClient | LinearClient | SlackClient

TIMEOUT_S = 1.0
TOKENS = {"github": GITHUB_TOKEN, "linear": LINEAR_TOKEN, "slack": SLACK_TOKEN}
SAID = {
    ("github", "read"): "GET /user says that we are ",
    ("github", "write"): "POST /markdown rendered what we sent",
    ("github", "search"): "GET /search/issues answers, with 0 of at most 1 issue",
    ("linear", "read"): "viewer says that we are c0f1e2d3-",
    ("linear", "write"): "commentDelete refuses an unknown comment, as it must",
    ("linear", "search"): "searchIssues answers, with 0 of at most 1 issue",
    ("slack", "read"): "auth.test says that we are U0CONTEXTEN",
    ("slack", "write"): "chat.postMessage refuses an unknown channel, as it must",
    ("slack", "search"): "auth.test says that we are U0CONTEXTEN",
}
FAULTS: list[tuple[dict[str, Any], type[PlatformError]]] = [
    ({"kind": "status", "status": 500}, ServerError),
    ({"kind": "status", "status": 503}, ServerError),
    ({"kind": "status", "status": 429}, RateLimitedError),
    ({"kind": "status", "status": 401}, AuthenticationError),
    ({"kind": "status", "status": 403}, AuthenticationError),
    ({"kind": "status", "status": 400}, ClientError),
    ({"kind": "rate_limit"}, RateLimitedError),
    ({"kind": "rate_limit", "secondary": True}, RateLimitedError),
    ({"kind": "hang"}, TransientError),
    ({"kind": "latency", "least_seconds": 3}, TransientError),
    ({"kind": "slow", "seconds_per_byte": 0.5}, TransientError),
    ({"kind": "reset"}, TransientError),
    ({"kind": "truncated"}, TransientError),
    ({"kind": "lost_answer"}, TransientError),
    ({"kind": "html"}, ServerError),
    ({"kind": "garbage"}, TransientError),
    ({"kind": "redirect_loop"}, PlatformError),
]
every_probe = pytest.mark.parametrize(("platform", "group"), SAID)
every_platform = pytest.mark.parametrize("platform", TOKENS)


def connected(platform: str, url: str, token: str) -> Client:
    if platform == "github":
        return GithubClient(f"{url}/github", Credentials(token=token), TIMEOUT_S)
    if platform == "linear":
        return LinearClient(f"{url}/linear/graphql", token, TIMEOUT_S, 2, None)
    return SlackClient(f"{url}/slack/api/", token, TIMEOUT_S, 2)


async def closed(client: Client) -> None:
    left = client.close()
    if isawaitable(left):
        await left


async def probed(client: Client, group: str) -> str:
    said = client.probe(group)
    return await said if isawaitable(said) else said


@pytest.fixture
async def client(platform: str, sandbox: Sandbox) -> AsyncIterator[Client]:
    made = connected(platform, sandbox.url, TOKENS[platform])
    yield made
    await closed(made)


@every_probe
async def test_a_probe_of_a_healthy_platform_is_one_request_and_says_what_it_proved(
    platform: str, group: str, sandbox: Sandbox, client: Client
) -> None:
    said = await probed(client, group)

    assert said.startswith(SAID[platform, group])
    assert sandbox.calls(platform) == 1
    assert sandbox.effects() == []


@pytest.mark.parametrize(("fault", "expected"), FAULTS, ids=lambda v: str(v)[:60])
@every_probe
async def test_a_probe_fails_with_whatever_the_platform_fails_with(
    platform: str,
    group: str,
    fault: dict[str, Any],
    expected: type[PlatformError],
    sandbox: Sandbox,
    client: Client,
) -> None:
    sandbox.breaks(platform, **fault)

    with pytest.raises(PlatformError) as raised:
        await probed(client, group)

    assert isinstance(raised.value, expected)
    assert TOKENS[platform] not in str(raised.value)
    assert sandbox.struck() >= 1
    assert sandbox.effects() == []


@every_probe
async def test_a_probe_with_a_revoked_token_fails(
    platform: str, group: str, sandbox: Sandbox
) -> None:
    revoked = connected(platform, sandbox.url, "revoked")
    with pytest.raises(AuthenticationError):
        await probed(revoked, group)
    await closed(revoked)


@every_platform
async def test_a_probe_of_an_unknown_group_is_refused_unasked(
    platform: str, sandbox: Sandbox, client: Client
) -> None:
    with pytest.raises(ClientError, match="there is no probe of 'delete'"):
        await probed(client, "delete")

    assert sandbox.calls(platform) == 0


@every_platform
async def test_a_platform_that_healed_is_found_so_by_every_probe(
    platform: str, sandbox: Sandbox, client: Client
) -> None:
    sandbox.breaks(platform, "status", status=503)
    with pytest.raises(ServerError):
        await probed(client, "write")
    sandbox.heals()

    for group in ("read", "write", "search"):
        assert (await probed(client, group)).startswith(SAID[platform, group])


def test_the_activities_probe_and_tell_temporal_how_it_failed(sandbox: Sandbox) -> None:
    github, slack = (connected(p, sandbox.url, TOKENS[p]) for p in ("github", "slack"))
    linear = connected("linear", sandbox.url, "revoked")
    assert isinstance(github, GithubClient)
    assert isinstance(linear, LinearClient)
    assert isinstance(slack, SlackClient)
    environment = ActivityEnvironment()

    said = environment.run(GithubActivities(github).probe_group, "write")
    assert said == SAID["github", "write"]
    github.close()

    async def both() -> str:
        with pytest.raises((ApplicationError, AuthenticationError), match="authenticat"):
            await environment.run(LinearActivities(linear).probe_group, "read")
        await linear.close()
        said = await environment.run(SlackActivities(slack).probe_group, "write")
        await slack.close()
        return said

    assert asyncio.run(both()) == SAID["slack", "write"]


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return new_key()


def as_app(sandbox: Sandbox, key: rsa.RSAPrivateKey) -> GithubClient:
    return GithubClient(f"{sandbox.url}/github", credentials_of(key), TIMEOUT_S)


def test_an_app_reads_itself_and_writes_and_searches_with_one_token_of_an_installation(
    sandbox: Sandbox, key: rsa.RSAPrivateKey
) -> None:
    installed(sandbox, key)
    github = as_app(sandbox, key)

    said = [github.probe(group) for group in ("read", "write", "search", "write")]
    github.close()

    assert said[0] == "GET /app says that we are the App 4711"
    assert said[1:] == [SAID["github", g] for g in ("write", "search", "write")]
    assert sandbox.calls("github") == 4 + 2
    assert sandbox.effects() == []


def test_an_app_that_is_installed_nowhere_cannot_be_probed_for_writing(
    sandbox: Sandbox, key: rsa.RSAPrivateKey
) -> None:
    installed(sandbox, key, installations={})
    github = as_app(sandbox, key)

    with pytest.raises(FatalError, match="installed nowhere"):
        github.probe("write")
    github.close()


@pytest.mark.parametrize(("group", "fault"), [("read", "/app"), ("write", "/access_tokens")])
def test_an_app_whose_own_door_is_shut_fails_its_probe(
    group: str, fault: str, sandbox: Sandbox, key: rsa.RSAPrivateKey
) -> None:
    installed(sandbox, key)
    github = as_app(sandbox, key)
    sandbox.breaks("github", "status", status=500, match=fault)

    with pytest.raises(ServerError):
        github.probe(group)
    github.close()


async def written(platform: str, body: bytes) -> str:
    """What a probe of writing says to an answer of *body*."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if b"content-length" in line)
        await reader.readexactly(int(length.split(b":")[1]))
        lines = f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(b"HTTP/1.1 200 OK\r\n" + lines.encode() + body)
        writer.close()

    async def ask(url: str) -> str:
        client = connected(platform, url, "t")
        try:
            return await probed(client, "write")
        finally:
            await closed(client)

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return await asyncio.to_thread(asyncio.run, ask(url))


async def test_linear_may_also_call_an_unknown_comment_deleted_but_not_fail_to() -> None:
    said = [json.dumps({"data": {"done": {"success": well}}}).encode() for well in (True, False)]

    assert await written("linear", said[0]) == "commentDelete calls an unknown comment deleted"
    with pytest.raises(ClientError, match="did not do it"):
        await written("linear", said[1])
    with pytest.raises(TransientError):
        await written("linear", b'{"data": {}}')


@pytest.mark.parametrize(
    "body", ["", "{}", "<html><p>Back soon</p></html>", "contexten-probe", '"contexten-probe"']
)
async def test_github_must_really_render_what_it_is_sent(body: str) -> None:
    with pytest.raises(TransientError, match="was to render"):
        await written("github", body.encode())


async def test_slack_must_not_post_to_a_channel_that_cannot_be() -> None:
    with pytest.raises(TransientError):
        await written("slack", b'{"ok": true, "channel": "C1", "ts": "1700000001.000100"}')
    with pytest.raises(ClientError, match="is_archived"):
        await written("slack", b'{"ok": false, "error": "is_archived"}')
