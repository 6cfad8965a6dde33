"""
Git as we run it: on arguments alone, bounded in time and output, and trusting no configuration.

No shell, no hooks, no filters, no submodules, no file system monitor, nobody asked for a password,
no protocol but that of the address we are set to, and no way to another host. Git's folder and its
working tree are always named to it, so that it never looks for one, and what stands in a working
tree is never its configuration. The token is given to the one process that needs it, in its
environment: not as an argument, nor in a file, nor in an address.
"""

import base64
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from activities.clients.git_errors import meaning
from contexten.errors import ClientError, FatalError, TransientError

PLATFORM = "github"
BEAT_S = 0.25
MOST_OUTPUT = 64 * 1024 * 1024
MOST_COMPLAINT = 64 * 1024
PASSED_ON = (
    *("PATH", "https_proxy", "http_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR"),
)
NOWHERE = os.devnull
Beat = Callable[[], None]

SAFE: Mapping[str, str] = {
    "core.hooksPath": NOWHERE,
    "core.fsmonitor": "false",
    "core.untrackedCache": "false",
    "core.attributesFile": NOWHERE,
    "core.excludesFile": NOWHERE,
    "core.autocrlf": "false",
    "core.safecrlf": "false",
    "core.pager": "cat",
    "core.editor": "false",
    "core.askPass": "",
    "core.sshCommand": "false",
    "core.quotePath": "false",
    "core.logAllRefUpdates": "false",
    "core.bigFileThreshold": "32m",
    "credential.helper": "",
    "protocol.allow": "never",
    "protocol.file.allow": "never",
    "protocol.ext.allow": "never",
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "60",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "false",
    "fetch.writeCommitGraph": "false",
    "push.recurseSubmodules": "no",
    "push.followTags": "false",
    "diff.ignoreSubmodules": "all",
    "commit.gpgSign": "false",
    "tag.gpgSign": "false",
    "push.gpgSign": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "safe.directory": "*",
    "advice.detachedHead": "false",
    "rerere.enabled": "false",
}
"""What git is told over whatever stands in any file."""


@dataclass(frozen=True, slots=True)
class At:
    """
    Where git works.

    Attributes:
        folder: Its own folder: a bare repository, or what belongs to one working tree.
        tree: The working tree; None if there is none.
        shared: A file descriptor that git holds open as long as it runs, such as that of a lock:
            if we die, it ends with git.
    """

    folder: Path
    tree: Path | None = None
    shared: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """
    How one command is run.

    Attributes:
        stdin: What git reads.
        network: The repository, ``owner/name``, for which the token is given; None for none.
        author: Name and mail address of who commits; None where nobody does.
        beat: Called several times a second; what it raises ends git.
        accepted: Exit statuses that are no failure.
        traced: Whether the complaint has what was heard from the platform, packet by packet.
    """

    stdin: bytes = b""
    network: str | None = None
    author: tuple[str, str] | None = None
    beat: Beat = lambda: None
    accepted: tuple[int, ...] = (0,)
    traced: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What git printed, and how it ended."""

    code: int
    out: bytes
    complaint: str

    @property
    def text(self) -> str:
        """What it printed, as a text; bytes that are none are kept as they are."""
        return self.out.decode("utf-8", "surrogateescape")


def no_token(repository: str) -> AbstractContextManager[str | None]:
    """For git that needs none."""
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Git:
    """
    Runs git.

    Attributes:
        url: Where repositories are, such as ``https://github.com``.
        token: The token for a repository, for as long as the context lasts.
        timeout_s: Seconds after which one command is ended.
        program: Git itself.
    """

    url: str
    token: Callable[[str], AbstractContextManager[str | None]] = no_token
    timeout_s: float = 600.0
    program: str = field(default_factory=lambda: shutil.which("git") or "")

    def address(self, repository: str) -> str:
        """The address of ``owner/name``."""
        return f"{self.url.rstrip('/')}/{repository}.git"

    def __call__(self, at: At, *arguments: str, run: Run | None = None) -> Said:
        """
        Run ``git <arguments>``.

        Raises:
            FatalError: There is no git on this machine.
            TransientError: The line dropped, it took too long, or the machine is in trouble.
            AuthenticationError: GitHub refused our token, or us.
            ClientError: What is asked for is not there, or too much.
        """
        run = run or Run()
        if not self.program:
            raise FatalError("install git: agents need it", platform=PLATFORM)
        token = no_token("") if run.network is None else self.token(run.network)
        with token as secret:
            said = self._ended(at, arguments, run, self._environment(at, run, secret))
            if said.code not in run.accepted:
                raise meaning(arguments[0], said.complaint)
            return said

    def _environment(self, at: At, run: Run, secret: str | None) -> dict[str, str]:
        told = dict(SAFE)
        if run.network is not None:
            told[f"protocol.{urlsplit(self.url).scheme}.allow"] = "always"
        if secret:
            proof = base64.b64encode(f"x-access-token:{secret}".encode()).decode()
            told[f"http.{self.url.rstrip('/')}/.extraHeader"] = f"Authorization: Basic {proof}"
        found = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        found |= {
            "GIT_DIR": str(at.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": NOWHERE,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_CONFIG_COUNT": str(len(told)),
            "HOME": NOWHERE,
            "LC_ALL": "C",
        }
        for number, (key, value) in enumerate(told.items()):
            found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        if at.tree is not None:
            found["GIT_WORK_TREE"] = str(at.tree)
        if run.traced:
            found["GIT_TRACE_PACKET"] = "1"
        if run.author is not None:
            name, mail = run.author
            for who in ("AUTHOR", "COMMITTER"):
                found |= {f"GIT_{who}_NAME": name, f"GIT_{who}_EMAIL": mail}
        return found

    def _ended(self, at: At, arguments: Sequence[str], run: Run, env: dict[str, str]) -> Said:
        with (
            tempfile.TemporaryFile() as stdin,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as complaint,
        ):
            stdin.write(run.stdin)
            stdin.seek(0)
            try:
                process = subprocess.Popen(  # noqa: S603 - arguments of ours, without a shell
                    [self.program, *arguments],
                    cwd=at.tree or at.folder,
                    env=env,
                    stdin=stdin,
                    stdout=out,
                    stderr=complaint,
                    pass_fds=at.shared,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                reason = f"git cannot be started here: {type(error).__name__}"
                raise TransientError(reason, platform=PLATFORM) from None
            try:
                self._wait(process, out, run.beat)
            finally:
                killed(process)
            complained = tail(complaint).decode(errors="replace")
            out.seek(0)
            return Said(process.returncode, out.read(), complained)

    def _wait(self, process: subprocess.Popen[bytes], out: IO[bytes], beat: Beat) -> None:
        ends = time.monotonic() + self.timeout_s
        while True:
            with suppress(subprocess.TimeoutExpired):
                process.wait(BEAT_S)
                return
            beat()
            if os.fstat(out.fileno()).st_size > MOST_OUTPUT:
                raise ClientError("git has too much to say of this repository", platform=PLATFORM)
            if time.monotonic() > ends:
                reason = f"git was not done after {self.timeout_s:.0f} s"
                raise TransientError(reason, platform=PLATFORM)


def killed(process: subprocess.Popen[bytes]) -> None:
    """An end to *process* and to all that it began."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def tail(file: IO[bytes]) -> bytes:
    """The last of what is in *file*."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - MOST_COMPLAINT))
    return file.read()
