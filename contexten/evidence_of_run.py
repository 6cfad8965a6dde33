"""What there has to be of what a run says it did, and what of that is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from contexten.agent import Ask, Ending
from contexten.agent_run import Ended, Run, places
from contexten.codebase import BranchAt
from contexten.github import PullRequest
from contexten.place import Place

PULL = ("pr", "pull_request", "pull request")
LOST = "the answer was posted and is not there"
FAILURE = ("failed", "failure", "error")
BRANCH = ("branch", "commit")


@dataclass(frozen=True, slots=True)
class Found:
    """
    What was found when it was looked up.

    Attributes:
        branch: The branch as it stands on the platform; None if nobody looked, or it is not there.
        pull: The pull request as it stands; None if nobody looked, or it is not there.
        unseen: What could not be looked up, and why.
    """

    branch: BranchAt | None = None
    pull: PullRequest | None = None
    unseen: tuple[str, ...] = ()


def is_failure(outcome: str) -> bool:
    """
    Whether *outcome* says that the work could not be done.

    >>> is_failure("Failed"), is_failure("answer")
    (True, False)
    """
    return outcome.strip().lower() in FAILURE


def missing(run: Run, outcome: str, found: Found) -> tuple[str, ...]:
    """What is not there of what *run* did and, by *outcome*, says it did; in plain words."""
    said = outcome.strip().lower()
    lacking = list(found.unseen)
    if said in PULL and run.pull is None and run.first.pull is None:
        lacking.append("no pull request was opened")
    if said in BRANCH and run.head is None:
        lacking.append("nothing was committed")
    return (*lacking, *of_branch(run, found), *of_pull(run, found))


def of_branch(run: Run, found: Found) -> Sequence[str]:
    """What is wrong with the branch that *run* pushed to."""
    if run.head is None or run.checkout is None or found.unseen:
        return ()
    branch = run.checkout.branch
    if found.branch is None or found.branch.head_sha is None:
        return (f"there is no branch {branch}",)
    if found.branch.head_sha != run.head:
        at = found.branch.head_sha[:12]
        return (f"the branch {branch} is at {at}, not at your commit {run.head[:12]}",)
    return ()


def of_pull(run: Run, found: Found) -> Sequence[str]:
    """What is wrong with the pull request that *run* opened."""
    if run.pull is None or run.checkout is None or found.unseen:
        return ()
    number, pull = run.pull.number, found.pull
    if pull is None:
        return (f"there is no pull request #{number}",)
    if pull.state != "open" and not pull.merged:
        return (f"pull request #{number} is {pull.state}",)
    if pull.head != run.checkout.branch:
        return (f"pull request #{number} is from {pull.head}, not from {run.checkout.branch}",)
    if run.head and pull.head_sha != run.head and not pull.merged:
        return (f"pull request #{number} does not have your commit {run.head[:12]}",)
    return ()


class Answer(StrEnum):
    """What became of an answer of a run, as far as it could be looked up."""

    THERE = "there"
    LOST = "posted and not there"
    UNSEEN = "posted and not looked up"
    UNTOLD = "not posted"


Answers = Mapping[Place, Answer]


def unanswered(run: Run, answers: Answers) -> tuple[Ask, ...]:
    """The asks of *run* whose answer was posted and is not there."""
    asks = places(run.untold or (run.first,))
    return tuple(ask for place, ask in asks.items() if answers.get(place) is Answer.LOST)


def shown(place: Place) -> str:
    """
    *place* in a word or two.

    >>> from contexten.delivery import Platform
    >>> shown(Place(Platform.GITHUB, "octo/hello", "7"))
    'github octo/hello 7'
    """
    return " ".join(filter(None, (place.platform, place.of, place.at)))


def seen_to_end(ended: Ended, answers: Answers) -> Ended:
    """*ended*, if its *answers* can be seen as far as anybody can look; else that it failed."""
    lost = ", ".join(shown(place) for place, one in answers.items() if one is Answer.LOST)
    if not lost:
        return ended
    words = f"{LOST} ({lost}); but for that it was {ended.ending}: {ended.words}"
    return Ended(Ending.FAILED, words, lost=True)
