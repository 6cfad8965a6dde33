"""As a GitHub App we are let in by our key, where we are installed, and stay in."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from apps import APP, as_pem, installed, new_key
from cryptography.hazmat.primitives.asymmetric import rsa
from pretend import Sandbox

from activities.clients.github import GithubClient
from activities.clients.github_session import Credentials
from contexten.effects import Effect
from contexten.errors import (
    AuthenticationError,
    ClientError,
    FatalError,
    RateLimitedError,
)
from contexten.github import (
    Comment,
    FileAt,
    Redelivery,
    Scope,
    ScopeKind,
    Search,
)
from contexten.sweep import Look, Rule

NOW = datetime.now(UTC)
Connect = Callable[..., GithubClient]


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return new_key()


@pytest.fixture
def connect(sandbox: Sandbox, key: rsa.RSAPrivateKey) -> Iterator[Connect]:
    opened: list[GithubClient] = []

    def connected(private_key: str | None = None, app_id: int = APP) -> GithubClient:
        credentials = Credentials(app_id=app_id, app_private_key=private_key or as_pem(key))
        opened.append(GithubClient(f"{sandbox.url}/github", credentials, 2))
        return opened[-1]

    yield connected
    for client in opened:
        client.close()


def comment(repository: str, number: int = 12) -> Comment:
    return Comment(repository, number, "x", Effect(f"{number:032x}", NOW))


def test_we_comment_wherever_we_are_installed(
    sandbox: Sandbox, key: rsa.RSAPrivateKey, connect: Connect
) -> None:
    installed(sandbox, key)
    github = connect()

    for repository in ("octo/hello", "acme/world"):
        github.post_comment(comment(repository))

    targets = [effect["target"] for effect in sandbox.effects("comment")]
    assert targets == ["octo/hello#12", "acme/world#12"]


def test_the_installation_and_its_token_are_asked_for_once(
    sandbox: Sandbox, key: rsa.RSAPrivateKey, connect: Connect
) -> None:
    installed(sandbox, key)
    github = connect()
    for number in (1, 2, 3):
        github.post_comment(comment("octo/hello", number))

    assert sandbox.calls("github") == 2 + 3 * 2


def test_repositories_of_one_installation_share_its_token(
    sandbox: Sandbox, key: rsa.RSAPrivateKey, connect: Connect
) -> None:
    installed(sandbox, key)
    github = connect()
    github.post_comment(comment("octo/hello"))
    before = sandbox.calls("github")

    github.post_comment(comment("octo/other"))

    assert sandbox.calls("github") - before == 1 + 2


def test_ten_threads_share_one_token(
    sandbox: Sandbox, key: rsa.RSAPrivateKey, connect: Connect
) -> None:
    installed(sandbox, key)
    github = connect()
    github.post_comment(comment("octo/hello", 100))
    before = sandbox.calls("github")
    at_once = threading.Barrier(10)

    def post(number: int) -> None:
        at_once.wait()
        github.post_comment(comment("octo/hello", number))

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(post, range(1, 11)))

    assert sandbox.calls("github") - before == 10 * 2
    assert len(sandbox.effects("comment")) == 11


def test_a_key_that_is_not_the_apps_is_refused(
    sandbox: Sandbox, key: rsa.RSAPrivateKey, connect: Connect
) -> None:
    installed(sandbox, key)

    with pytest.raises(AuthenticationError, match="could not be decoded"):
        connect(as_pem(new_key())).post_comment(comment("octo/hello"))
    with pytest.raises(AuthenticationError, match="could not be decoded"):
        connect(app_id=1).post_comment(comment("octo/hello"))
    assert sandbox.effects() == []


def test_where_we_are_not_installed_is_a_client_error(
    sandbox: Sandbox, key: rsa.RSAPrivateKey, connect: Connect
) -> None:
    installed(sandbox, key)

    with pytest.raises(ClientError, match="404"):
        connect().post_comment(comment("stranger/hello"))


def test_a_token_that_is_not_granted_is_told_as_any_other_failure(
    sandbox: Sandbox, key: rsa.RSAPrivateKey, connect: Connect
) -> None:
    installed(sandbox, key)
    github = connect()
    sandbox.breaks("github", "rate_limit", match="access_tokens", count=1, retry_after_s=30)

    with pytest.raises(RateLimitedError) as raised:
        github.post_comment(comment("octo/hello"))

    assert raised.value.retry_after is not None
    github.post_comment(comment("octo/hello"))


def test_the_key_may_be_the_path_of_a_file(
    sandbox: Sandbox, key: rsa.RSAPrivateKey, connect: Connect, tmp_path: Path
) -> None:
    installed(sandbox, key)
    file = tmp_path / "app.pem"
    file.write_text(as_pem(key))

    connect(str(file)).post_comment(comment("octo/hello"))

    assert len(sandbox.effects("comment")) == 1


def test_the_key_may_have_its_line_ends_escaped(
    sandbox: Sandbox, key: rsa.RSAPrivateKey, connect: Connect
) -> None:
    installed(sandbox, key)

    connect(as_pem(key).replace("\n", "\\n")).post_comment(comment("octo/hello"))

    assert len(sandbox.effects("comment")) == 1


@pytest.mark.parametrize(
    "wrong", ["-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n-----END", "/no/such/file", "secret\0"]
)
def test_a_key_that_is_none_is_fatal_and_not_shown(connect: Connect, wrong: str) -> None:
    with pytest.raises(FatalError, match="GITHUB_APP_PRIVATE_KEY") as raised:
        connect(wrong).post_comment(comment("octo/hello"))

    assert "c2VjcmV0" not in str(raised.value)
    assert "no/such" not in str(raised.value)


def test_a_search_and_a_file_are_read_as_the_installation(
    sandbox: Sandbox, key: rsa.RSAPrivateKey, connect: Connect
) -> None:
    installed(sandbox, key)
    said = {"repository": "octo/hello", "path": "README.md", "text": "Hello"}
    sandbox.arrange("/_github/files", said, method="PUT")
    github = connect()

    assert github.read_file(FileAt("octo/hello", "README.md")).text == "Hello"
    assert github.search_issues(Search("org:octo is:issue nothing")) == ()


def test_the_apps_own_deliveries_are_listed_and_repeated(
    sandbox: Sandbox, key: rsa.RSAPrivateKey, connect: Connect
) -> None:
    installed(sandbox, key)
    at = (NOW - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    past = {
        "guid": "missed",
        "event": "issues",
        "payload": {},
        "status_code": 0,
        "delivered_at": at,
    }
    said = {"of": APP, "url": f"{sandbox.url}/", "secret": "s", "deliveries": [past]}
    sandbox.arrange("/_github/hooks", said)
    github, scope, beats = connect(), Scope(ScopeKind.APP), []

    look = Look(scope, NOW - timedelta(days=3), NOW, Rule())
    [missed] = github.list_failed_deliveries(look, partial(beats.append, 1)).due
    github.redeliver(Redelivery(scope, missed))

    assert (missed.guid, missed.status_code, missed.hook_id) == ("missed", 0, None)
    assert beats
    assert [effect["details"]["guid"] for effect in sandbox.effects("redelivery")] == ["missed"]


def test_credentials_do_not_show_themselves(key: rsa.RSAPrivateKey) -> None:
    shown = repr(Credentials("ghp_secret", APP, as_pem(key)))

    assert "ghp_secret" not in shown
    assert "PRIVATE" not in shown
