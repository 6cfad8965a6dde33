"""What GitHub shows of what people wrote and machines found, as our values, and how much of it."""

from collections.abc import Sequence
from typing import Any

from activities.clients.github_answers import label_names
from contexten.github import Check, Diff, Issue, Permission, Remark

LONGEST_SUMMARY = 2_000
LONGEST_TOGETHER = 200_000


def permission(answer: Any) -> Permission:
    """What somebody may do."""
    return Permission(answer["permission"])


def author(answer: Any) -> str | None:
    """The login of who wrote it; None if they are gone."""
    user = answer.get("user")
    return str(user["login"]) if user else None


def issue(answer: Any) -> Issue:
    """An issue or pull request as people read it."""
    return Issue(
        number=int(answer["number"]),
        title=str(answer["title"]),
        body=answer.get("body") or "",
        author=author(answer),
        author_association=str(answer.get("author_association") or "NONE"),
        state=str(answer["state"]),
        labels=label_names(answer.get("labels") or []),
        url=str(answer["html_url"]),
        is_pull_request="pull_request" in answer,
    )


def remark(answer: Any) -> Remark:
    """A comment."""
    user = answer.get("user") or {}
    return Remark(
        id=int(answer["id"]),
        author=author(answer),
        by_bot=user.get("type") == "Bot",
        author_association=str(answer.get("author_association") or "NONE"),
        body=answer.get("body") or "",
        url=str(answer["html_url"]),
    )


def latest(found: Sequence[Remark], most: int) -> tuple[Remark, ...]:
    """The last *most* of *found* that are not too long together."""
    kept: list[Remark] = []
    left = LONGEST_TOGETHER
    for one in reversed(found[-max(most, 1) :]):
        left -= len(one.body)
        if left < 0:
            break
        kept.append(one)
    return tuple(reversed(kept))


def check(answer: Any) -> Check:
    """A check as it stands."""
    output = answer.get("output") or {}
    said = [output.get("title"), output.get("summary")]
    conclusion = answer.get("conclusion")
    return Check(
        id=int(answer["id"]),
        name=str(answer["name"]),
        status=str(answer["status"]),
        conclusion=str(conclusion) if conclusion else None,
        url=str(answer.get("html_url") or answer.get("url") or ""),
        summary="\n".join(str(one) for one in said if one)[:LONGEST_SUMMARY],
    )


def patch(answer: Any) -> str:
    """What happens to one file, as a unified diff; without text, that something does."""
    name, status = str(answer["filename"]), str(answer["status"])
    before = str(answer.get("previous_filename") or name)
    old = "/dev/null" if status == "added" else f"a/{before}"
    new = "/dev/null" if status == "removed" else f"b/{name}"
    text = answer.get("patch")
    body = str(text) if text else f"({status}; no text to show)"
    return f"--- {old}\n+++ {new}\n{body}\n"


def diff(patches: Sequence[str]) -> Diff:
    """As many of *patches*, as far as they are not too long together in bytes."""
    whole = "".join(patches).encode()
    text = whole[:LONGEST_TOGETHER].decode(errors="ignore")
    return Diff(text, len(patches), len(whole) <= LONGEST_TOGETHER)
