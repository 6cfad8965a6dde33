"""What we do on Linear, one deed each, safe to repeat."""

from typing import Protocol

from temporalio import activity

from contexten.linear import (
    AgentActivity,
    Comment,
    CommentsOf,
    Found,
    Issue,
    IssueChange,
    NewIssue,
    NewWebhook,
    Posted,
    Remark,
    Search,
    StatesOf,
    Target,
    Team,
    User,
    Webhook,
    WorkflowState,
)


class LinearApi(Protocol):
    """The part of Linear we need. ``activities.clients.linear`` is the real one."""

    async def post_comment(self, comment: Comment) -> Posted: ...
    async def read_issue(self, target: Target) -> Issue: ...
    async def read_comments(self, of: CommentsOf) -> tuple[Remark, ...]: ...
    async def read_comment(self, comment_id: str) -> Remark: ...
    async def read_user(self, user_id: str) -> User: ...
    async def create_agent_activity(self, activity: AgentActivity) -> str: ...
    async def read_agent_activity(self, activity_id: str) -> str: ...
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

    @activity.defn(name="linear.read_comments")
    async def read_comments(self, of: CommentsOf) -> tuple[Remark, ...]:
        """
        Read the latest comments on an issue, oldest first.

        As many as are wanted, and as have 200,000 characters together.

        Raises:
            ClientError: There is no such issue.
        """
        return await self._api.read_comments(of)

    @activity.defn(name="linear.read_comment")
    async def read_comment(self, comment_id: str) -> Remark:
        """
        Read one comment as it stands.

        Raises:
            ClientError: There is none.
        """
        return await self._api.read_comment(comment_id)

    @activity.defn(name="linear.read_user")
    async def read_user(self, user_id: str) -> User:
        """
        Read who *user_id* is.

        Raises:
            ClientError: There is nobody of that id in the workspace.
        """
        return await self._api.read_user(user_id)

    @activity.defn(name="linear.create_agent_activity")
    async def create_agent_activity(self, said: AgentActivity) -> str:
        """
        Say something in an agent session, or find what was said under its key; the id of it.

        Safe to repeat: a second call with the same key changes nothing.

        Raises:
            AuthenticationError: The session is another app's.
            ClientError: The session is gone, or the text is empty.
        """
        return await self._api.create_agent_activity(said)

    @activity.defn(name="linear.read_agent_activity")
    async def read_agent_activity(self, activity_id: str) -> str:
        """
        Find what was said in an agent session by its id; the id of it.

        Raises:
            ClientError: There is none.
        """
        return await self._api.read_agent_activity(activity_id)

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
