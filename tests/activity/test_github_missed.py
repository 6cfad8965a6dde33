"""The webhooks that lead to us are looked at, and nobody else's."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pretend import Sandbox

from activities.clients.github import GithubClient
from activities.clients.github_session import Credentials
from contexten.github import Scope, ScopeKind
from contexten.sweep import Look, Rule
from sandbox.tokens import GITHUB_TOKEN

NOW = datetime.now(UTC)
SCOPES = [Scope(ScopeKind.REPOSITORY, "octo/hello"), Scope(ScopeKind.ORGANIZATION, "octo")]
each_scope = pytest.mark.parametrize("scope", SCOPES, ids=str)


@pytest.fixture
def github(sandbox: Sandbox) -> Iterator[GithubClient]:
    client = GithubClient(f"{sandbox.url}/github", Credentials(token=GITHUB_TOKEN), timeout_s=2)
    yield client
    client.close()


def missed(sandbox: Sandbox, of: Scope, url: str) -> int:
    """The id of a webhook that leads to *url*, where one delivery never arrived."""
    at = (NOW - timedelta(minutes=20)).strftime("%Y-%m-%dT%H:%M:%SZ")
    past = {"event": "push", "payload": {}, "delivered_at": at, "status_code": 0, "guid": url}
    said = {"of": of.name, "url": url, "secret": "s", "deliveries": [past]}
    return int(sandbox.arrange("/_github/hooks", said)["id"])


def due(github: GithubClient, scope: Scope, door: str | None) -> list[int | None]:
    look = Look(scope, NOW - timedelta(days=3), NOW, Rule(), door)
    return [attempt.hook_id for attempt in github.list_failed_deliveries(look, lambda: None).due]


@each_scope
def test_what_others_missed_is_left_to_them(
    sandbox: Sandbox, github: GithubClient, scope: Scope
) -> None:
    missed(sandbox, scope, "https://ci.example.org/deploy-production")
    ours = missed(sandbox, scope, "https://contexten.example.org/github/events")

    assert due(github, scope, None) == [ours]


@each_scope
def test_of_several_doors_the_one_that_is_set_is_swept(
    sandbox: Sandbox, github: GithubClient, scope: Scope
) -> None:
    missed(sandbox, scope, "https://staging.example.org/github/events")
    ours = missed(sandbox, scope, "https://contexten.example.org/github/events")

    assert due(github, scope, "https://contexten.example.org") == [ours]
