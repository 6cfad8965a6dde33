"""Nothing begins behind the walls before it is held and counted."""

import os
from pathlib import Path

import pytest

from activities.clients import shell_pens
from activities.clients.shell_limits import Limits, Watch
from activities.clients.shell_walls import Behind, number_told
from contexten.tool_text import Refused

NOT_ROOT = "the kernel counts the processes of anyone but root"


def test_a_number_that_is_told_in_pieces_is_read_whole() -> None:
    reading, writing = os.pipe()
    for piece in (b'{\n  "child-', b'pid": 12', b"34", b',\n  "mnt'):
        os.write(writing, piece)

    assert number_told(reading) == 1234

    os.write(writing, b'"child-pid": 12')
    os.close(writing)
    assert number_told(reading) is None
    os.close(reading)


def test_what_is_not_held_does_not_begin() -> None:
    told, telling = os.pipe()
    gate, opening = os.pipe()
    os.write(telling, b'{"child-pid": 1, ')

    Behind((), (), told, opening).began(lambda _: False)

    os.set_blocking(gate, False)
    with pytest.raises(BlockingIOError):
        os.read(gate, 2)
    for fd in (told, telling, gate, opening):
        os.close(fd)


def test_a_process_that_is_no_more_is_not_held(tmp_path: Path) -> None:
    assert Watch(Limits(), tmp_path).hold(2**22 + 1) is False


@pytest.mark.skipif(os.geteuid() != 0, reason=NOT_ROOT)
def test_where_nothing_can_count_the_processes_of_root_nothing_is_run(tmp_path: Path) -> None:
    why = shell_pens.why_no_pens((tmp_path / "none",))

    assert why is not None
    assert "run the worker as another user" in why
    with pytest.raises(Refused, match="another user"):
        shell_pens.penned(os.getpid(), 1, (tmp_path,))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason=NOT_ROOT)
def test_what_a_killed_worker_left_of_its_counting_is_removed(tmp_path: Path) -> None:
    (tmp_path / f"{shell_pens.NAME}{2**22 + 1}").mkdir()
    (tmp_path / f"{shell_pens.NAME}{os.getpid()}").mkdir()

    shell_pens.swept(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == [f"{shell_pens.NAME}{os.getpid()}"]
