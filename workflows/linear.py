"""Linear as a reaction sees it: each deed a coroutine, its options and its effect key filled in."""

from temporalio import workflow

from activities.linear import LinearActivities
from contexten.linear import (
    ActivityKind,
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
from workflows.effects import next_effect
from workflows.options import request


async def post_comment(issue_id: str, body: str) -> Posted:
    """Comment on an issue, by its UUID or identifier, once, whatever breaks on the way."""
    operation = "linear.post_comment"
    comment = Comment(issue_id, body, next_effect(operation))
    return await workflow.execute_activity_method(
        LinearActivities.post_comment, comment, **await request(operation, issue_id[:200])
    )


async def read_issue(issue_id: str) -> Issue:
    """Read an issue, by its UUID or identifier, as it stands."""
    operation = "linear.read_issue"
    return await workflow.execute_activity_method(
        LinearActivities.read_issue, Target(issue_id), **await request(operation, issue_id[:200])
    )


async def search_issues(term: str, most: int = 30) -> tuple[Found, ...]:
    """Search issues for the words of *term*."""
    operation = "linear.search_issues"
    return await workflow.execute_activity_method(
        LinearActivities.search_issues, Search(term, most), **await request(operation, term[:200])
    )


async def create_issue(
    title: str,
    description: str = "",
    *,
    team_id: str | None = None,
    label_ids: tuple[str, ...] = (),
    parent_id: str | None = None,
) -> Found:
    """Create an issue, once, whatever breaks on the way; in our own team if none is named."""
    operation = "linear.create_issue"
    effect = next_effect(operation)
    issue = NewIssue(title, description, team_id, label_ids, parent_id, effect)
    return await workflow.execute_activity_method(
        LinearActivities.create_issue, issue, **await request(operation, title[:200])
    )


async def update_issue(
    issue_id: str,
    *,
    title: str | None = None,
    description: str | None = None,
    state_id: str | None = None,
    assignee_id: str | None = None,
    priority: int | None = None,
) -> Found:
    """Change an issue; what is not given stays as it is."""
    operation = "linear.update_issue"
    change = IssueChange(issue_id, title, description, state_id, assignee_id, priority)
    return await workflow.execute_activity_method(
        LinearActivities.update_issue, change, **await request(operation, issue_id[:200])
    )


async def list_teams() -> tuple[Team, ...]:
    """All teams that our token may see."""
    return await workflow.execute_activity_method(
        LinearActivities.list_teams, **await request("linear.list_teams")
    )


async def list_workflow_states(team_id: str | None = None) -> tuple[WorkflowState, ...]:
    """The workflow states of a team, by its UUID or key, or of all teams."""
    operation = "linear.list_workflow_states"
    return await workflow.execute_activity_method(
        LinearActivities.list_workflow_states,
        StatesOf(team_id),
        **await request(operation, team_id),
    )


async def register_webhook(
    url: str, resource_types: tuple[str, ...], label: str, *, team_id: str | None = None
) -> Webhook:
    """Register a webhook, once, whatever breaks on the way; for all public teams if no team."""
    operation = "linear.register_webhook"
    webhook = NewWebhook(url, resource_types, label, team_id, next_effect(operation))
    return await workflow.execute_activity_method(
        LinearActivities.register_webhook, webhook, **await request(operation, url[:200])
    )


async def read_comments(issue_id: str, most: int = 100) -> tuple[Remark, ...]:
    """The latest comments on an issue, oldest first."""
    operation = "linear.read_comments"
    return await workflow.execute_activity_method(
        LinearActivities.read_comments,
        CommentsOf(issue_id, most),
        **await request(operation, issue_id[:200]),
    )


async def read_comment(comment_id: str) -> Remark:
    """Read one comment as it stands."""
    operation = "linear.read_comment"
    return await workflow.execute_activity_method(
        LinearActivities.read_comment, comment_id, **await request(operation, comment_id[:200])
    )


async def read_user(user_id: str) -> User:
    """Read who somebody is."""
    operation = "linear.read_user"
    return await workflow.execute_activity_method(
        LinearActivities.read_user, user_id, **await request(operation, user_id[:200])
    )


async def create_agent_activity(
    session_id: str, kind: ActivityKind, body: str, *, choices: tuple[str, ...] = ()
) -> str:
    """Say something in an agent session, once; *choices* are what an elicitation offers."""
    operation = "linear.create_agent_activity"
    said = AgentActivity(session_id, kind, body, choices, next_effect(operation))
    return await workflow.execute_activity_method(
        LinearActivities.create_agent_activity,
        said,
        **await request(operation, f"{session_id} {kind}"[:200]),
    )


async def read_agent_activity(activity_id: str) -> str:
    """Find what was said in an agent session by its id; the id of it."""
    operation = "linear.read_agent_activity"
    return await workflow.execute_activity_method(
        LinearActivities.read_agent_activity,
        activity_id,
        **await request(operation, activity_id[:200]),
    )
