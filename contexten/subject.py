"""
What an event is about as far as runs go: a ticket and its pull request are one subject.

A pull request belongs to the context that it was made for, which can be told

    by its branch    ``contexten/<context>-<digits>`` is ours, and the digits prove the context
    by its ticket    a branch as Linear names them, ``ada/eng-7-mend-it``, of a pull request whose
                     title or text has ``ENG-7`` as well, or links to that ticket on Linear
"""

import re
from hashlib import sha256

from contexten.delivery import Event, Platform
from contexten.payload import dig, number, objects, text

OURS = "contexten/"
TICKET = re.compile(r"(?:^|/)([a-z][a-z0-9]{0,9})-([0-9]{1,9})(?:[-_/]|$)", re.IGNORECASE)
LINKED = re.compile(r"https://linear\.app/[\w-]+/issue/([A-Za-z0-9_]{1,40}-[0-9]{1,12})\b")


def branch_for(context: str) -> str:
    """
    The branch that the run of *context* works on: the same whenever it runs again.

    >>> branch_for("github/octo/hello#7")
    'contexten/github-octo-hello-7-ce1e52'
    """
    plain = re.sub(r"[^a-z0-9]+", "-", context.lower()).strip("-")[:60].rstrip("-")
    return f"{OURS}{plain}-{sha256(context.encode()).hexdigest()[:6]}"


def is_ours(branch: str | None) -> bool:
    """Whether *branch* is named as those are that runs work on."""
    return bool(branch) and str(branch).startswith(OURS)


def context_of_branch(branch: str, repository: str) -> str | None:
    """
    The context whose run works on *branch* of *repository*; None if it is no run's.

    >>> context_of_branch("contexten/github-octo-hello-7-ce1e52", "octo/hello")
    'github/octo/hello#7'
    """
    words = branch.removeprefix(OURS).rpartition("-")[0]
    guesses = []
    if number := re.search(r"-([0-9]+)$", words):
        guesses.append(f"github/{repository}#{number[1]}")
    if ticket := re.fullmatch(r"linear-([a-z0-9-]+)-([0-9]+)", words):
        key = ticket[1].upper()
        guesses += [f"linear/{key}-{ticket[2]}", f"linear/{key.replace('-', '_')}-{ticket[2]}"]
    if thread := re.fullmatch(r"slack-([a-z0-9]+)-([0-9]+)-([0-9]+)", words):
        guesses.append(f"slack/{thread[1].upper()}/{thread[2]}.{thread[3]}")
    return next((one for one in guesses if branch_for(one) == branch), None)


def context_of_pull(repository: str, number: int, branch: str, words: str) -> str:
    """
    The context that the pull request *number* belongs to: another's, or its own.

    Args:
        repository: ``owner/name``.
        number: The pull request's.
        branch: The one that has its changes.
        words: Its title and text.
    """
    if is_ours(branch) and (found := context_of_branch(branch, repository)):
        return found
    linked = LINKED.search(words)
    if linked:
        return f"linear/{linked[1].upper()}"
    named = TICKET.search(branch)
    if named:
        ticket = f"{named[1]}-{named[2]}".upper()
        if re.search(rf"(?<![\w-]){re.escape(ticket)}(?![\w-])", words):
            return f"linear/{ticket}"
    return f"github/{repository}#{number}"


def agent_context(event: Event) -> str | None:
    """
    The context whose run *event* is for; None if it is about nothing that can have one.

    What a comment's delivery does not say of its pull request, this cannot know: see
    :func:`context_of_pull`.
    """
    if event.platform is not Platform.GITHUB or event.context is None or event.repository is None:
        return event.context
    pull = event.payload.get("pull_request") if isinstance(event.payload, dict) else None
    if pull is None:
        pull = checked_pull(event)
    branch = text(pull, "head", "ref")
    if branch is None or not is_at_home(event, pull):
        return event.context
    words = f"{text(pull, 'title') or ''}\n{text(pull, 'body') or ''}"
    at = event.context.rpartition("#")[2]
    return context_of_pull(event.repository, int(at), branch, words)


def is_at_home(event: Event, pull: object) -> bool:
    """Whether the branch of *pull* is in the repository of *event*: from a fork all is hearsay."""
    home = number(event.payload, "repository", "id")
    return home is not None and number(pull, "head", "repo", "id") == home


def checked_pull(event: Event) -> object:
    """The one pull request that a check in *event* belongs to; None if there is none."""
    for thing in ("check_run", "check_suite", "workflow_run"):
        pulls = objects(event.payload, thing, "pull_requests")
        if len(pulls) == 1:
            return pulls[0]
    return None


def is_about_pull(event: Event) -> bool:
    """Whether a comment's *event* is about a pull request of which it does not say the branch."""
    return isinstance(dig(event.payload, "issue", "pull_request"), dict)
