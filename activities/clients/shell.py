"""
Commands of agents: each shut in, bounded in all it may take, and ended with all it began.

`bubblewrap` shuts a command in (see ``shell_walls``). `unsafe` only bounds it: it sees what we
see, but for our environment. `off` refuses. What struck a command is told with what it printed.

    python -m activities.clients.shell bubblewrap [FOLDER COMMAND]

says why commands cannot be run here, if so, or else runs one in FOLDER; exit 1 if it went badly.
"""

import argparse
import os
import secrets
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal, get_args

from activities.clients.shell_limits import Limits, Output, Watch
from activities.clients.shell_walls import Behind, Walls
from contexten.tool_text import Done, Refused

Beat = Callable[[], None]
How = Literal["bubblewrap", "unsafe", "off"]

BASH = "/bin/bash"
LONGEST_COMMAND = 64_000
LONGEST_WAIT_S = 600
TICK_S = 0.05
BEAT_S = 0.5
LAST_WORDS_S = 2.0
PATH = "/usr/local/bin:/usr/bin:/bin"
MARK = "COMMAND"
UNSAFE = "[not shut in: AGENT_SHELL is unsafe]\n"
OFF = "commands cannot be run here: AGENT_SHELL is off"
STRUCK: Mapping[int, str] = {
    signal.SIGXCPU: "it took more processor time than a process may",
    signal.SIGXFSZ: "it wrote a larger file than there may be",
    signal.SIGKILL: "it was killed, as a process is that takes too much",
}


class Shell:
    """Runs commands in working copies. Safe to be used by many threads."""

    def __init__(self, how: How, limits: Limits | None = None, walls: Walls | None = None) -> None:
        """
        Args:
            how: How commands are kept from everything else.
            limits: What a command may take.
            walls: What it sees.
        """
        self._how = how
        self._limits = limits or Limits()
        self._walls = walls or Walls()

    def complaint(self) -> str | None:
        """Why no command can be run, and what to do about it; None if they can."""
        if self._how == "off":
            return OFF
        if not Path(BASH).exists():
            return f"install bash: there is no {BASH}"
        return self._walls.complaint() if self._how == "bubblewrap" else None

    def run(self, root: Path, command: str, timeout_s: int, beat: Beat) -> Done:
        """
        What *command* printed in the working copy *root*, and how it ended.

        All that it began is dead when this returns or raises.

        Args:
            root: The working copy.
            command: For bash.
            timeout_s: Seconds it may take; brought to between 1 and 600.
            beat: Called now and then; what it raises ends the command.
        """
        if why := self.complaint() or why_not(command):
            return Done(why, ok=False)
        try:
            return self._ran(root, command, min(max(timeout_s, 1), LONGEST_WAIT_S), beat)
        except Refused as refused:
            return Done(str(refused), ok=False)

    def _ran(self, root: Path, command: str, timeout_s: int, beat: Beat) -> Done:
        inner = [BASH, "--noprofile", "--norc", "-c", self._limits.prelude(), "bash", command]
        if self._how == "unsafe":
            env = {"PATH": PATH, "HOME": "/nonexistent", "LANG": "C.UTF-8"}
            env[MARK] = secrets.token_hex(16)
            return self._watched(Behind(inner), env, Stay(root, timeout_s, beat))
        with self._walls.around(root, inner) as behind:
            return self._watched(behind, {}, Stay(root, timeout_s, beat))

    def _watched(self, behind: Behind, env: Mapping[str, str], stay: "Stay") -> Done:
        watch = Watch(self._limits, stay.root, env.get(MARK))
        output = Output(self._limits)
        began = time.monotonic()
        try:
            process = subprocess.Popen(  # noqa: S603 - shut in, which is what this file is for
                behind.words,
                cwd=stay.root,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=behind.passed,
                start_new_session=True,
            )
        except OSError as error:
            return Done(f"the command cannot be started here: {error.strerror}", ok=False)
        try:
            behind.began(watch.hold)
            struck = stay.until_ended(process, watch, output)
        finally:
            watch.kill(process)
            if process.stdout:
                drained(process.stdout.fileno(), output)
                process.stdout.close()
        notice = UNSAFE if self._how == "unsafe" else ""
        took = time.monotonic() - began
        return told(notice, output, struck or watch.outgrown(), process.returncode, took)


class Stay:
    """One command at work."""

    def __init__(self, root: Path, timeout_s: int, beat: Beat) -> None:
        self.root = root
        self._timeout_s = timeout_s
        self._beat = beat

    def until_ended(
        self, process: subprocess.Popen[bytes], watch: Watch, output: Output
    ) -> str | None:
        """Wait for the end of *process*; answers with the limit that struck it, if one did."""
        now = time.monotonic()
        ends, next_beat, next_look = now + self._timeout_s, now, now
        with selectors.DefaultSelector() as selector:
            if process.stdout:
                os.set_blocking(process.stdout.fileno(), False)
                selector.register(process.stdout, selectors.EVENT_READ)
            while process.poll() is None:
                listened(selector, output)
                now = time.monotonic()
                if now >= next_beat:
                    self._beat()
                    next_beat = now + BEAT_S
                if now >= ends:
                    return f"it was not done after {self._timeout_s} s"
                if now >= next_look:
                    if struck := output.too_much() or watch.struck(process.pid):
                        return struck
                    next_look = time.monotonic() + TICK_S
        return None


def listened(selector: selectors.BaseSelector, output: Output) -> None:
    """Hear what there is to hear, and wait a little for it."""
    if not selector.get_map():
        time.sleep(TICK_S)
        return
    for key, _ in selector.select(TICK_S):
        heard = os.read(key.fd, 65_536)
        if heard:
            output.add(heard)
        else:
            selector.unregister(key.fileobj)


def drained(fd: int, output: Output) -> None:
    """Hear the last of what was said; whoever would still speak after that is not waited for."""
    ends = time.monotonic() + LAST_WORDS_S
    with suppress(BlockingIOError):
        while time.monotonic() < ends and not output.too_much():
            heard = os.read(fd, 65_536)
            if not heard:
                return
            output.add(heard)


def why_not(command: str) -> str | None:
    """Why *command* is none."""
    try:
        size = len(command.encode())
    except UnicodeEncodeError:
        return "the command is no text that can be written as UTF-8"
    if "\0" in command or not command.strip():
        return "the command is empty or holds a null character"
    if size > LONGEST_COMMAND:
        return f"the command is longer than {LONGEST_COMMAND} bytes: put it into a file"
    return None


def told(notice: str, output: Output, struck: str | None, code: int, took: float) -> Done:
    """What a model is told of a command."""
    printed = output.text()
    if printed and not printed.endswith("\n"):
        printed += "\n"
    if struck:
        return Done(f"{notice}{printed}[killed after {took:.1f} s: {struck}]", ok=False)
    number = code - 128 if code > 128 else -code
    why = f": {STRUCK[number]}" if number in STRUCK else ""
    return Done(f"{notice}{printed}[exit status {code}, {took:.1f} s{why}]", ok=code == 0)


def main() -> int:
    """Run a command by hand as an agent's is run, or say why none can be; the exit status."""
    parser = argparse.ArgumentParser(description="Run a command as an agent's is run.")
    parser.add_argument("how", choices=get_args(How))
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("command", nargs="?")
    asked = parser.parse_args()
    shell = Shell(asked.how)
    if why := shell.complaint():
        print(why)
        return 1
    if asked.folder is None:
        return 0
    done = shell.run(asked.folder, asked.command or "", LONGEST_WAIT_S, lambda: None)
    print(done.text)
    return 0 if done.ok else 1


if __name__ == "__main__":
    sys.exit(main())
