"""What we do on Linear, one deed each, safe to repeat."""

from typing import Protocol

from temporalio import activity

from contexten.linear import (
    Comment,
    Found,
    Issue,
    IssueChange,
    NewIssue,
    NewWebhook,
    Posted,
    Search,
    StatesOf,
    Target,
    Team,
    Webhook,
    WorkflowState,
)


class LinearApi(Protocol):
    """The part of Linear we need. ``activities.clients.linear`` is the real one."""

    async def post_comment(self, comment: Comment) -> Posted: ...
    async def read_issue(self, target: Target) -> Issue: ...
    async def search_issues(self, search: Search) -> tuple[Found, ...]: ...
    async def create_issue(self, issue: NewIssue) -> Found: ...
    async def update_issue(self, change: IssueChange) -> Found: ...
    async def list_teams(self) -> tuple[Team, ...]: ...
    async def list_workflow_states(self, of: StatesOf) -> tuple[WorkflowState, ...]: ...
    async def register_webhook(self, webhook: NewWebhook) -> Webhook: ...
    def renew(self) -> None: ...

    async def probe(self, group: str) -> str: ...


class LinearActivities:
    """
    The deeds of the ``linear`` queue.

    Besides what each says, every deed may raise TransientError (Linear is slow or out of
    reach), RateLimitedError (we called too often), ServerError (Linear broke),
    AuthenticationError (our token was refused or lacks the permission) and FatalError (we
    have no token, or a wrong address).
    """

    def __init__(self, api: LinearApi) -> None:
        self._api = api

    @activity.defn(name="linear.post_comment")
    async def post_comment(self, comment: Comment) -> Posted:
        """
        Post *comment*, or find the one already posted under its key.

        Safe to repeat: a second call with the same key changes nothing.

        Raises:
            ClientError: The issue is gone.
        """
        return await self._api.post_comment(comment)

    @activity.defn(name="linear.read_issue")
    async def read_issue(self, target: Target) -> Issue:
        """
        Read the issue *target* as it stands.

        Raises:
            ClientError: There is none.
        """
        return await self._api.read_issue(target)

    @activity.defn(name="linear.search_issues")
    async def search_issues(self, search: Search) -> tuple[Found, ...]:
        """
        The best matches of *search*.

        Raises:
            ClientError: Linear does not take the term.
        """
        return await self._api.search_issues(search)

    @activity.defn(name="linear.create_issue")
    async def create_issue(self, issue: NewIssue) -> Found:
        """
        Create *issue*, or find the one already created under its key.

        Safe to repeat: a second call with the same key changes nothing.

        Raises:
            ClientError: The team, a label or the parent is gone.
            FatalError: No team is named, and LINEAR_TEAM_ID is not set.
        """
        return await self._api.create_issue(issue)

    @activity.defn(name="linear.update_issue")
    async def update_issue(self, change: IssueChange) -> Found:
        """
        Make an issue what *change* says.

        Safe to repeat: the second time it already is.

        Raises:
            ClientError: The issue is gone, or its team has no such state.
        """
        return await self._api.update_issue(change)

    @activity.defn(name="linear.list_teams")
    async def list_teams(self) -> tuple[Team, ...]:
        """
        All teams that our token may see.

        Raises:
            AuthenticationError: Our token was refused.
        """
        return await self._api.list_teams()

    @activity.defn(name="linear.list_workflow_states")
    async def list_workflow_states(self, of: StatesOf) -> tuple[WorkflowState, ...]:
        """
        The workflow states of a team, or of all.

        Raises:
            AuthenticationError: Our token was refused.
        """
        return await self._api.list_workflow_states(of)

    @activity.defn(name="linear.register_webhook")
    async def register_webhook(self, webhook: NewWebhook) -> Webhook:
        """
        Register *webhook*, or find the one already registered under its key.

        Safe to repeat: a second call with the same key changes nothing.

        Raises:
            AuthenticationError: Our token is no administrator's.
            ClientError: Linear does not take the address or a resource type.
        """
        return await self._api.register_webhook(webhook)

    @activity.defn(name="linear.probe_group")
    async def probe_group(self, group: str) -> str:
        """
        Find out whether Linear answers calls of *group* (``read``, ``write``, ``search``) again.

        One cheap request of that kind; the answer says in plain words what it proved. Safe to
        repeat: it changes nothing.

        Raises:
            ClientError: Linear refused it for another reason than it must.
        """
        return await self._api.probe(group)
