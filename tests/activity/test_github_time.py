"""A deed on GitHub ends in time: each request, the wait for a token, and all of it together."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from apps import credentials_of, installed, new_key
from pretend import Sandbox
from temporalio.testing import ActivityEnvironment

from activities.clients.github import GithubClient
from activities.clients.github_session import Credentials
from activities.github import GithubActivities
from contexten.effects import Effect
from contexten.errors import TransientError
from contexten.github import Comment, Target
from sandbox.tokens import GITHUB_TOKEN

PULL = Target("octo/hello", 12)
COMMENT = Comment("octo/hello", 12, "x", Effect("a" * 32, datetime.now(UTC) - timedelta(hours=1)))
COMMENTS = "/repos/octo/hello/issues/12/comments"


@pytest.fixture
def github(sandbox: Sandbox) -> Iterator[GithubClient]:
    client = GithubClient(f"{sandbox.url}/github", Credentials(token=GITHUB_TOKEN), timeout_s=1)
    yield client
    client.close()


@contextmanager
def ends_within(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


def fill(sandbox: Sandbox, pages: int) -> None:
    """Comments on the issue, enough for so many pages."""
    with httpx.Client(headers={"authorization": f"Bearer {GITHUB_TOKEN}"}) as http:
        for number in range((pages - 1) * 100 + 1):
            url = f"{sandbox.url}/github{COMMENTS}"
            http.post(url, json={"body": f"Comment {number}"}).raise_for_status()


def test_an_answer_that_drips_is_given_up_in_time(sandbox: Sandbox, github: GithubClient) -> None:
    sandbox.breaks("github", "slow", seconds_per_byte=0.1, count=1)

    with ends_within(2.5), pytest.raises(TransientError):
        github.read_pull_request(PULL)

    assert github.read_pull_request(PULL).number == 12


@pytest.fixture
def dripping() -> Iterator[str]:
    """The address of a server that says a header byte by byte, without end."""
    over = threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        caller, _ = listening.accept()
        with caller, suppress(OSError):
            caller.sendall(b"HTTP/1.1 200 OK\r\nx-header: ")
            while not over.wait(0.1):
                caller.sendall(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    over.set()
    thread.join()
    listening.close()


def test_a_header_that_drips_is_given_up_in_time(dripping: str) -> None:
    github = GithubClient(dripping, Credentials(token="t"), timeout_s=1)

    with ends_within(2.5), pytest.raises(TransientError, match="silent for too long"):
        github.read_pull_request(PULL)
    github.close()


def test_a_timeout_may_be_less_than_a_second(sandbox: Sandbox) -> None:
    github = GithubClient(f"{sandbox.url}/github", Credentials(token=GITHUB_TOKEN), timeout_s=0.2)
    sandbox.breaks("github", "hang", count=1)

    with ends_within(0.9), pytest.raises(TransientError, match="silent for too long"):
        github.read_pull_request(PULL)
    github.close()


def test_an_answer_that_is_still_being_made_is_not_waited_for(
    sandbox: Sandbox, github: GithubClient
) -> None:
    sandbox.breaks("github", "status", status=202)

    with ends_within(1), pytest.raises(TransientError, match="202"):
        github.read_pull_request(PULL)
    assert sandbox.struck() == 1


def test_all_requests_together_end_in_time(sandbox: Sandbox, github: GithubClient) -> None:
    fill(sandbox, pages=3)
    sandbox.breaks("github", "latency", least_seconds=0.7, match="GET")

    with ends_within(2.5), pytest.raises(TransientError, match="time"), github.within(1.6):
        github.post_comment(COMMENT)

    assert sandbox.struck() == 2


def test_nothing_is_written_when_the_time_is_as_good_as_over(
    sandbox: Sandbox, github: GithubClient
) -> None:
    sandbox.breaks("github", "latency", least_seconds=0.5, match="GET")

    with pytest.raises(TransientError, match="time"), github.within(0.7):
        github.post_comment(COMMENT)

    assert sandbox.effects() == []


def test_a_deed_ends_before_its_attempt_is_over(sandbox: Sandbox, github: GithubClient) -> None:
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, start_to_close_timeout=timedelta(seconds=2.1))
    fill(sandbox, pages=3)
    sandbox.breaks("github", "latency", least_seconds=0.7, match="GET")

    with ends_within(2.1), pytest.raises(TransientError, match="no time left"):
        environment.run(GithubActivities(github).post_comment, COMMENT)

    assert sandbox.struck() == 2


def test_threads_that_want_a_token_do_not_wait_for_each_other_in_turn(sandbox: Sandbox) -> None:
    key = new_key()
    installed(sandbox, key)
    github = GithubClient(f"{sandbox.url}/github", credentials_of(key), timeout_s=1)
    sandbox.breaks("github", "hang", match="access_tokens")

    def refused(_: int) -> bool:
        with pytest.raises(TransientError):
            github.read_pull_request(PULL)
        return True

    with ends_within(3.5), ThreadPoolExecutor(8) as pool:
        assert all(pool.map(refused, range(8)))
    github.close()
