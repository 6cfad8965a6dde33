"""What workers cut out of what leaves."""

from pathlib import Path

import pytest

from starter.settings import ENV_FILE, load
from worker import redaction_of


def test_a_key_that_stands_only_in_the_file_of_settings_is_cut_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text("GITHUB_TOKEN=ghp_of_ours_alone\nGROQ_API_KEY=gsk-of-the-provider\n")
    monkeypatch.setenv(ENV_FILE, str(file))

    said = redaction_of(load()).clean("ghp_of_ours_alone and gsk-of-the-provider")

    assert "of_ours" not in said
    assert "of-the-provider" not in said
