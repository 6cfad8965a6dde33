"""What we read on GitHub: who may do what, what people wrote, what checks found, what changes."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from activities.clients import github_answers as answers
from activities.clients import github_seen as seen
from activities.clients.github_answers import read
from activities.clients.github_paths import repository
from activities.clients.github_session import GithubSession
from contexten.errors import ClientError
from contexten.github import (
    Check,
    ChecksOf,
    CommentAt,
    CommentsOf,
    Diff,
    Issue,
    Numbered,
    Permission,
    PullRequestChange,
    Remark,
    Somebody,
    Target,
)

MOST_PAGES = 10
MOST_CHECKS = 100
NOBODY = "is not a user"
LOGIN = re.compile(r"[A-Za-z0-9_-]{1,100}(?:\[bot\])?")


class GithubReading:
    """The part of our client that reads, and changes nothing but a pull request's text."""

    _session: GithubSession

    def read_permission(self, of: Somebody) -> Permission:
        """What somebody may do to a repository; nothing, if there is nobody of that login."""
        scope, path = repository(of.repository)
        if not LOGIN.fullmatch(of.login):
            return Permission.NONE
        path = f"{path}/collaborators/{quote(of.login, safe='')}/permission"
        try:
            return read(seen.permission, self._session.ask("GET", path, scope))
        except ClientError as error:
            if error.status != 404 or NOBODY not in str(error):
                raise
            return Permission.NONE

    def read_issue(self, target: Target) -> Issue:
        """The issue or pull request *target* as people read it."""
        scope, path = repository(target.repository)
        return read(seen.issue, self._session.ask("GET", f"{path}/issues/{target.number}", scope))

    def list_comments(self, of: CommentsOf) -> tuple[Remark, ...]:
        """The latest comments, oldest first, as far as they are wanted and bounded."""
        scope, path = repository(of.repository)
        pages = self._session.pages(f"{path}/issues/{of.number}/comments", scope, {})
        found = [read(seen.remark, one) for page in few(pages) for one in page]
        return seen.latest(found, of.most)

    def read_comment(self, at: CommentAt) -> Remark:
        """One comment as it stands."""
        scope, path = repository(at.repository)
        return read(seen.remark, self._session.ask("GET", f"{path}/issues/comments/{at.id}", scope))

    def list_checks(self, of: ChecksOf) -> tuple[Check, ...]:
        """The latest checks of a commit."""
        scope, path = repository(of.repository)
        path = f"{path}/commits/{quote(of.commit, safe='')}/check-runs"
        answer = self._session.ask("GET", path, scope, query={"per_page": MOST_CHECKS})
        return tuple(read(seen.check, one) for one in read(answers.check_runs, answer))

    def update_pull_request(self, change: PullRequestChange) -> Numbered:
        """Give a pull request another title or text; a second time changes nothing."""
        scope, path = repository(change.repository)
        wanted = {"title": change.title, "body": change.body}
        fields = {name: value for name, value in wanted.items() if value is not None}
        path = f"{path}/pulls/{change.number}"
        return read(answers.numbered, self._session.ask("PATCH", path, scope, fields=fields))

    def read_diff(self, target: Target) -> Diff:
        """What a pull request changes, as far as it is bounded."""
        scope, path = repository(target.repository)
        pages = self._session.pages(f"{path}/pulls/{target.number}/files", scope, {})
        return seen.diff([read(seen.patch, one) for page in few(pages) for one in page])


def few(pages: Iterator[Any]) -> Iterator[list[dict[str, Any]]]:
    """The first of *pages*, as lists of objects: nobody reads a thousand of them."""
    for number, page in enumerate(pages, 1):
        yield read(answers.objects, page)
        if number == MOST_PAGES:
            return
