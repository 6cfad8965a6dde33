"""GitHub as a reaction sees it: each deed a coroutine, its options and its effect key filled in."""

from temporalio import workflow

from activities.github import GithubActivities
from contexten.github import (
    Check,
    CheckRun,
    ChecksOf,
    Comment,
    CommentAt,
    CommentsOf,
    Conclusion,
    Diff,
    Emoji,
    FileAt,
    FileText,
    Found,
    Issue,
    Labels,
    LineRemark,
    NewIssue,
    NewPullRequest,
    Numbered,
    Permission,
    Posted,
    PullRequest,
    PullRequestChange,
    ReactionTo,
    Remark,
    Review,
    ReviewComment,
    Search,
    Somebody,
    Target,
)
from workflows.effects import next_effect
from workflows.options import request
from workflows.skipping import unless_refused


async def post_comment(repository: str, number: int, body: str) -> Posted:
    """Comment on an issue or pull request, once, whatever breaks on the way."""
    operation = "github.post_comment"
    comment = Comment(repository, number, body, next_effect(operation))
    return await workflow.execute_activity_method(
        GithubActivities.post_comment, comment, **await request(operation, f"{repository}#{number}")
    )


async def post_review_comment(
    repository: str, number: int, body: str, *, commit: str, path: str, line: int
) -> Posted:
    """Comment on a *line* of *path* as it is after *commit*, once, whatever breaks on the way."""
    operation = "github.post_review_comment"
    effect = next_effect(operation)
    comment = ReviewComment(repository, number, commit, path, line, body, effect)
    return await workflow.execute_activity_method(
        GithubActivities.post_review_comment,
        comment,
        **await request(operation, f"{repository}#{number} {path}:{line}"),
    )


async def create_issue(
    repository: str, title: str, body: str, labels: tuple[str, ...] = ()
) -> Numbered:
    """Open an issue, once, whatever breaks on the way."""
    operation = "github.create_issue"
    issue = NewIssue(repository, title, body, labels, next_effect(operation))
    return await workflow.execute_activity_method(
        GithubActivities.create_issue,
        issue,
        **await request(operation, f"{repository}: {title}"[:200]),
    )


async def create_pull_request(
    repository: str, title: str, body: str, *, head: str, base: str, draft: bool = False
) -> Numbered:
    """Open a pull request from branch *head* to *base*, or find the one that is open."""
    operation = "github.create_pull_request"
    pull = NewPullRequest(repository, title, body, head, base, draft)
    return await workflow.execute_activity_method(
        GithubActivities.create_pull_request,
        pull,
        **await request(operation, f"{repository}: {head} to {base}"[:200]),
    )


async def read_pull_request(repository: str, number: int) -> PullRequest:
    """Read a pull request as it stands."""
    operation = "github.read_pull_request"
    return await workflow.execute_activity_method(
        GithubActivities.read_pull_request,
        Target(repository, number),
        **await request(operation, f"{repository}#{number}"),
    )


async def create_check_run(
    repository: str,
    commit: str,
    name: str,
    conclusion: Conclusion | None,
    *,
    title: str,
    summary: str,
) -> Posted:
    """Show a check on *commit*, once; without a *conclusion* it is under way."""
    operation = "github.create_check_run"
    effect = next_effect(operation)
    check = CheckRun(repository, commit, name, conclusion, title, summary, effect)
    return await workflow.execute_activity_method(
        GithubActivities.create_check_run,
        check,
        **await request(operation, f"{repository}@{commit[:8]} {name}"[:200]),
    )


async def add_labels(repository: str, number: int, *names: str) -> tuple[str, ...]:
    """Label an issue or pull request; the names of all labels it has then."""
    operation = "github.add_labels"
    return await workflow.execute_activity_method(
        GithubActivities.add_labels,
        Labels(repository, number, names),
        **await request(operation, f"{repository}#{number}"),
    )


async def remove_labels(repository: str, number: int, *names: str) -> None:
    """Take labels off an issue or pull request, where they are on it."""
    operation = "github.remove_labels"
    await unless_refused(
        operation,
        workflow.execute_activity_method(
            GithubActivities.remove_labels,
            Labels(repository, number, names),
            **await request(operation, f"{repository}#{number}"),
        ),
    )


async def add_reaction(
    repository: str, number: int, emoji: Emoji, *, comment_id: int | None = None
) -> None:
    """React to an issue or pull request, or to a comment on it."""
    operation = "github.add_reaction"
    await unless_refused(
        operation,
        workflow.execute_activity_method(
            GithubActivities.add_reaction,
            ReactionTo(repository, emoji, number, comment_id),
            **await request(operation, f"{repository}#{number} {emoji}"),
        ),
    )


async def search_issues(query: str, most: int = 30) -> tuple[Found, ...]:
    """Search; *query* says what and where: ``is:issue repo:octo/hello``, ``is:pr org:octo``."""
    operation = "github.search_issues"
    return await workflow.execute_activity_method(
        GithubActivities.search_issues, Search(query, most), **await request(operation, query[:200])
    )


async def read_file(repository: str, path: str, ref: str | None = None) -> FileText:
    """Read a file, at *ref* or on the default branch."""
    operation = "github.read_file"
    return await workflow.execute_activity_method(
        GithubActivities.read_file,
        FileAt(repository, path, ref),
        **await request(operation, f"{repository}/{path}"[:200]),
    )


async def read_permission(repository: str, login: str) -> Permission:
    """Read what somebody may do to a repository."""
    operation = "github.read_permission"
    return await workflow.execute_activity_method(
        GithubActivities.read_permission,
        Somebody(repository, login),
        **await request(operation, f"{repository} {login}"[:200]),
    )


async def read_issue(repository: str, number: int) -> Issue:
    """Read an issue or pull request as people read it."""
    operation = "github.read_issue"
    return await workflow.execute_activity_method(
        GithubActivities.read_issue,
        Target(repository, number),
        **await request(operation, f"{repository}#{number}"),
    )


async def list_comments(repository: str, number: int, most: int = 100) -> tuple[Remark, ...]:
    """The latest comments on an issue or pull request, oldest first."""
    operation = "github.list_comments"
    return await workflow.execute_activity_method(
        GithubActivities.list_comments,
        CommentsOf(repository, number, most),
        **await request(operation, f"{repository}#{number}"),
    )


async def read_comment(repository: str, comment_id: int) -> Remark:
    """Read one comment on an issue or pull request as it stands."""
    operation = "github.read_comment"
    return await workflow.execute_activity_method(
        GithubActivities.read_comment,
        CommentAt(repository, comment_id),
        **await request(operation, f"{repository} {comment_id}"),
    )


async def list_checks(repository: str, commit: str) -> tuple[Check, ...]:
    """The latest checks of a commit, by SHA, branch or tag."""
    operation = "github.list_checks"
    return await workflow.execute_activity_method(
        GithubActivities.list_checks,
        ChecksOf(repository, commit),
        **await request(operation, f"{repository}@{commit}"[:200]),
    )


async def update_pull_request(
    repository: str, number: int, *, title: str | None = None, body: str | None = None
) -> Numbered:
    """Give a pull request another title or text; what is not given stays as it is."""
    operation = "github.update_pull_request"
    return await workflow.execute_activity_method(
        GithubActivities.update_pull_request,
        PullRequestChange(repository, number, title, body),
        **await request(operation, f"{repository}#{number}"),
    )


async def read_diff(repository: str, number: int) -> Diff:
    """Read what a pull request changes, at most 200 kB of it."""
    operation = "github.read_diff"
    return await workflow.execute_activity_method(
        GithubActivities.read_diff,
        Target(repository, number),
        **await request(operation, f"{repository}#{number}"),
    )


async def create_review(
    repository: str, number: int, body: str, *, commit: str, remarks: tuple[LineRemark, ...] = ()
) -> Posted:
    """Comment on a pull request as a review, once; it can neither approve nor refuse."""
    operation = "github.create_review"
    review = Review(repository, number, commit, body, remarks, next_effect(operation))
    return await workflow.execute_activity_method(
        GithubActivities.create_review, review, **await request(operation, f"{repository}#{number}")
    )
