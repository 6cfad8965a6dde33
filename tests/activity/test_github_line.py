"""Our lines to GitHub are few, and are used again."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from urllib.parse import urlsplit

import psutil
import pytest
from apps import credentials_of, installed, new_key
from pretend import Sandbox

from activities.clients.github import GithubClient
from contexten.github import Target

THREADS = 4
INSTALLATIONS = {str(number): f"owner-{number}" for number in range(1, 9)}


@pytest.fixture
def github(sandbox: Sandbox) -> Iterator[GithubClient]:
    key = new_key()
    installed(sandbox, key, installations=INSTALLATIONS)
    client = GithubClient(f"{sandbox.url}/github", credentials_of(key), 2)
    yield client
    client.close()


def lines_to(sandbox: Sandbox) -> int:
    """How many connections we hold to the sandbox's GitHub, the test's own left out."""
    port = urlsplit(sandbox.url).port
    ours = [c for c in psutil.Process().net_connections() if c.raddr and c.raddr.port == port]
    return len(ours) - 1


def read_everywhere(github: GithubClient) -> None:
    at_once = Barrier(THREADS)

    def read(owner: str) -> None:
        at_once.wait()
        github.read_pull_request(Target(f"{owner}/hello", 12))

    with ThreadPoolExecutor(THREADS) as pool:
        for owner in INSTALLATIONS.values():
            list(pool.map(read, [owner] * THREADS))


def test_many_installations_need_no_more_lines_than_threads(
    sandbox: Sandbox, github: GithubClient
) -> None:
    sandbox.calls("github")

    for _ in range(2):
        read_everywhere(github)
        assert 1 <= lines_to(sandbox) <= THREADS


def test_a_client_that_was_closed_holds_no_line(sandbox: Sandbox, github: GithubClient) -> None:
    sandbox.calls("github")
    read_everywhere(github)

    github.close()

    assert lines_to(sandbox) == 0
