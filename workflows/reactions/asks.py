"""What is done with an ask, wherever it came from: who may, what about, and to which run."""

from dataclasses import replace

from temporalio import workflow

from contexten.agent_status import told
from contexten.agent_words import postable
from contexten.app import Reaction
from contexten.asks import ADDRESSED, Wanted, ask_of, place_for, wanted_in
from contexten.comment_commands import Command, Order, command_in
from contexten.delivery import Event, Platform
from contexten.payload import text
from contexten.permission import refuse_repository, repository_for
from contexten.place import Place
from contexten.subject import agent_context, context_of_pull, is_about_pull
from contexten.tickets import Stage
from workflows import agents, github, linear, permission
from workflows.permission import Approved
from workflows.reactions.tickets import move_ticket
from workflows.telling import post
from workflows.terms import read_terms

PATCH = "asks-agents"
"""Deliveries that were under way when runs came are acknowledged, as they were begun."""

NO_RUN = "Nothing is under way here."
MAY_NOT = "Only people who may write to this repository can order that."
ORDERED = {
    Order.CANCEL: "I stop.",
    Order.PAUSE: "I pause until somebody says resume.",
    Order.RESUME: "I go on.",
    Order.APPROVE: "Thank you, I go on.",
    Order.REJECT: "Understood, I do not do it.",
}


async def heard_or(before: Reaction, event: Event) -> None:
    """The same, or for a delivery that was under way when runs came, what was done *before*."""
    await (heard(event) if workflow.patched(PATCH) else before(event))


async def heard(event: Event) -> None:
    """Have done what *event* asks or orders, if who sent it may; and say so if they may not."""
    wanted, command = wanted_in(event), command_of(event)
    place = place_for(event, wanted.session if wanted else None)
    if event.sent_by_bot or place is None or not (wanted or command):
        return
    if command is not None:
        await obey(event, place, command)
    elif wanted is not None and await is_let_in(event, place):
        await begin(event, place, wanted)


def command_of(event: Event) -> Command | None:
    """The order that *event* is; None if it is none."""
    mention = event.triggers.mention
    if event.platform is Platform.SLACK:
        said = text(event.payload, "event", "text") or ""
        addressed = ADDRESSED.match(said)
        return command_in(f"{mention} {said[addressed.end() :]}", mention) if addressed else None
    if event.action == "created":
        return command_in(text(event.payload, "comment", "body"), mention)
    if event.name == "Comment" and event.action == "create":
        return command_in(text(event.payload, "data", "body"), mention)
    if text(event.payload, "agentActivity", "signal") == "stop":
        return Command(Order.CANCEL)
    return None


async def is_let_in(event: Event, place: Place) -> bool:
    """Whether who caused *event* may have work begun; they are told why not."""
    refused = await permission.refusal(event)
    if refused:
        await post(place, refused)
    return refused is None


async def begin(event: Event, place: Place, wanted: Wanted) -> None:
    """Begin a run for what is *wanted*, or tell it to the one that is under way."""
    try:
        repository = await repository_of(event, wanted)
    except ValueError as refused:
        await post(place, str(refused))
        return
    context = await context_of(event)
    asked = ask_of(event, wanted, repository=repository, context=context)
    if asked is None:
        return
    await agents.ask(asked)
    if context and context.startswith("linear/"):
        await move_ticket(context.partition("/")[2], Stage.BEGUN)


async def repository_of(event: Event, wanted: Wanted) -> str | None:
    """
    The code that *event* is about.

    Raises:
        ValueError: If runs may not work on it; the message is for who asked.
    """
    terms = await read_terms()
    if event.platform is Platform.GITHUB:
        if event.repository:
            refuse_repository(event.repository, terms)
        return event.repository
    words = f"{wanted.title}\n{wanted.words}"
    if event.platform is Platform.LINEAR and event.context:
        words += "\n" + (await linear.read_issue(event.context.partition("/")[2])).description
    return repository_for(words, terms)


async def context_of(event: Event) -> str | None:
    """Whose run *event* is for; what a comment does not say of its pull request is read."""
    at = permission.number_of(event)
    if not is_about_pull(event) or event.repository is None or at is None:
        return agent_context(event)
    pull = await github.read_pull_request(event.repository, at)
    if pull.head_repository != event.repository:
        return event.context
    return context_of_pull(event.repository, at, pull.head, f"{pull.title}\n{pull.body}")


async def obey(event: Event, place: Place, command: Command) -> None:
    """Pass *command* on to the run, if who gave it may; and say what came of it."""
    if event.platform is Platform.GITHUB:
        if not await permission.may_write(event):
            await post(place, MAY_NOT)
            return
    elif not await is_let_in(event, place):
        return
    if command.digits:
        await begin_approved(event, place, command.digits)
        return
    context = await context_of(event)
    if command.order is Order.STATUS:
        standing = await agents.standing_of(context) if context is not None else None
        await post(place, postable(place.platform, told(standing)))
        return
    because = command.because or f"{command.order} in a comment"
    done = context is not None and await agents.tell(context, command.order, because, event.sender)
    await post(place, ORDERED[command.order] if done else NO_RUN)


async def begin_approved(event: Event, place: Place, digits: str) -> None:
    """Begin with the text that *digits* stand for, if it is still the same."""
    found = await permission.approved(event, digits)
    if isinstance(found, Approved):
        await begin(replace(event, sender=found.by), place, Wanted(found.words, found.title))
    else:
        await post(place, found)
