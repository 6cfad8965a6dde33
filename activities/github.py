"""What we do on GitHub, one deed each, safe to repeat."""

from typing import Protocol

from temporalio import activity

from activities.boundary import told_to_temporal
from contexten.github import Comment, Posted


class GithubApi(Protocol):
    """The part of GitHub we need. ``activities.clients.github`` is the real one."""

    def post_comment(self, comment: Comment) -> Posted: ...


class GithubActivities:
    """The deeds of the ``github`` queue. PyGithub blocks, so they run in threads."""

    def __init__(self, api: GithubApi) -> None:
        self._api = api

    @activity.defn(name="github.post_comment")
    def post_comment(self, comment: Comment) -> Posted:
        """
        Post *comment*, or find the one already posted under its key.

        Safe to repeat: a second call with the same key changes nothing.

        Raises:
            TransientError: GitHub is slow or limits us; try again.
            ServerError: GitHub broke.
            AuthenticationError: Our token was refused or lacks the permission.
            ClientError: The issue is gone or locked.
        """
        with told_to_temporal():
            return self._api.post_comment(comment)
