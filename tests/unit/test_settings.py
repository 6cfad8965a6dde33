"""Settings that do not hold are all named at once, with their unit, and never shown when secret."""

import pytest

from starter.settings import SettingsError, load


@pytest.fixture(autouse=True)
def elsewhere(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Away from any .env of the checkout."""
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))


def test_every_value_that_does_not_hold_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "99999")
    monkeypatch.setenv("GITHUB_SLOTS", "many")
    monkeypatch.setenv("HTTP_TIMEOUT_S", "0")
    monkeypatch.setenv("LINEAR_API_URL", "ftp://linear")

    with pytest.raises(SettingsError) as refused:
        load()

    complaints = str(refused.value).splitlines()
    assert sorted(line.partition(":")[0] for line in complaints) == [
        "GITHUB_SLOTS",
        "HTTP_TIMEOUT_S",
        "LINEAR_API_URL",
        "PORT",
    ]
    assert "seconds before one request" in str(refused.value)


def test_half_a_github_app_is_refused_without_showing_its_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GITHUB_APP_PRIVATE_KEY", "very-private")

    with pytest.raises(SettingsError) as refused:
        load()

    assert "GITHUB_APP_ID" in str(refused.value)
    assert "very-private" not in str(refused.value)


def test_a_secret_may_be_a_list_while_it_rotates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_WEBHOOK_SECRET", "old, new,")

    secrets = load().github_webhook_secret

    assert [s.get_secret_value() for s in secrets] == ["old", "new"]


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "")
    monkeypatch.setenv("PORT", "")

    settings = load()

    assert settings.github_token is None
    assert settings.port == 8000


def test_secrets_do_not_show_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_secret")
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "shh1,shh2")

    assert "ghp_secret" not in repr(load())
    assert "shh" not in repr(load())
