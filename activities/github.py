"""What we do on GitHub, one deed each, safe to repeat."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Protocol

from temporalio import activity

from contexten.github import (
    Check,
    CheckRun,
    ChecksOf,
    Comment,
    CommentAt,
    CommentsOf,
    Diff,
    FileAt,
    FileText,
    Found,
    Issue,
    Labels,
    NewIssue,
    NewPullRequest,
    Numbered,
    Permission,
    Posted,
    PullRequest,
    PullRequestChange,
    ReactionTo,
    Redelivery,
    Remark,
    Review,
    ReviewComment,
    Search,
    Somebody,
    Target,
)
from contexten.sweep import Look, Seen

TO_TELL = timedelta(seconds=2)
"""What is kept of an attempt for telling how it ended; of a short one, a quarter."""


class GithubApi(Protocol):
    """The part of GitHub we need. ``activities.clients.github`` is the real one."""

    def post_comment(self, comment: Comment) -> Posted: ...
    def post_review_comment(self, comment: ReviewComment) -> Posted: ...
    def create_issue(self, issue: NewIssue) -> Numbered: ...
    def create_pull_request(self, pull: NewPullRequest) -> Numbered: ...
    def read_pull_request(self, target: Target) -> PullRequest: ...
    def create_check_run(self, check: CheckRun) -> Posted: ...
    def add_labels(self, labels: Labels) -> tuple[str, ...]: ...
    def remove_labels(self, labels: Labels) -> None: ...
    def add_reaction(self, reaction: ReactionTo) -> None: ...
    def search_issues(self, search: Search) -> tuple[Found, ...]: ...
    def read_file(self, file: FileAt) -> FileText: ...
    def read_permission(self, of: Somebody) -> Permission: ...
    def read_issue(self, target: Target) -> Issue: ...
    def list_comments(self, of: CommentsOf) -> tuple[Remark, ...]: ...
    def read_comment(self, at: CommentAt) -> Remark: ...
    def list_checks(self, of: ChecksOf) -> tuple[Check, ...]: ...
    def update_pull_request(self, change: PullRequestChange) -> Numbered: ...
    def read_diff(self, target: Target) -> Diff: ...
    def create_review(self, review: Review) -> Posted: ...
    def list_failed_deliveries(self, look: Look, beat: Callable[[], None]) -> Seen: ...
    def redeliver(self, redelivery: Redelivery) -> None: ...
    def probe(self, group: str) -> str: ...
    def within(self, seconds: float) -> AbstractContextManager[None]: ...
    def renew(self) -> None: ...


def seconds_for_a_deed() -> float:
    """How long what is done in the attempt under way may take; infinite outside of one."""
    limit = activity.info().start_to_close_timeout if activity.in_activity() else None
    return (limit - min(TO_TELL, limit / 4)).total_seconds() if limit else math.inf


class GithubActivities:
    """
    The deeds of the ``github`` queue. PyGithub blocks, so they run in threads.

    Besides what each says, every deed may raise TransientError (GitHub is slow or out of
    reach), RateLimitedError (we called too often), ServerError (GitHub broke),
    AuthenticationError (our token was refused or lacks the permission) and FatalError (we
    have no token, or a wrong address).
    """

    def __init__(self, api: GithubApi) -> None:
        self._api = api

    def _attempt(self) -> AbstractContextManager[None]:
        """
        Around a deed: it is over before its attempt is.

        Nobody stops a thread, and what one writes late stands beside what the next one writes.
        """
        return self._api.within(seconds_for_a_deed())

    @activity.defn(name="github.post_comment")
    def post_comment(self, comment: Comment) -> Posted:
        """
        Post *comment*, or find the one already posted under its key.

        Safe to repeat: a second call with the same key changes nothing.

        Raises:
            ClientError: The issue is gone or locked.
        """
        with self._attempt():
            return self._api.post_comment(comment)

    @activity.defn(name="github.post_review_comment")
    def post_review_comment(self, comment: ReviewComment) -> Posted:
        """
        Post *comment* on a line of a pull request, or find the one already posted under its key.

        Safe to repeat: a second call with the same key changes nothing.

        Raises:
            ClientError: The pull request is gone, or its diff has no such line.
        """
        with self._attempt():
            return self._api.post_review_comment(comment)

    @activity.defn(name="github.create_issue")
    def create_issue(self, issue: NewIssue) -> Numbered:
        """
        Open *issue*, or find the one already opened under its key.

        Safe to repeat: a second call with the same key changes nothing.

        Raises:
            ClientError: The repository is gone, archived or has no issues.
        """
        with self._attempt():
            return self._api.create_issue(issue)

    @activity.defn(name="github.create_pull_request")
    def create_pull_request(self, pull: NewPullRequest) -> Numbered:
        """
        Open *pull*, or find the one already open between its branches.

        Safe to repeat: GitHub allows one open pull request from one branch to another.

        Raises:
            ClientError: A branch is missing, or they do not differ.
        """
        with self._attempt():
            return self._api.create_pull_request(pull)

    @activity.defn(name="github.read_pull_request")
    def read_pull_request(self, target: Target) -> PullRequest:
        """
        Read the pull request *target* as it stands.

        Raises:
            ClientError: There is none.
        """
        with self._attempt():
            return self._api.read_pull_request(target)

    @activity.defn(name="github.create_check_run")
    def create_check_run(self, check: CheckRun) -> Posted:
        """
        Show *check* on its commit, or find the one already shown under its key.

        Safe to repeat: a second call with the same key changes nothing.

        Raises:
            ClientError: There is no such commit.
        """
        with self._attempt():
            return self._api.create_check_run(check)

    @activity.defn(name="github.add_labels")
    def add_labels(self, labels: Labels) -> tuple[str, ...]:
        """
        Add *labels*, and answer with all that are there then.

        Safe to repeat: a label that is there stays as it is.

        Raises:
            ClientError: The issue is gone.
        """
        with self._attempt():
            return self._api.add_labels(labels)

    @activity.defn(name="github.remove_labels")
    def remove_labels(self, labels: Labels) -> None:
        """
        Remove *labels*.

        Safe to repeat: a label that is not there is no error.

        Raises:
            ClientError: The issue is gone.
        """
        with self._attempt():
            self._api.remove_labels(labels)

    @activity.defn(name="github.add_reaction")
    def add_reaction(self, reaction: ReactionTo) -> None:
        """
        React with an emoji.

        Safe to repeat: GitHub keeps one of each of ours.

        Raises:
            ClientError: What we react to is gone.
        """
        with self._attempt():
            self._api.add_reaction(reaction)

    @activity.defn(name="github.search_issues")
    def search_issues(self, search: Search) -> tuple[Found, ...]:
        """
        Search issues or pull requests.

        Raises:
            ClientError: The query does not say where to search, or for which of the two, or
                cannot be understood.
        """
        with self._attempt():
            return self._api.search_issues(search)

    @activity.defn(name="github.read_file")
    def read_file(self, file: FileAt) -> FileText:
        """
        Read the text of *file*.

        Raises:
            ClientError: There is none, or it is a folder, no text or larger than 1 MB.
        """
        with self._attempt():
            return self._api.read_file(file)

    @activity.defn(name="github.read_permission")
    def read_permission(self, of: Somebody) -> Permission:
        """
        Read what somebody may do to a repository; nothing, if GitHub knows nobody of that login.

        Raises:
            ClientError: The repository is gone, or we may not see it.
        """
        with self._attempt():
            return self._api.read_permission(of)

    @activity.defn(name="github.read_issue")
    def read_issue(self, target: Target) -> Issue:
        """
        Read the issue or pull request *target* as people read it.

        Raises:
            ClientError: There is none.
        """
        with self._attempt():
            return self._api.read_issue(target)

    @activity.defn(name="github.list_comments")
    def list_comments(self, of: CommentsOf) -> tuple[Remark, ...]:
        """
        List the latest comments on an issue or pull request, oldest first.

        As many as are wanted, and as have 200,000 characters together.

        Raises:
            ClientError: There is no such issue.
        """
        with self._attempt():
            return self._api.list_comments(of)

    @activity.defn(name="github.read_comment")
    def read_comment(self, at: CommentAt) -> Remark:
        """
        Read one comment on an issue or pull request as it stands.

        Raises:
            ClientError: There is none.
        """
        with self._attempt():
            return self._api.read_comment(at)

    @activity.defn(name="github.list_checks")
    def list_checks(self, of: ChecksOf) -> tuple[Check, ...]:
        """
        List the latest checks of a commit, at most 100.

        Raises:
            ClientError: There is no such commit.
        """
        with self._attempt():
            return self._api.list_checks(of)

    @activity.defn(name="github.update_pull_request")
    def update_pull_request(self, change: PullRequestChange) -> Numbered:
        """
        Give a pull request another title or text.

        Safe to repeat: the second time it has them.

        Raises:
            ClientError: The pull request is gone, or the title is empty.
        """
        with self._attempt():
            return self._api.update_pull_request(change)

    @activity.defn(name="github.read_diff")
    def read_diff(self, target: Target) -> Diff:
        """
        Read what the pull request *target* changes, at most 200 kB of it.

        Raises:
            ClientError: There is none.
        """
        with self._attempt():
            return self._api.read_diff(target)

    @activity.defn(name="github.create_review")
    def create_review(self, review: Review) -> Posted:
        """
        Comment on a pull request as a review, or find the one already there under its key.

        Safe to repeat: a second call with the same key changes nothing.

        Raises:
            ClientError: The pull request is gone, or its diff has no such line.
        """
        with self._attempt():
            return self._api.create_review(review)

    @activity.defn(name="github.list_failed_deliveries")
    def list_failed_deliveries(self, look: Look) -> Seen:
        """
        List the deliveries that never arrived and are due. Heartbeats with every page.

        Raises:
            ClientError: There are no such webhooks, or we may not see them.
        """
        with self._attempt():
            return self._api.list_failed_deliveries(look, activity.heartbeat)

    @activity.defn(name="github.redeliver")
    def redeliver(self, redelivery: Redelivery) -> None:
        """
        Have GitHub repeat an attempt to deliver.

        Safe to repeat: a delivery that comes twice leads to one workflow.

        Raises:
            ClientError: GitHub has forgotten the attempt.
        """
        with self._attempt():
            self._api.redeliver(redelivery)

    @activity.defn(name="github.probe_group")
    def probe_group(self, group: str) -> str:
        """
        Find out whether GitHub answers calls of *group* (``read``, ``write``, ``search``) again.

        One cheap request of that kind; the answer says in plain words what it proved. Safe to
        repeat: it changes nothing.

        Raises:
            ClientError: GitHub refused it for another reason than it must.
        """
        with self._attempt():
            return self._api.probe(group)
