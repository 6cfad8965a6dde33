"""
Failing checks of our own pull requests: which event says so, and how often we try.

How often we tried stands on the pull request itself, in a mark in each comment by which we said
so: ``<!-- contexten-fix:<commit> -->``. It outlives every run, and who deletes the comments gives
us another try. Somebody else can write such a mark too; all that leads to is fewer tries.
"""

import re
from collections.abc import Sequence

from contexten.delivery import Event
from contexten.github import Check
from contexten.payload import dig, objects, text
from contexten.subject import is_at_home, is_ours

AT_MOST = 3
MARK = re.compile(r"<!-- contexten-fix:([0-9a-f]{7,64}) -->")
BROKEN = frozenset({"failure", "timed_out", "startup_failure"})
CHECKS = ("check_run", "check_suite", "workflow_run")
LONGEST = 12_000


def failed_pull(event: Event) -> object | None:
    """The pull request of ours whose check failed, as *event* tells of it; None if it does not."""
    if event.name not in CHECKS or event.action != "completed":
        return None
    if text(event.payload, event.name, "conclusion") not in BROKEN:
        return None
    pulls = objects(event.payload, event.name, "pull_requests")
    if len(pulls) != 1 or not is_ours(text(pulls[0], "head", "ref")):
        return None
    return pulls[0] if is_at_home(event, pulls[0]) else None


def failed_commit(event: Event) -> str | None:
    """The commit that the check in *event* was of."""
    return text(event.payload, event.name, "head_sha")


def is_behind(event: Event, pull: object) -> bool:
    """Whether the check in *event* was of a commit that is not the newest of *pull* any more."""
    newest = dig(pull, "head", "sha")
    return isinstance(newest, str) and newest != failed_commit(event)


def tried(bodies: Sequence[str]) -> tuple[str, ...]:
    """The commits that we said we would mend, each once, out of all comments."""
    return tuple(dict.fromkeys(sha for body in bodies for sha in MARK.findall(body)))


def announced(commit: str, already: int) -> str:
    """What we say on a pull request before we try, or that we give it up."""
    mark = f"<!-- contexten-fix:{commit} -->"
    if already < AT_MOST:
        this = f"try {already + 1} of {AT_MOST}"
        return f"Checks of {commit[:8]} failed. I look into it: {this}.\n{mark}"
    return (
        f"Checks still fail after {AT_MOST} tries of mine. "
        f"I stop here: somebody has to look at it.\n{mark}"
    )


def words_for(checks: Sequence[Check]) -> str:
    """What a run is told of *checks*: those that failed, and what they found."""
    failed = [one for one in checks if one.conclusion in BROKEN]
    lines = ["These checks failed. Find out why and mend it."]
    lines += [f"\n{one.name}: {one.conclusion} ({one.url})\n{one.summary}" for one in failed]
    return "\n".join(lines)[:LONGEST]
