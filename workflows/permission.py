"""Whether who caused an event may have work begun, asked of the platform it came from."""

from dataclasses import dataclass

from temporalio.exceptions import ActivityError

from contexten.asking import mentions
from contexten.classification import classified
from contexten.delivery import Event, Platform
from contexten.errors import Recovery
from contexten.github import Issue
from contexten.payload import number
from contexten.permission import (
    WRITERS,
    changed_since,
    refused_on_linear,
    refused_on_slack,
    text_hash,
    to_be_approved,
)
from workflows import github, linear, slack

UNKNOWN = "I only work for members of this workspace, and I cannot see that you are one."


@dataclass(frozen=True, slots=True)
class Approved:
    """A text that a maintainer approved: what it says, under which title, and who wrote it."""

    title: str
    words: str
    by: str | None


async def refusal(event: Event) -> str | None:
    """
    Why who caused *event* may not have work begun, in words for them; None if they may.

    Raises:
        ActivityError: If the platform could not be asked.
    """
    if event.sent_by_bot or event.sender is None:
        return "I do not work for bots."
    if event.platform is Platform.GITHUB:
        return None if await may_write(event) else await how_to_approve(event)
    try:
        if event.platform is Platform.LINEAR:
            return refused_on_linear(await linear.read_user(event.sender))
        return refused_on_slack(await slack.read_user(event.sender))
    except ActivityError as error:
        if classified(error).recovery is not Recovery.SKIP:
            raise
        return UNKNOWN


async def may_write(event: Event) -> bool:
    """Whether the sender of the GitHub *event* may write to its repository."""
    if event.repository is None or event.sender is None or event.sent_by_bot:
        return False
    return await github.read_permission(event.repository, event.sender) in WRITERS


async def how_to_approve(event: Event) -> str | None:
    """What the sender of the GitHub *event* is told, with the digits of the text as it is now."""
    at = number_of(event)
    if event.repository is None or at is None:
        return "I only work for people who may write to this repository."
    issue = await github.read_issue(event.repository, at)
    commit = await commit_of(event.repository, issue)
    comment_id = number(event.payload, "comment", "id")
    if comment_id is None or event.name != "issue_comment":
        digits = text_hash(issue.title, issue.body, issue.author, commit=commit)
    else:
        said = await github.read_comment(event.repository, comment_id)
        digits = text_hash(issue.title, issue.body, said.author, said.body, commit)
    return to_be_approved(event.triggers.mention, digits)


async def approved(event: Event, digits: str) -> Approved | str:
    """
    The text that *digits* stand for, read anew, or why it is not worked on, in words.

    The caller knows that the sender of *event* may write to the repository.
    """
    at = number_of(event)
    if event.repository is None or at is None:
        return changed_since(event.triggers.mention, digits)
    issue = await github.read_issue(event.repository, at)
    commit = await commit_of(event.repository, issue)
    if text_hash(issue.title, issue.body, issue.author, commit=commit) == digits:
        return Approved(issue.title, issue.body, issue.author)
    for said in await github.list_comments(event.repository, at):
        if said.by_bot or not mentions(said.body, event.triggers.mention):
            continue
        if text_hash(issue.title, issue.body, said.author, said.body, commit) == digits:
            return Approved(issue.title, said.body, said.author)
    return changed_since(event.triggers.mention, digits)


async def commit_of(repository: str, issue: Issue) -> str:
    """The newest commit of a pull request: what is worked on there; empty for an issue."""
    if not issue.is_pull_request:
        return ""
    return (await github.read_pull_request(repository, issue.number)).head_sha


def number_of(event: Event) -> int | None:
    """The number of the issue or pull request that *event* is about."""
    _, _, at = (event.context or "").rpartition("#")
    return int(at) if at.isdecimal() else None
