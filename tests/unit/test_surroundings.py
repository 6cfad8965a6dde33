"""A well-known port is for one of those that begin at once."""

import os
from pathlib import Path

from starter.console import surroundings


def test_a_port_is_reserved_for_one_until_it_lets_go(tmp_path: Path) -> None:
    first = surroundings.reserved(8790, tmp_path)
    assert first is not None
    assert surroundings.reserved(8790, tmp_path) is None
    other = surroundings.reserved(7233, tmp_path)
    assert other is not None

    os.close(first)
    again = surroundings.reserved(8790, tmp_path)

    assert again is not None
    for lock in (again, other):
        os.close(lock)


def test_where_somebody_else_put_a_link_no_port_is_reserved(tmp_path: Path) -> None:
    aim = tmp_path / "precious"
    aim.write_text("untouched")
    (tmp_path / f"contexten-{os.getuid()}-port-8790.lock").symlink_to(aim)

    assert surroundings.reserved(8790, tmp_path) is None
    assert aim.read_text() == "untouched"
