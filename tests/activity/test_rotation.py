"""A token that is rotated is picked up without a restart, once the old one was refused."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from apps import APP, as_pem, installed, new_key
from pretend import Sandbox

import worker
from activities.clients.credential import Credential
from activities.clients.github import GithubClient
from activities.clients.github_session import Credentials
from contexten.effects import Effect
from contexten.errors import AuthenticationError
from contexten.github import Target
from contexten.slack import Message
from starter.settings import load

PULL = Target("octo/hello", 12)
MESSAGE = Message("C01", "x", Effect("a" * 32, datetime.now(UTC)))
NAMES = {
    "github": "GITHUB_TOKEN",
    "linear": "LINEAR_ACCESS_TOKEN",
    "slack": "SLACK_BOT_TOKEN",
}


class Written:
    """The settings as they are written in a file, with a sandbox for the platforms."""

    def __init__(self, sandbox: Sandbox, path: Path) -> None:
        self._sandbox = sandbox
        self.path = path
        self.say(sandbox.arrange("/_tokens", {}, "PUT"))

    def say(self, variables: dict[str, str]) -> None:
        """Write them down."""
        self.path.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))

    def rotate(self, platform: str, token: str) -> dict[str, str]:
        """Have the platform accept another token alone; what is to be written then."""
        said: dict[str, str] = self._sandbox.arrange("/_tokens", {platform: token}, "PUT")
        assert said[NAMES[platform]] == token
        return said


@pytest.fixture
def written(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Written:
    for name in NAMES.values():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CONTEXTEN_ENV_FILE", str(tmp_path / "settings.env"))
    return Written(sandbox, tmp_path / "settings.env")


@pytest.fixture
def github(written: Written) -> Iterator[GithubClient]:
    client = worker.github_client(load())
    yield client
    client.close()


def test_github_is_called_with_the_token_that_is_written_by_then(
    written: Written, github: GithubClient
) -> None:
    github.read_pull_request(PULL)
    said = written.rotate("github", "ghp_another")

    with pytest.raises(AuthenticationError, match="401"):
        github.read_pull_request(PULL)
    written.say(said)
    github.renew()

    assert github.read_pull_request(PULL).number == 12


async def test_linear_is_called_with_the_token_that_is_written_by_then(written: Written) -> None:
    linear = worker.linear_client(load())
    await linear.list_teams()
    said = written.rotate("linear", "lin_oauth_another")

    with pytest.raises(AuthenticationError):
        await linear.list_teams()
    written.say(said)
    linear.renew()

    assert await linear.list_teams()
    await linear.close()


async def test_slack_is_called_with_the_token_that_is_written_by_then(written: Written) -> None:
    slack = worker.slack_client(load())
    await slack.read_user("U01")
    said = written.rotate("slack", "xoxb-another")

    with pytest.raises(AuthenticationError, match="invalid_auth"):
        await slack.read_user("U01")
    written.say(said)
    slack.renew()

    assert (await slack.read_user("U01")).id == "U01"
    await slack.close()


def test_what_is_written_counts_only_after_a_refusal(
    written: Written, github: GithubClient
) -> None:
    github.read_pull_request(PULL)

    written.say({**written.rotate("github", "sandbox-github-token"), "GITHUB_TOKEN": "ghp_early"})

    assert github.read_pull_request(PULL).number == 12


@pytest.mark.parametrize("broken", ["PORT=99999\n", "", "GITHUB_TOKEN=\n", "\x00\xff ="])
def test_settings_that_do_not_hold_leave_the_old_token_in_force(
    written: Written, github: GithubClient, broken: str
) -> None:
    written.path.write_text(broken)
    github.renew()

    assert github.read_pull_request(PULL).number == 12


def test_many_callers_refused_at_once_are_all_let_in_again(
    written: Written, github: GithubClient
) -> None:
    written.say(written.rotate("github", "ghp_another"))

    def persistent(_: int) -> int:
        try:
            return github.read_pull_request(PULL).number
        except AuthenticationError:
            github.renew()
            return github.read_pull_request(PULL).number

    with ThreadPoolExecutor(16) as callers:
        assert set(callers.map(persistent, range(64))) == {12}


def test_an_app_is_known_by_the_key_that_is_in_its_file_by_then(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    old, new = new_key(), new_key()
    file = tmp_path / "app.pem"
    file.write_text(as_pem(old))
    installed(sandbox, new)
    github = GithubClient(f"{sandbox.url}/github", Credentials(None, APP, str(file)), 2)

    with pytest.raises(AuthenticationError):
        github.read_pull_request(PULL)
    file.write_text(as_pem(new))
    github.renew()

    assert github.read_pull_request(PULL).number == 12
    github.close()


def test_a_credential_is_read_once_for_all_who_were_refused() -> None:
    reads: list[str] = []
    gate = threading.Barrier(8)

    def again() -> str:
        reads.append("read")
        return "new"

    credential = Credential("slack", "old", again)
    for _ in range(8):
        credential.renew()

    def ask(_: int) -> str:
        gate.wait(5)
        return credential()

    with ThreadPoolExecutor(8) as callers:
        assert set(callers.map(ask, range(8))) == {"new"}
    assert reads == ["read"]


def test_a_credential_that_never_changes_is_not_read() -> None:
    credential = Credential("slack", "old")
    credential.renew()

    assert credential() == "old"
    assert "old" not in repr(credential)


def test_a_credential_that_cannot_be_read_stays_what_it_was(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def again() -> str:
        raise OSError("the disk with the secret is gone")

    credential = Credential("slack", "old", again)
    credential.renew()

    assert credential() == "old"
    assert "secret" not in caplog.text
    assert "OSError" in caplog.text


def test_what_a_credential_became_is_logged_without_it(caplog: pytest.LogCaptureFixture) -> None:
    credential = Credential("slack", "xoxb-old", lambda: "xoxb-new")
    credential.renew()
    credential()

    assert "another one" in caplog.text
    assert "xoxb" not in caplog.text
