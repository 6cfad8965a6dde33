"""
The tools of the platforms, each bound to what the run is about.

Repository, issue, ticket and thread come from the run. What a model wrote says only what is
done there, and what it wants read by others is made harmless first.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from contexten.agent_run import Pull, Run
from contexten.agent_toolbox import Bound, bound
from contexten.agent_words import postable
from contexten.delivery import Platform
from contexten.github import PullRequest
from contexten.turns import LONGEST_BODY
from workflows import github, linear, slack

T = TypeVar("T")

SCOPES = re.compile(r"(?i)(?<!\S)-?(repo|org|user|owner|is|type):\S*")
LONGEST_DIFF = 40_000


@dataclass(frozen=True, slots=True)
class Did:
    """
    What came of a tool.

    Attributes:
        text: What the model is told.
        pull: The pull request that was opened; None if none was.
        url: Where what was posted can be seen; None if nothing was.
        move: The pull request whose branch is to be worked on from now on; None if none.
    """

    text: str
    pull: Pull | None = None
    url: str | None = None
    move: PullRequest | None = None


class NotBound(Exception):  # noqa: N818 - it is the tool that is not bound
    """The run has nothing that the tool could be about; the message says so."""


async def carry_out(run: Run, name: str, arguments: Any) -> Did:
    """
    Use the tool *name*.

    Raises:
        NotBound: If the run has nothing that it could be about.
        ActivityError: If the platform refused.
    """
    did = await TABLE[name](run, bound(run), arguments)
    return Did(did.text[:LONGEST_BODY], did.pull, did.url, did.move)


def needed(value: T | None, what: str) -> T:
    """
    *value*.

    Raises:
        NotBound: If there is none.
    """
    if value is None:
        raise NotBound(f"this run is about no {what}")
    return value


async def create_pr(run: Run, to: Bound, said: Any) -> Did:
    """Open the pull request of the run, or give the one it opened another text."""
    checkout = needed(run.checkout, "repository")
    needed(run.head, "commit yet: commit first")
    title = postable(Platform.GITHUB, said.title)[:250]
    body = postable(Platform.GITHUB, said.body)
    if to.number and to.number != to.pull:
        body = f"{body}\n\nCloses #{to.number}"
    if run.pull:
        await github.update_pull_request(
            checkout.repository, run.pull.number, title=title, body=body
        )
        return Did(f"Updated #{run.pull.number}: {run.pull.url}", run.pull)
    made = await github.create_pull_request(
        checkout.repository,
        title,
        body,
        head=checkout.branch,
        base=checkout.base,
        draft=said.draft,
    )
    pull = Pull(made.number, made.url)
    return Did(f"Pull request #{pull.number} is open: {pull.url}", pull)


async def view_pr(run: Run, to: Bound, said: Any) -> Did:
    """The pull request, and what it changes."""
    of, number = needed(to.repository, "repository"), needed(to.pull, "pull request")
    pull = await github.read_pull_request(of, number)
    diff = await github.read_diff(of, number)
    state = "merged" if pull.merged else pull.state
    heads = f"#{pull.number} {pull.title} ({state}), {pull.head} to {pull.base}, {pull.head_sha}"
    return Did(f"{heads}\n\n{pull.body}\n\n{diff.text[:LONGEST_DIFF]}")


async def checkout_pr(run: Run, to: Bound, said: Any) -> Did:
    """Work on the branch of the pull request."""
    of, number = needed(to.repository, "repository"), needed(to.pull, "pull request")
    pull = await github.read_pull_request(of, number)
    return Did(f"You now work on {pull.head}, the branch of #{number}.", move=pull)


async def view_pr_checks(run: Run, to: Bound, said: Any) -> Did:
    """How the checks of the pull request stand."""
    of, number = needed(to.repository, "repository"), needed(to.pull, "pull request")
    pull = await github.read_pull_request(of, number)
    checks = await github.list_checks(of, pull.head_sha)
    lines = [f"- {one.name}: {one.conclusion or one.status}\n{one.summary}" for one in checks]
    return Did("\n".join(lines) or "There are no checks.")


async def create_pr_comment(run: Run, to: Bound, said: Any) -> Did:
    """Comment on the pull request or issue."""
    of = needed(to.repository, "repository")
    number = needed(to.number if to.number is not None else to.pull, "issue or pull request")
    posted = await github.post_comment(of, number, postable(Platform.GITHUB, said.body))
    return Did(f"Commented: {posted.url}", url=posted.url)


async def create_pr_review_comment(run: Run, to: Bound, said: Any) -> Did:
    """Comment on one line of the pull request."""
    of, number = needed(to.repository, "repository"), needed(to.pull, "pull request")
    pull = await github.read_pull_request(of, number)
    posted = await github.post_review_comment(
        of,
        number,
        postable(Platform.GITHUB, said.body),
        commit=pull.head_sha,
        path=said.path,
        line=said.line,
    )
    return Did(f"Commented: {posted.url}", url=posted.url)


async def search_issues(run: Run, to: Bound, said: Any) -> Did:
    """Issues and pull requests of the repository, whatever else was typed."""
    of = needed(to.repository, "repository")
    kind = "pull-request" if re.search(r"(?i)\b(is|type):(pr|pull)", said.query) else "issue"
    words = SCOPES.sub("", said.query)[:150]
    found = await github.search_issues(f"repo:{of} is:{kind} {words}".strip())
    lines = [f"#{one.number} {one.title} ({one.state}) {one.url}" for one in found]
    return Did("\n".join(lines) or "Nothing was found.")


async def linear_get_issue(run: Run, to: Bound, said: Any) -> Did:
    """The ticket."""
    issue = await linear.read_issue(needed(to.ticket, "ticket"))
    return Did(f"{issue.identifier} {issue.title} ({issue.state})\n\n{issue.description}")


async def linear_get_issue_comments(run: Run, to: Bound, said: Any) -> Did:
    """What was said on the ticket."""
    remarks = await linear.read_comments(needed(to.ticket, "ticket"))
    return Did("\n\n".join(f"{r.author_id}: {r.body}" for r in remarks) or "There are none.")


async def linear_comment_on_issue(run: Run, to: Bound, said: Any) -> Did:
    """Comment on the ticket."""
    ticket = needed(to.ticket, "ticket")
    posted = await linear.post_comment(ticket, postable(Platform.LINEAR, said.body))
    return Did(f"Commented: {posted.url}", url=posted.url)


async def linear_search_issues(run: Run, to: Bound, said: Any) -> Did:
    """Tickets that have the words."""
    found = await linear.search_issues(said.query[:200])
    return Did("\n".join(f"{f.identifier} {f.title} {f.url}" for f in found) or "None.")


async def linear_create_issue(run: Run, to: Bound, said: Any) -> Did:
    """Open a ticket in our own team."""
    title = postable(Platform.LINEAR, said.title)[:250]
    made = await linear.create_issue(title, postable(Platform.LINEAR, said.description))
    return Did(f"{made.identifier} is open: {made.url}", url=made.url)


async def linear_get_teams(run: Run, to: Bound, said: Any) -> Did:
    """The teams."""
    return Did("\n".join(f"{one.key} {one.name}" for one in await linear.list_teams()))


async def slack_send_message(run: Run, to: Bound, said: Any) -> Did:
    """Write into the thread."""
    channel, thread = needed(to.thread, "thread on Slack")
    await slack.post_reply(channel, thread, postable(Platform.SLACK, said.text))
    return Did("Sent.")


Carry = Callable[[Run, Bound, Any], Awaitable[Did]]
TABLE: Mapping[str, Carry] = {
    one.__name__: one
    for one in (
        create_pr,
        view_pr,
        checkout_pr,
        view_pr_checks,
        create_pr_comment,
        create_pr_review_comment,
        search_issues,
        linear_get_issue,
        linear_get_issue_comments,
        linear_comment_on_issue,
        linear_search_issues,
        linear_create_issue,
        linear_get_teams,
        slack_send_message,
    )
}
