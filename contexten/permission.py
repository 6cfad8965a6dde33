"""
Who may have work begun, and on which repository.

    GitHub   who may write to the repository; for others a maintainer may approve the exact text
    Linear   members of the workspace, not guests and not apps
    Slack    members of the workspace, not guests, not people of other workspaces, not bots

Everybody may write to us; that somebody of these asks is what makes it work.
"""

import re
from hashlib import sha256

from contexten.agent import Terms
from contexten.github import Permission
from contexten.linear import User as LinearUser
from contexten.slack import User as SlackUser

WRITERS = frozenset({Permission.ADMIN, Permission.WRITE})
NAMED = re.compile(
    r"(?<![\w/])repo:([A-Za-z0-9_-]{1,100}/[A-Za-z0-9._-]{1,100}?)(?=[\s,;)>]|\.?$|\.\s)"
)
DIGITS = 12


def text_hash(
    title: str, body: str, author: str | None, comment: str = "", commit: str = ""
) -> str:
    """
    What a maintainer approves by: 12 hexadecimal digits that stand for the exact text asked.

    Args:
        title: That of the issue or pull request.
        body: Its text.
        author: Who wrote what is asked: the comment, or else the issue.
        comment: The comment that asks; empty if the issue itself does.
        commit: The newest commit of a pull request; empty for an issue.

    >>> text_hash("It breaks", "Mend it.", "ada")
    'f166cb860ed3'
    """
    parts = (title, body, author or "", comment, commit)
    named = "".join(f"{len(one)}:{one}\n" for one in parts)
    return sha256(named.encode(errors="replace")).hexdigest()[:DIGITS]


def to_be_approved(mention: str, digits: str) -> str:
    """What somebody is told whose text a maintainer must approve first."""
    return (
        "I only work for people who may write to this repository. "
        "One of them can have me work on exactly this by the comment\n\n"
        f"    {mention} approve {digits}\n\nIf it is changed, that no longer holds."
    )


def changed_since(mention: str, digits: str) -> str:
    """What a maintainer is told who approved a text that is not there, or no longer."""
    return (
        f"I did not begin: nothing asked here has the digits {digits[:DIGITS]}. "
        "The text was changed since, or is gone. "
        f"Ask me yourself with {mention} if you want what it says now."
    )


def refused_on_linear(user: LinearUser) -> str | None:
    """Why *user* may not have work begun, in words for them; None if they may."""
    if user.app:
        return "I do not work for apps."
    if not user.active or user.guest:
        return "I only work for members of this workspace, and you are a guest here."
    return None


def refused_on_slack(user: SlackUser) -> str | None:
    """Why *user* may not have work begun, in words for them; None if they may."""
    if user.is_bot:
        return "I do not work for bots."
    if user.is_stranger:
        return "I only work for members of my own workspace, and you are of another one."
    if user.is_restricted or user.deleted:
        return "I only work for members of this workspace, and you are a guest here."
    return None


def repository_in(words: str) -> str | None:
    """
    The repository that *words* name; None if they name none.

    >>> repository_in("Mend it in repo:octo/hello, please.")
    'octo/hello'
    """
    found = NAMED.search(words)
    return found[1] if found else None


def repository_for(words: str, terms: Terms) -> str | None:
    """
    The repository that a ticket or thread is about: what it names, else what is set.

    Raises:
        ValueError: If runs may not work on it; the message is for who asked.
    """
    wanted = repository_in(words) or terms.repository
    if wanted is not None:
        refuse_repository(wanted, terms)
    return wanted


def refuse_repository(repository: str, terms: Terms) -> None:
    """
    Raises:
        ValueError: If runs may not work on *repository*; the message is for who asked.
    """
    allowed = {one.casefold() for one in terms.repositories}
    if allowed and repository.casefold() not in allowed:
        raise ValueError(f"I may not work on {repository}.")
