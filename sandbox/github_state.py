"""
What stands on the sandbox's GitHub, and how GitHub shows it.

A repository exists as soon as it is addressed, unless its owner is ``missing``.
An issue or pull request likewise, unless its number is 900000 or more: payloads
from elsewhere can then be answered without being arranged first. What is created
gets numbers above every number addressed so far, from 1001 on.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.github_refused import RefusedError

FIRST_MISSING = 900_000
LOGIN = "contexten[bot]"
SOMEBODY = "somebody"
Shown = dict[str, Any]

_ids = itertools.count(1)


def next_id() -> int:
    """An id no other record has."""
    return next(_ids)


def now() -> str:
    """The time as GitHub writes it: whole seconds, UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def user(login: str = LOGIN) -> Shown:
    """Who did it."""
    return {"login": login, "id": 1, "type": "Bot" if login.endswith("[bot]") else "User"}


def association(login: str) -> str:
    """What GitHub calls somebody in a repository."""
    return "NONE" if login == LOGIN or login.startswith("stranger") else "MEMBER"


@dataclass(slots=True)
class Remark:
    """A comment of any sort: on an issue, or on a line of a pull request."""

    number: int
    body: str
    extra: Shown = field(default_factory=dict)
    author: str = LOGIN
    id: int = field(default_factory=next_id)
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)
    reactions: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Issue:
    """An issue, or a pull request if it has a head."""

    number: int
    title: str
    body: str | None = None
    head: str | None = None
    base: str | None = None
    head_sha: str | None = None
    base_sha: str | None = None
    draft: bool = False
    state: str = "open"
    locked: bool = False
    author: str = LOGIN
    labels: list[str] = field(default_factory=list)
    id: int = field(default_factory=next_id)
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)
    reactions: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Check:
    """A check run on one commit."""

    name: str
    head_sha: str
    status: str
    conclusion: str | None
    external_id: str
    output: Shown
    id: int = field(default_factory=next_id)
    started_at: str = field(default_factory=now)


@dataclass(slots=True)
class Repository:
    """All that is in one repository."""

    full_name: str
    id: int = field(default_factory=next_id)
    highest: int = 1000
    issues: dict[int, Issue] = field(default_factory=dict)
    pulls: dict[int, Issue] = field(default_factory=dict)
    comments: dict[int, Remark] = field(default_factory=dict)
    review_comments: dict[int, Remark] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    files: dict[tuple[str, str], str] = field(default_factory=dict)
    real: bool = False
    writable: bool = True
    reviews: dict[int, Remark] = field(default_factory=dict)
    patches: dict[int, list[Shown]] = field(default_factory=dict)
    permissions: dict[str, str] = field(default_factory=dict)

    def issue(self, number: int) -> Issue:
        """
        The issue or pull request *number*, which exists once it is asked for.

        Raises:
            RefusedError: 404, if the number is one of those that do not.
        """
        if number in self.pulls:
            return self.pulls[number]
        if not 0 < number < FIRST_MISSING:
            raise RefusedError(404, "Not Found")
        self.highest = max(self.highest, number)
        return self.issues.setdefault(number, Issue(number, f"Issue {number}", author=SOMEBODY))

    def pull(self, number: int) -> Issue:
        """
        The pull request *number*, which exists once it is asked for.

        Raises:
            RefusedError: 404, if the number is one of those that do not.
        """
        if number not in self.pulls:
            if self.real:
                raise RefusedError(404, "Not Found")
            issue = self.issue(number)
            issue.head, issue.base = f"branch-{number}", "main"
            self.pulls[number] = issue
            self.issues.pop(number, None)
        return self.pulls[number]

    def next_number(self) -> int:
        """A number for what is created now."""
        self.highest += 1
        return self.highest


class GithubState:
    """All repositories; *is_real* says which of them git has."""

    def __init__(self, is_real: Callable[[str], bool] = lambda name: False) -> None:
        self._is_real = is_real
        self.repositories: dict[str, Repository] = {}
        self.renamed: dict[str, str] = {}

    def name_of(self, id_: int) -> str | None:
        """What the repository of that id is called; None if there is none."""
        names = (one.full_name for one in self.repositories.values() if one.id == id_)
        return next(names, None)

    def repository(self, owner: str, name: str) -> Repository:
        """
        The repository ``owner/name``, which exists once it is asked for.

        Raises:
            RefusedError: 404 for owner ``missing``; 403 for owner ``forbidden``.
        """
        if owner == "missing":
            raise RefusedError(404, "Not Found")
        if owner == "forbidden":
            raise RefusedError(403, "Resource not accessible by personal access token")
        full_name = f"{owner}/{name}"
        found = self.repositories.setdefault(full_name, Repository(full_name))
        found.real = self._is_real(full_name)
        return found


class Shape:
    """How the records of one repository look from outside, under the address *api*."""

    def __init__(self, repository: Repository, api: str) -> None:
        self._name = repository.full_name
        self._id = repository.id
        self._api = f"{api}/repos/{repository.full_name}"
        self._html = f"{api}/{repository.full_name}"

    def repository(self) -> Shown:
        """The repository itself."""
        owner, _, name = self._name.partition("/")
        shown = {"id": self._id, "name": name, "full_name": self._name, "owner": user(owner)}
        return shown | {
            "private": False,
            "default_branch": "main",
            "url": self._api,
            "html_url": self._html,
        }

    def issue(self, issue: Issue) -> Shown:
        """An issue, or a pull request seen as one."""
        shown = self._common(issue) | {
            "url": f"{self._api}/issues/{issue.number}",
            "html_url": f"{self._html}/issues/{issue.number}",
        }
        if issue.head:
            shown["pull_request"] = {"url": f"{self._api}/pulls/{issue.number}"}
        return shown

    def pull(self, pull: Issue) -> Shown:
        """A pull request."""
        owner = self._name.partition("/")[0]
        return self._common(pull) | {
            "url": f"{self._api}/pulls/{pull.number}",
            "html_url": f"{self._html}/pull/{pull.number}",
            "draft": pull.draft,
            "merged": False,
            "mergeable": True,
            "head": {
                "ref": pull.head,
                "label": f"{owner}:{pull.head}",
                "sha": pull.head_sha or f"{pull.number:040x}",
                "repo": {"id": self._id, "full_name": self._name},
            },
            "base": {
                "ref": pull.base,
                "label": f"{owner}:{pull.base}",
                "sha": pull.base_sha or "0" * 40,
            },
        }

    def _common(self, issue: Issue) -> Shown:
        return {
            "id": issue.id,
            "number": issue.number,
            "title": issue.title,
            "body": issue.body,
            "state": issue.state,
            "locked": issue.locked,
            "user": user(issue.author),
            "author_association": association(issue.author),
            "labels": [self.label(name) for name in issue.labels],
            "created_at": issue.created_at,
            "updated_at": issue.updated_at,
        }

    def comment(self, comment: Remark) -> Shown:
        """A comment on an issue or pull request."""
        return self._remark(comment) | {
            "url": f"{self._api}/issues/comments/{comment.id}",
            "html_url": f"{self._html}/issues/{comment.number}#issuecomment-{comment.id}",
            "issue_url": f"{self._api}/issues/{comment.number}",
        }

    def review_comment(self, comment: Remark) -> Shown:
        """A comment on a line of a pull request."""
        return self._remark(comment) | {
            "url": f"{self._api}/pulls/comments/{comment.id}",
            "html_url": f"{self._html}/pull/{comment.number}#discussion_r{comment.id}",
            "pull_request_url": f"{self._api}/pulls/{comment.number}",
            **comment.extra,
        }

    def _remark(self, remark: Remark) -> Shown:
        times = {"created_at": remark.created_at, "updated_at": remark.updated_at}
        who = {"user": user(remark.author), "author_association": association(remark.author)}
        return {"id": remark.id, "body": remark.body, **who, **times}

    def label(self, name: str) -> Shown:
        """A label."""
        return {"id": 1, "name": name, "color": "ededed", "url": f"{self._api}/labels/{name}"}

    def reaction(self, content: str, id_: int) -> Shown:
        """A reaction."""
        return {"id": id_, "content": content, "user": user(), "created_at": now()}

    def check(self, check: Check) -> Shown:
        """A check run."""
        return {
            "id": check.id,
            "name": check.name,
            "head_sha": check.head_sha,
            "status": check.status,
            "conclusion": check.conclusion,
            "external_id": check.external_id,
            "output": check.output,
            "started_at": check.started_at,
            "url": f"{self._api}/check-runs/{check.id}",
            "html_url": f"{self._html}/runs/{check.id}",
        }
