"""GitHub's answers as our values. What cannot be read is a garbled answer, whatever it is."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from activities.clients.github_errors import GARBLED, PLATFORM, garbled, name
from contexten.errors import ClientError
from contexten.github import Attempt, FileText, Found, Numbered, Posted, PullRequest
from contexten.sweep import leads_to_us

T = TypeVar("T")


def read(shape: Callable[[Any], T], answer: Any) -> T:
    """
    *answer* in the given *shape*.

    Raises:
        TransientError: If it does not have that shape.
    """
    try:
        return shape(answer)
    except GARBLED as error:
        raise garbled(name(error)) from None


def objects(answer: Any) -> list[dict[str, Any]]:
    """
    A list of objects, as they came.

    Raises:
        TypeError: If it is anything else.
    """
    if not isinstance(answer, list) or not all(isinstance(item, dict) for item in answer):
        raise TypeError("not a list of objects")
    return answer


def check_runs(answer: Any) -> list[dict[str, Any]]:
    """
    The check runs of a commit, as they came.

    Raises:
        TypeError: If it is anything else.
    """
    return objects(answer["check_runs"])


def posted(answer: Any) -> Posted:
    """Something that has an id and an address."""
    return Posted(int(answer["id"]), str(answer["html_url"]))


def numbered(answer: Any) -> Numbered:
    """An issue or pull request, in short."""
    return Numbered(int(answer["number"]), int(answer["id"]), str(answer["html_url"]))


def pull_request(answer: Any) -> PullRequest:
    """A pull request."""
    return PullRequest(
        number=int(answer["number"]),
        id=int(answer["id"]),
        url=str(answer["html_url"]),
        title=str(answer["title"]),
        body=answer.get("body") or "",
        state=str(answer["state"]),
        draft=bool(answer.get("draft")),
        merged=bool(answer.get("merged")),
        head=str(answer["head"]["ref"]),
        head_sha=str(answer["head"]["sha"]),
        base=str(answer["base"]["ref"]),
        labels=label_names(answer.get("labels") or []),
        head_repository=(answer["head"].get("repo") or {}).get("full_name"),
    )


def label_names(answer: Any) -> tuple[str, ...]:
    """The names of labels."""
    return tuple(str(label["name"]) for label in answer)


def found(answer: Any) -> tuple[Found, ...]:
    """What a search found."""
    return tuple(match(item) for item in answer["items"])


def match(answer: Any) -> Found:
    """One thing that a search found; GitHub gives its repository as an address only."""
    owner, repository = str(answer["url"]).split("/")[-4:-2]
    return Found(
        repository=f"{owner}/{repository}",
        number=int(answer["number"]),
        title=str(answer["title"]),
        state=str(answer["state"]),
        url=str(answer["html_url"]),
        is_pull_request="pull_request" in answer,
    )


def file_text(answer: Any) -> FileText:
    """
    The text of a file.

    Raises:
        ClientError: If it is a folder, too large to be shown (1 MB), or no text.
    """
    if isinstance(answer, list) or answer["type"] != "file":
        raise ClientError("that path is no file", platform=PLATFORM)
    if answer["encoding"] != "base64":
        raise ClientError("that file is larger than GitHub shows, 1 MB", platform=PLATFORM)
    try:
        text = base64.b64decode(answer["content"]).decode()
    except UnicodeDecodeError:
        raise ClientError("that file is no text in UTF-8", platform=PLATFORM) from None
    return FileText(str(answer["path"]), str(answer["sha"]), text)


def hook_ids(door: str | None) -> Callable[[Any], list[int]]:
    """How to read the ids of the webhooks that are active and lead to our *door*."""

    def shape(answer: Any) -> list[int]:
        active = (hook for hook in answer if hook.get("active", True))
        return [int(h["id"]) for h in active if leads_to_us(str(h["config"].get("url")), door)]

    return shape


def attempts(hook: int | None) -> Callable[[Any], list[Attempt]]:
    """How to read the attempts to deliver to *hook*."""

    def shape(answer: Any) -> list[Attempt]:
        return [attempt(hook, one) for one in answer]

    return shape


def attempt(hook: int | None, answer: Any) -> Attempt:
    """One attempt to deliver to *hook*."""
    return Attempt(
        id=int(answer["id"]),
        guid=str(answer["guid"]),
        hook_id=hook,
        event=str(answer["event"]),
        delivered_at=datetime.fromisoformat(answer["delivered_at"]).astimezone(UTC),
        status_code=int(answer.get("status_code") or 0),
        redelivery=bool(answer.get("redelivery")),
    )
