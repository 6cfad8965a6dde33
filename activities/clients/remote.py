"""What stands on the platform: which branches, and at which commits."""

import re
from dataclasses import dataclass
from pathlib import Path

from activities.clients.git import At, Beat, Git, Run
from contexten.errors import ClientError, TransientError

PLATFORM = "github"
HEARD = "git< "
REPOSITORY = re.compile(r"(?!\.{1,2}/)[A-Za-z0-9_.-]{1,100}/(?!\.{1,2}$)[A-Za-z0-9_.-]{1,100}")
ODD = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(/|$)|^[-/.]|[/.]$")
LONGEST_BRANCH = 200


@dataclass(frozen=True, slots=True)
class Remote:
    """The platform as *git* sees it, from a *folder* that is no repository."""

    folder: Path
    git: Git

    def heads(self, repository: str, beat: Beat, *refs: str) -> dict[str, str]:
        """
        The commits of those branches that are on the platform; the default one as ``HEAD``.

        Raises:
            PlatformError: As git does; ClientError if no repository can be called so.
        """
        refuse_odd_repository(repository)
        at = At(self.folder)
        names = [ref if ref == "HEAD" else f"refs/heads/{ref}" for ref in refs]
        line = ("ls-remote", "--symref", self.git.address(repository), *names)
        said = self.git(at, *line, run=Run(network=repository, beat=beat)).text
        if not said:
            # Git takes any text for a server of another kind, that has nothing.
            traced = Run(network=repository, beat=beat, traced=True)
            if HEARD not in self.git(at, *line, run=traced).complaint:
                reason = "GitHub's answer to git cannot be read"
                raise TransientError(reason, platform=PLATFORM)
        found, symbolic = dict[str, str](), dict[str, str]()
        for line_ in said.splitlines():
            value, _, name = line_.partition("\t")
            if value.startswith("ref: "):
                symbolic[name] = value.removeprefix("ref: refs/heads/")
            else:
                found[name.removeprefix("refs/heads/")] = value
        if "HEAD" in found and "HEAD" in symbolic:
            found[symbolic["HEAD"]] = found["HEAD"]
        return {**found, **({"HEAD": symbolic["HEAD"]} if "HEAD" in symbolic else {})}


def refuse_odd_repository(name: str) -> None:
    """
    Raises:
        ClientError: If no repository can have that *name*.
    """
    if not REPOSITORY.fullmatch(name):
        raise ClientError(f"no repository is called {name[:100]!r}", platform=PLATFORM)


def refuse_odd(branch: str) -> None:
    """
    Raises:
        ClientError: If git has no branches of that name.
    """
    if not 0 < len(branch) <= LONGEST_BRANCH or ODD.search(branch) or branch in ("@", "HEAD"):
        raise ClientError(f"no branch is called {branch[:100]!r}", platform=PLATFORM)
