"""Git in tests: run as a person would, apart from this machine's own configuration."""

import base64
import os
import subprocess
from pathlib import Path

from sandbox.tokens import GITHUB_TOKEN


class Git:
    """Git in one folder, as somebody with a token."""

    def __init__(self, folder: Path, token: str | None = GITHUB_TOKEN) -> None:
        self.folder = folder
        self.token = token

    def tries(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What came of it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        proof = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        told = ["user.name=Ada", "user.email=ada@example.com", "http.followRedirects=false"]
        told += [f"http.extraHeader=Authorization: Basic {proof}"] if self.token else []
        options = [word for one in told for word in ("-c", one)]
        return subprocess.run(
            ["git", *options, *arguments],
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_TERMINAL_PROMPT": "0",
                "LC_ALL": "C.UTF-8",
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def __call__(self, *arguments: str) -> str:
        """What git prints; it has to go well."""
        done = self.tries(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, **files: str) -> None:
        """Files by name, where ``__`` stands for a dot."""
        for name, text in files.items():
            (self.folder / name.replace("__", ".")).write_text(text)

    def commit(self, message: str = "Change it", **files: str) -> str:
        """A commit of *files*; its sha."""
        self.write(**files)
        self("add", "--all")
        self("commit", "--quiet", "-m", message)
        return self("rev-parse", "HEAD")


def cloned(url: str, folder: Path) -> Git:
    """A clone of *url* in *folder*."""
    Git(folder.parent)("clone", "--quiet", url, str(folder))
    return Git(folder)
