"""A command does not see the files of a working copy that hold passwords."""

from pathlib import Path

import pytest

from activities.clients.shell import Shell
from activities.clients.shell_hidden import MOST, note_passwords, passwords_in
from contexten.tool_text import Refused

SECRET = "kept-between-us"


def run(root: Path, command: str) -> str:
    return Shell("bubblewrap").run(root, command, 20, lambda: None).text


def test_a_command_sees_no_password_however_it_looks(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in (".env", "deep/.env.local", "deep/id_rsa"):
        (tmp_path / name).write_text(SECRET)
    (tmp_path / ".env.example").write_text("as an example")

    said = run(tmp_path, "cat .env deep/.env.local deep/id_rsa .env.example; grep -r kept . ; true")
    moved = run(tmp_path, "mv .env seen; cp deep/id_rsa copied; cat seen copied; rm -f .env; true")

    assert SECRET not in said + moved
    assert "as an example" in said
    assert (tmp_path / ".env").read_text() == SECRET


def test_a_command_may_remove_what_it_wrote_itself_and_moves_nothing_into_sight(
    tmp_path: Path,
) -> None:
    root = tmp_path / "tree"
    (root / "deep").mkdir(parents=True)
    (root / "deep/.env").write_text(SECRET)
    note_passwords(root)

    run(root, "echo A=b > .env; mv deep moved")
    said = run(root, "cat .env moved/.env; rm .env && echo removed")

    assert "A=b" in said
    assert "removed" in said
    assert SECRET not in said
    assert not (root / ".env").exists()


def test_what_cannot_be_hidden_is_not_run(tmp_path: Path) -> None:
    for n in range(MOST + 1):
        (tmp_path / f"{n}").mkdir()
        (tmp_path / f"{n}/.env").write_text(SECRET)

    with pytest.raises(Refused, match="passwords"):
        passwords_in(tmp_path)
