"""
What a run changed becomes a commit, once, and gets to the platform on the run's own branch.

Each commit says which call it is of, so that a repetition finds it. Before anything is committed
the whole difference to where the run began is held against the guards. Nothing is ever forced:
where somebody else pushed first, our commits are put on top once, or it is said.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from activities.clients.git import At, Beat, Git, Run, Said
from activities.clients.git_errors import meaning
from activities.clients.shell_hidden import note_passwords
from contexten.errors import ClientError
from contexten.guards import Change, refusals

PLATFORM = "github"
TRAILER = "Contexten-Call"
LONGEST_MESSAGE = 8_000
LONGEST_LINK = 4_096
MOST_SEARCHED = 1_000
LINK = "120000"
BEHIND = ("non-fast-forward", "fetch first", "stale info")


@dataclass(frozen=True, slots=True)
class Began:
    """
    What a run's commits are about.

    Attributes:
        repository: ``owner/name``.
        branch: The run's branch.
        base: The branch it began from.
        base_sha: The commit of that.
        began: The commit of the run's branch that was there before the run.
    """

    repository: str
    branch: str
    base: str
    base_sha: str
    began: str


@dataclass(frozen=True, slots=True)
class Written:
    """What was pushed: the commit, and where the run began from now on."""

    sha: str
    began: str


@dataclass(frozen=True, slots=True)
class Commits:
    """Commits and pushes as *author*, a name and a mail address."""

    git: Git
    author: tuple[str, str]

    def commit_and_push(
        self, at: At, began: Began, message: str, call_id: str, beat: Beat
    ) -> Written:
        """
        Commit everything that changed, and push it.

        Raises:
            ClientError: Nothing changed, what changed may not be, or GitHub declined the push.
            PlatformError: As git does.
        """
        self._mend(at)
        key = re.sub(r"\s+", " ", call_id).strip()
        if not self._is_done(at, began, key):
            self._commit(at, began, message, key, beat)
        pushed = self._pushed(at, began, beat)
        if pushed is None:
            began = self._on_top(at, began, beat)
            pushed = self._pushed(at, began, beat)
        if pushed is None:
            reason = "somebody else keeps pushing to the branch: try again"
            raise ClientError(reason, platform=PLATFORM)
        return Written(pushed, began.began)

    def _mend(self, at: At) -> None:
        """What a git that was killed left behind goes away."""
        for stale in at.folder.glob("*.lock"):
            stale.unlink(missing_ok=True)
        if any((at.folder / name).exists() for name in ("rebase-merge", "rebase-apply")):
            self.git(at, "rebase", "--abort")

    def _is_done(self, at: At, began: Began, key: str) -> bool:
        asked = f"--format=%(trailers:key={TRAILER},valueonly)"
        line = ("log", asked, f"--max-count={MOST_SEARCHED}", f"{began.base_sha}..HEAD", "--")
        return key in {one.strip() for one in self.git(at, *line).text.splitlines()}

    def _commit(self, at: At, began: Began, message: str, key: str, beat: Beat) -> None:
        assert at.tree is not None
        inner = next(repositories_in(at.tree), None)
        if inner is not None:
            reason = f"{shown(inner)} is a repository of its own: remove it before you commit"
            raise ClientError(reason, platform=PLATFORM)
        self.git(at, "add", "--all", "--", ".", run=Run(beat=beat))
        if self.git(at, "diff", "--cached", "--quiet", "HEAD", run=Run(accepted=(0, 1))).code == 0:
            if self._head(at) == began.began:
                raise ClientError("nothing changed, so there is no commit", platform=PLATFORM)
            return
        if refused := refusals(self._changes(at, began)):
            self.git(at, "reset", "--quiet", "--mixed", run=Run(beat=beat))
            raise ClientError(shown("; ".join(refused)), platform=PLATFORM)
        run = Run(worded(message).encode(errors="replace"), author=self.author, beat=beat)
        line = ("--no-verify", "--cleanup=whitespace", f"--trailer={TRAILER}: {key}", "-F", "-")
        self.git(at, "commit", "--quiet", *line, run=run)

    def _changes(self, at: At, began: Began) -> Iterator[Change]:
        """What differs from where the run began, in what is about to be committed."""
        line = ("diff", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames")
        raw = self.git(at, *line, "--ignore-submodules=none", began.began, "--").text.split("\0")
        for about, path in zip(raw[:-1:2], raw[1::2], strict=True):
            old, new, _, sha, _ = about.removeprefix(":").split()
            target = self._target(at, sha) if new == LINK else None
            yield Change(path, old, new, target=target)

    def _target(self, at: At, sha: str) -> str:
        return self.git(at, "cat-file", "blob", sha).text[:LONGEST_LINK]

    def _head(self, at: At) -> str:
        return self.git(at, "rev-parse", "HEAD").text.strip()

    def _pushed(self, at: At, began: Began, beat: Beat) -> str | None:
        """
        The commit that is on the platform now; None if somebody else pushed first.

        Raises:
            ClientError: If the push was declined.
            PlatformError: As git does.
        """
        sha = self._head(at)
        line = ("push", "--porcelain", "--no-verify", "origin", f"{sha}:refs/heads/{began.branch}")
        run = Run(network=began.repository, beat=beat, accepted=(0, 1))
        said = self.git(at, *line, run=run)
        if said.code == 0:
            return sha
        why = refused_ref(said)
        if any(words in why for words in BEHIND):
            return None
        raise meaning("push", f"{said.complaint}\n{why}")

    def _on_top(self, at: At, began: Began, beat: Beat) -> Began:
        """Our commits on top of what somebody else pushed to the branch, and where that is."""
        network = Run(network=began.repository, beat=beat, author=self.author)
        line = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--filter=blob:none")
        ref = f"refs/contexten/{at.folder.name}"
        self.git(at, *line, "origin", f"+refs/heads/{began.branch}:{ref}", run=network)
        theirs = self.git(at, "rev-parse", ref).text.strip()
        accepted = Run(
            network=began.repository, beat=beat, author=self.author, accepted=(0, 1, 128)
        )
        if self.git(at, "rebase", "--quiet", theirs, run=accepted).code:
            self.git(at, "rebase", "--abort", run=Run(accepted=(0, 128)))
            reason = "somebody else pushed changes to the branch that do not go with these"
            raise ClientError(reason, platform=PLATFORM)
        if at.tree is not None:
            note_passwords(at.tree)  # of which some may be files anew
        return Began(began.repository, began.branch, began.base, began.base_sha, theirs)


def worded(message: str) -> str:
    """
    *message* as a commit may have it.

    Raises:
        ClientError: If it says nothing.
    """
    lines = message.replace("\0", "").replace("\r", "").strip()[:LONGEST_MESSAGE].split("\n")
    kept = [line for line in lines if not line.lower().startswith(f"{TRAILER.lower()}:")]
    if not any(kept):
        raise ClientError("say in the message what was changed", platform=PLATFORM)
    return "\n".join(kept)


def shown(text: str) -> str:
    """*text*, in which names of files may be no text, as one can send it."""
    return text.encode("utf-8", "surrogateescape").decode(errors="replace")


def refused_ref(said: Said) -> str:
    """Why a push did not move the branch, as git tells; empty if it does not."""
    lines = (line.split("\t") for line in said.text.splitlines() if line.startswith("!"))
    return next((line[-1] for line in lines), "")


def repositories_in(tree: Path) -> Iterator[str]:
    """The folders in a working tree that are repositories of their own."""
    for at, folders, names in os.walk(tree):
        if at != str(tree) and (".git" in folders or ".git" in names):
            yield os.path.relpath(at, tree)
        if at == str(tree) and ".git" in folders:
            folders.remove(".git")
