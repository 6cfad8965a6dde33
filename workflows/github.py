"""GitHub as a reaction sees it: each deed a coroutine, its options and its effect key filled in."""

from temporalio import workflow

from activities.github import GithubActivities
from contexten.github import Comment, Posted
from workflows.effects import next_effect
from workflows.options import request


async def post_comment(repository: str, number: int, body: str) -> Posted:
    """Comment on an issue or pull request, once, whatever breaks on the way."""
    operation = "github.post_comment"
    comment = Comment(repository, number, body, next_effect(operation))
    return await workflow.execute_activity_method(
        GithubActivities.post_comment, comment, **request(operation, f"{repository}#{number}")
    )
