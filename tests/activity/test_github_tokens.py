"""A token of our App that is refused is waited for, replaced or given up, as the case may be."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from apps import credentials_of, installed, new_key
from cryptography.hazmat.primitives.asymmetric import rsa
from pretend import Sandbox

from activities.clients.github import GithubClient
from activities.clients.github_tokens import lifetime_of
from contexten.errors import AuthenticationError, ClientError, TransientError
from contexten.github import Target

PULL = Target("octo/hello", 12)
FIRST_READ, READ, RENEWED_READ = 3, 1, 2


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def passes(self, **more: float) -> None:
        self.now += timedelta(**more).total_seconds()


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return new_key()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def github(sandbox: Sandbox, key: rsa.RSAPrivateKey, clock: Clock) -> Iterator[GithubClient]:
    installed(sandbox, key)
    client = GithubClient(f"{sandbox.url}/github", credentials_of(key), 2, clock)
    yield client
    client.close()


@pytest.fixture
def calls_made(sandbox: Sandbox, github: GithubClient) -> Callable[[], int]:
    """Read a pull request; how many calls that took."""

    def read() -> int:
        before = sandbox.calls("github")
        github.read_pull_request(PULL)
        return sandbox.calls("github") - before

    return read


def refuses(sandbox: Sandbox, status: int, count: int = 1) -> None:
    sandbox.breaks("github", "status", status=status, match="/pulls/", count=count)


def test_a_token_is_renewed_minutes_before_it_expires(
    clock: Clock, calls_made: Callable[[], int]
) -> None:
    assert calls_made() == FIRST_READ
    clock.passes(minutes=54)
    assert calls_made() == READ
    clock.passes(minutes=2)

    assert calls_made() == RENEWED_READ
    assert calls_made() == READ


def test_a_token_that_lives_for_seconds_is_used_for_half_of_them(
    sandbox: Sandbox, key: rsa.RSAPrivateKey, clock: Clock, calls_made: Callable[[], int]
) -> None:
    installed(sandbox, key, token_lifetime_s=60)
    calls_made()
    clock.passes(seconds=28)
    assert calls_made() == READ
    clock.passes(seconds=3)

    assert calls_made() == RENEWED_READ


def test_a_lifetime_does_not_depend_on_our_own_clock() -> None:
    long_ago = datetime(2020, 1, 1, 12, tzinfo=UTC)
    headers = {"date": format_datetime(long_ago, usegmt=True)}

    assert lifetime_of("2020-01-01T13:00:00Z", headers) == timedelta(hours=1)


@pytest.mark.parametrize("headers", [{}, {"date": "banana"}, {"date": ""}], ids=str)
def test_a_lifetime_is_taken_from_our_clock_where_github_says_no_time(
    headers: dict[str, str],
) -> None:
    in_an_hour = (datetime.now(UTC) + timedelta(hours=1)).isoformat()

    assert abs(lifetime_of(in_an_hour, headers) - timedelta(hours=1)) < timedelta(minutes=1)


@pytest.mark.parametrize("status", [401, 403])
def test_a_new_token_that_is_refused_is_waited_for(
    sandbox: Sandbox, github: GithubClient, calls_made: Callable[[], int], status: int
) -> None:
    refuses(sandbox, status)
    with pytest.raises(TransientError, match=str(status)) as raised:
        github.read_pull_request(PULL)

    assert raised.value.retry_after == timedelta(seconds=5)
    assert calls_made() == READ


def test_what_a_new_token_does_not_find_may_be_found_later(
    github: GithubClient, clock: Clock
) -> None:
    missing = Target("octo/hello", 900_000)
    with pytest.raises(TransientError, match="404"):
        github.read_pull_request(missing)
    clock.passes(seconds=11)

    with pytest.raises(ClientError, match="404"):
        github.read_pull_request(missing)


def test_what_an_older_token_may_not_do_is_final(
    sandbox: Sandbox, github: GithubClient, clock: Clock, calls_made: Callable[[], int]
) -> None:
    calls_made()
    clock.passes(seconds=11)
    refuses(sandbox, 403)

    with pytest.raises(AuthenticationError, match="403"):
        github.read_pull_request(PULL)


def test_a_token_that_was_revoked_is_replaced(
    sandbox: Sandbox, github: GithubClient, clock: Clock, calls_made: Callable[[], int]
) -> None:
    calls_made()
    clock.passes(seconds=11)
    refuses(sandbox, 401)
    with pytest.raises(TransientError):
        github.read_pull_request(PULL)

    assert calls_made() == FIRST_READ


def test_a_token_that_was_never_let_in_is_given_up_after_a_minute(
    sandbox: Sandbox, github: GithubClient, clock: Clock
) -> None:
    refuses(sandbox, 401, count=20)
    for _ in range(5):
        with pytest.raises(TransientError):
            github.read_pull_request(PULL)
        clock.passes(seconds=11)
    clock.passes(seconds=11)

    with pytest.raises(AuthenticationError, match="401"):
        github.read_pull_request(PULL)


@pytest.mark.parametrize("minutes", [1, 56])
def test_an_app_that_was_installed_anew_is_found_by_the_next_attempt(
    sandbox: Sandbox,
    github: GithubClient,
    key: rsa.RSAPrivateKey,
    clock: Clock,
    calls_made: Callable[[], int],
    minutes: int,
) -> None:
    calls_made()
    github.read_pull_request(Target("octo/other", 12))
    installed(sandbox, key, installations={"99": "octo"})
    clock.passes(minutes=minutes)
    with pytest.raises(TransientError) as raised:
        github.read_pull_request(PULL)

    assert raised.value.retry_after == timedelta(seconds=5)
    github.read_pull_request(Target("octo/other", 12))
    assert calls_made() == RENEWED_READ


def test_where_we_are_installed_no_more_is_final_once_it_was_looked_up(
    sandbox: Sandbox,
    github: GithubClient,
    key: rsa.RSAPrivateKey,
    clock: Clock,
    calls_made: Callable[[], int],
) -> None:
    calls_made()
    installed(sandbox, key, installations={})
    clock.passes(minutes=1)
    with pytest.raises(TransientError, match="401"):
        github.read_pull_request(PULL)

    with pytest.raises(ClientError, match="404"):
        github.read_pull_request(PULL)


def test_ten_threads_that_are_refused_get_one_new_token(
    sandbox: Sandbox, github: GithubClient, clock: Clock, calls_made: Callable[[], int]
) -> None:
    calls_made()
    clock.passes(seconds=11)
    refuses(sandbox, 401, count=10)

    def refused(_: int) -> bool:
        with pytest.raises(TransientError):
            github.read_pull_request(PULL)
        return True

    with ThreadPoolExecutor(10) as pool:
        assert all(pool.map(refused, range(10)))

    sandbox.heals()
    before = sandbox.calls("github")
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(github.read_pull_request, [PULL] * 10))
    assert sandbox.calls("github") - before <= 10 + 2
