"""What a run says it did is believed only as far as it was seen."""

from dataclasses import replace

import pytest
from asked import of_issue, of_thread, of_ticket

from contexten.agent import Ending
from contexten.agent_run import Ended, Pull, Run
from contexten.codebase import BranchAt, Checkout
from contexten.evidence_of_run import Answer, Found, is_failure, missing, seen_to_end, unanswered
from contexten.github import PullRequest

HEAD, OTHER = "a" * 40, "b" * 40
BRANCH = BranchAt("octo/hello", "contexten/7", HEAD)
COPY = Checkout("tools", "run", "octo/hello", "contexten/7", "main", OTHER, OTHER, True)
PULL = PullRequest(
    id=1, number=9, title="Mend", body="", state="open", merged=False, draft=False,
    head="contexten/7", head_sha=HEAD, head_repository="octo/hello", base="main", labels=(),
    url="https://github.example/9",
)  # fmt: skip
DONE = Ended(Ending.DONE, "It is mended.")


def a_run(*, head: str | None = HEAD, pull: bool = False) -> Run:
    """A run on the issue, with a working copy."""
    run = replace(Run.of(of_issue(), "trace").on(COPY), head=head)
    return replace(run, pull=Pull(9, PULL.url)) if pull else run


@pytest.mark.parametrize("outcome", ["answer", "branch", "pull_request"])
def test_what_is_there_is_not_missing(outcome: str) -> None:
    assert missing(a_run(pull=True), outcome, Found(BRANCH, PULL, ())) == ()


@pytest.mark.parametrize(
    ("run", "outcome", "found", "words"),
    [
        (a_run(head=None), "branch", Found(None, None, ()), "nothing was committed"),
        (a_run(), "pull_request", Found(BRANCH, None, ()), "pull request"),
        (a_run(), "branch", Found(replace(BRANCH, head_sha=OTHER), None, ()), "not at your commit"),
        (a_run(), "branch", Found(BRANCH, None, ("the branch could not be seen",)), "could not"),
        (
            a_run(pull=True),
            "pull_request",
            Found(BRANCH, replace(PULL, head_sha=OTHER), ()),
            "does not have your commit",
        ),
    ],
)
def test_what_is_not_there_is_said(run: Run, outcome: str, found: Found, words: str) -> None:
    assert words in "; ".join(missing(run, outcome, found))


def test_an_answer_that_is_not_there_makes_a_failure_of_any_end() -> None:
    ask, other = of_issue(), of_thread()
    run = replace(Run.of(ask, "trace"), untold=(ask, other))
    answers = {ask.place: Answer.THERE, other.place: Answer.LOST}

    ended = seen_to_end(DONE, answers)

    assert (ended.ending, ended.lost) == (Ending.FAILED, True)
    assert "slack C01" in ended.words
    assert "It is mended." in ended.words
    assert unanswered(run, answers) == (other,)


@pytest.mark.parametrize("one", [Answer.THERE, Answer.UNSEEN, Answer.UNTOLD])
def test_nobody_is_accused_of_what_could_not_be_looked_up(one: Answer) -> None:
    ask = of_ticket()
    answers = {ask.place: one}

    assert seen_to_end(DONE, answers) is DONE
    assert unanswered(Run.of(ask, "trace"), answers) == ()


@pytest.mark.parametrize(
    ("outcome", "failed"), [("failed", True), ("pull_request", False), ("answer", False)]
)
def test_an_outcome_that_says_so_is_a_failure(outcome: str, failed: bool) -> None:
    assert is_failure(outcome) is failed
