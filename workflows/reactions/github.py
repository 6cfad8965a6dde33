"""What we do on GitHub when we are asked, ordered, or when checks of our own work fail."""

from contexten.agent import Task
from contexten.app import App
from contexten.asks import Wanted, ask_of, place_for, wanted_in
from contexten.delivery import Event
from contexten.fixing import AT_MOST, announced, failed_commit, failed_pull, is_behind, words_for
from contexten.fixing import tried as tried_in
from contexten.payload import dig, number, text
from contexten.subject import agent_context, is_ours
from contexten.tickets import Stage
from workflows import acknowledgements, agents, github
from workflows.reactions.asks import command_of, heard, heard_or
from workflows.reactions.tickets import move_ticket


def register(app: App) -> None:
    """Add these reactions to *app*."""
    app.github.event("issues:labeled")(work_on_label)
    app.github.event("issues:assigned")(work_on_assignment)
    app.github.event("issue_comment:created")(answer_comment)
    app.github.event("pull_request_review_comment:created")(answer_line)
    app.github.event("pull_request:labeled")(work_on_pull_request)
    app.github.event("pull_request:assigned")(work_on_assignment)
    app.github.event("pull_request:review_requested")(review_when_asked)
    app.github.event("pull_request:opened")(move_ticket_to_review)
    app.github.event("pull_request:ready_for_review")(move_ticket_to_review)
    for check in ("check_run", "check_suite", "workflow_run"):
        app.github.event(f"{check}:completed")(fix_checks)


async def work_on_label(event: Event) -> None:
    """Our label was put on an issue: begin a run for it."""
    if wanted_in(event) is None:
        return
    await heard_or(acknowledgements.github_label, event)


async def answer_comment(event: Event) -> None:
    """We were mentioned in a comment: begin a run, tell it to the one there is, or obey."""
    if wanted_in(event) is None and command_of(event) is None:
        return
    await heard_or(acknowledgements.github_mention, event)


async def work_on_pull_request(event: Event) -> None:
    """Our label was put on a pull request, or the review label: work on it, or review it."""
    if wanted_in(event) is None:
        return
    await heard_or(acknowledgements.github_review, event)


async def work_on_assignment(event: Event) -> None:
    """An issue or pull request was assigned to us: begin a run for it."""
    await heard(event)


async def answer_line(event: Event) -> None:
    """We were mentioned in a comment on a line of a pull request: begin a run, or tell it."""
    await heard(event)


async def review_when_asked(event: Event) -> None:
    """Our review of a pull request was requested: review it."""
    await heard(event)


async def move_ticket_to_review(event: Event) -> None:
    """A run opened a pull request for a ticket: move the ticket to review."""
    context = agent_context(event) or ""
    if context.startswith("linear/") and dig(event.payload, "pull_request", "draft") is not True:
        branch = text(event.payload, "pull_request", "head", "ref")
        if is_ours(branch):
            await move_ticket(context.partition("/")[2], Stage.IN_REVIEW)


async def fix_checks(event: Event) -> None:
    """A check of a pull request of ours failed: mend it, three times at most, then tell people."""
    pull, commit = failed_pull(event), failed_commit(event)
    at, place, context = number(pull, "number"), place_for(event), agent_context(event)
    if event.repository is None or at is None or commit is None or is_behind(event, pull):
        return
    bodies = [one.body for one in await github.list_comments(event.repository, at, 1000)]
    tried = tried_in(bodies)
    if commit in tried or len(tried) > AT_MOST or place is None:
        return
    await github.post_comment(event.repository, at, announced(commit, len(tried)))
    if len(tried) == AT_MOST:
        return
    words = words_for(await github.list_checks(event.repository, commit))
    wanted = Wanted(words, task=Task.FIX_CHECKS, pull=at)
    asked = ask_of(event, wanted, repository=event.repository, context=context)
    if asked is not None:
        await agents.ask(asked)
