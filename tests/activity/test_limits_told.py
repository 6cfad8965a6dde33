"""Each client remembers what its platform last said of how much it still lets us ask."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from apps import credentials_of, installed, new_key
from hypothesis import given
from hypothesis import strategies as st
from pretend import Sandbox

from activities.clients.github import GithubClient
from activities.clients.github_session import Credentials
from activities.clients.limits_told import limits_told
from activities.clients.linear import LinearClient
from activities.clients.slack import SlackClient
from contexten.errors import PlatformError
from contexten.limits import Limits, tightest
from sandbox.tokens import GITHUB_TOKEN, LINEAR_TOKEN, SLACK_TOKEN

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def github(sandbox: Sandbox) -> Iterator[GithubClient]:
    client = GithubClient(f"{sandbox.url}/github", Credentials(token=GITHUB_TOKEN), 1)
    yield client
    client.close()


@pytest.fixture
async def linear(sandbox: Sandbox) -> AsyncIterator[LinearClient]:
    client = LinearClient(f"{sandbox.url}/linear/graphql", LINEAR_TOKEN, 1, 2, None)
    yield client
    await client.close()


def is_in_an_hour(limits: Limits) -> bool:
    return abs(limits.resets_at - limits.asked_at - timedelta(hours=1)) < timedelta(seconds=5)


def test_github_tells_what_is_left_with_every_answer(github: GithubClient) -> None:
    assert github.limits() is None

    github.probe("read")

    limits = github.limits()
    assert limits is not None
    assert (limits.remaining, limits.limit) == (4999, 5000)
    assert is_in_an_hour(limits)


def test_what_github_says_of_searches_is_not_taken_for_the_whole(github: GithubClient) -> None:
    github.probe("search")

    assert github.limits() is None


def test_an_apps_own_limit_is_not_taken_for_that_of_its_installations(sandbox: Sandbox) -> None:
    key = new_key()
    installed(sandbox, key)
    github = GithubClient(f"{sandbox.url}/github", credentials_of(key), 2)

    github.probe("read")
    assert github.limits() is None

    github.probe("write")
    github.close()
    assert github.limits() is not None


def test_a_refusal_tells_it_too_and_silence_leaves_it_as_it_was(
    sandbox: Sandbox, github: GithubClient
) -> None:
    sandbox.breaks("github", "rate_limit", retry_after_s=60, count=1)
    with pytest.raises(PlatformError):
        github.probe("read")
    limits = github.limits()
    sandbox.breaks("github", "reset", count=1)
    with pytest.raises(PlatformError):
        github.probe("read")

    assert limits is not None
    assert limits.remaining == 0
    assert github.limits() is limits


async def test_of_linears_two_limits_the_nearer_is_remembered(
    sandbox: Sandbox, linear: LinearClient
) -> None:
    await linear.probe("read")
    limits = linear.limits()
    assert limits is not None
    assert (limits.remaining, limits.limit) == (1499, 1500)
    assert is_in_an_hour(limits)

    sandbox.breaks("linear", "rate_limit")
    with pytest.raises(PlatformError):
        await linear.probe("read")
    limits = linear.limits()
    assert limits is not None
    assert limits.remaining == 0


async def test_slack_tells_of_no_limit(sandbox: Sandbox) -> None:
    slack = SlackClient(f"{sandbox.url}/slack/api/", SLACK_TOKEN, 1, 2)
    await slack.probe("read")
    await slack.close()

    assert slack.limits() is None


@given(st.dictionaries(st.sampled_from(["x-remaining", "x-limit", "x-reset"]), st.text()))
def test_headers_that_say_anything_do_no_harm(headers: dict[str, str]) -> None:
    told = limits_told(headers, "x-", NOW)

    assert told is None or 0 <= told.remaining <= told.limit


@pytest.mark.parametrize("odd", ["", "x", "nan", "inf", "1e300", "-1e300", "9" * 400])
@pytest.mark.parametrize("name", ["remaining", "limit", "reset"])
def test_a_number_that_is_none_is_no_limit_or_one_within_bounds(name: str, odd: str) -> None:
    headers = {"x-remaining": "3", "x-limit": "5", "x-reset": "1767268800", f"x-{name}": odd}

    told = limits_told(headers, "x-", NOW)

    assert told is None or 0 <= told.remaining <= told.limit


def test_after_the_reset_all_of_it_is_left() -> None:
    told = Limits(2, 100, NOW + timedelta(minutes=1), NOW)

    assert told.share == 0.02
    assert told.left(NOW) == 2
    assert told.left(NOW + timedelta(minutes=1)) == 100


def test_the_tightest_is_the_one_of_which_the_least_part_is_left() -> None:
    many, few = Limits(900, 1000, NOW, NOW), Limits(800, 250_000, NOW, NOW)

    assert tightest([many, few]) is few
    assert tightest([]) is None
