"""What we do on Linear when we are asked, ordered, or spoken to in a session."""

from contexten.app import App
from contexten.asks import wanted_in
from contexten.delivery import Event
from contexten.linear import ActivityKind
from workflows import acknowledgements, linear
from workflows.reactions.asks import command_of, heard, heard_or


def register(app: App) -> None:
    """Add these reactions to *app*."""
    app.linear.event("Issue")(work_on_ticket)
    app.linear.event("Comment:create")(answer_comment)
    app.linear.event("AgentSessionEvent")(answer_session)


async def work_on_ticket(event: Event) -> None:
    """Our label was put on a ticket, or it was assigned to us: begin a run for it."""
    if wanted_in(event) is None:
        return
    await heard_or(acknowledgements.linear_label, event)


async def answer_comment(event: Event) -> None:
    """We were mentioned in a comment: begin a run, tell it to the one there is, or obey."""
    if wanted_in(event) is None and command_of(event) is None:
        return
    await heard_or(acknowledgements.linear_mention, event)


async def answer_session(event: Event) -> None:
    """Somebody began a session with our agent, or said something in one: begin a run, or tell."""
    wanted = wanted_in(event)
    if wanted is not None and wanted.session and command_of(event) is None:
        await linear.create_agent_activity(wanted.session, ActivityKind.THOUGHT, "I look into it.")
    await heard(event)
