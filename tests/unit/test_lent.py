"""The libraries behind the models find in the environment what the file of settings has."""

from pathlib import Path

import pytest

from starter.lent import Lent, for_libraries
from starter.settings import ENV_FILE


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of settings."""
    path = tmp_path / ".env"
    monkeypatch.setenv(ENV_FILE, str(path))
    return path


def test_what_is_a_setting_of_ours_or_of_the_engine_is_lent_to_nobody(file: Path) -> None:
    file.write_text(
        "GITHUB_TOKEN=ghp_1\nTEMPORAL_ADDRESS=a:1\nAGENT_MODEL=openai:gpt-5\n"
        "OPENAI_API_KEY=sk-1\nLANGSMITH_TRACING=true\nEMPTY=\n"
    )

    assert for_libraries() == {"OPENAI_API_KEY": "sk-1", "LANGSMITH_TRACING": "true"}


def test_what_the_environment_has_of_its_own_stays(file: Path) -> None:
    file.write_text("OPENAI_API_KEY=sk-file\nLANGSMITH_PROJECT=ours\n")
    environ = {"OPENAI_API_KEY": "sk-own", "HOME": "/root"}
    lent = Lent(environ)
    for _ in range(2):
        lent.lend()

    assert environ == {
        "OPENAI_API_KEY": "sk-own",
        "HOME": "/root",
        "LANGSMITH_PROJECT": "ours",
    }


def test_a_key_that_was_changed_in_the_file_is_lent_anew_and_one_that_is_gone_taken_back(
    file: Path,
) -> None:
    file.write_text("OPENAI_API_KEY=sk-old\nLANGSMITH_API_KEY=ls-1\n")
    environ: dict[str, str] = {}
    lent = Lent(environ)
    lent.lend()
    file.write_text("OPENAI_API_KEY=sk-new\n")
    lent.lend()

    assert environ == {"OPENAI_API_KEY": "sk-new"}


def test_without_a_file_nothing_is_lent(file: Path) -> None:
    environ: dict[str, str] = {}
    Lent(environ).lend()

    assert environ == {}
