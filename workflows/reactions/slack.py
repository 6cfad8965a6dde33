"""What we do on Slack when we are mentioned, answered in a thread, or a button is pressed."""

from dataclasses import replace

from contexten.app import App
from contexten.asks import Wanted, ask_of, place_for, wanted_in
from contexten.buttons import pressed
from contexten.delivery import Event
from contexten.payload import objects, text
from workflows import acknowledgements
from workflows.agents import tell
from workflows.permission import refusal
from workflows.reactions.asks import heard_or, is_let_in
from workflows.telling import post

OVER = "That question is not open any more."


def register(app: App) -> None:
    """Add these reactions to *app*."""
    app.slack.event("app_mention")(answer_mention)
    app.slack.event("message")(pass_on_reply)
    app.slack.event("block_actions")(pass_on_choice)


async def answer_mention(event: Event) -> None:
    """We were mentioned: begin a run, tell it to the one there is, or obey."""
    if wanted_in(event) is None:
        return
    await heard_or(acknowledgements.slack_mention, event)


async def pass_on_reply(event: Event) -> None:
    """Somebody wrote in a thread: if a run is under way there, it hears that without a mention."""
    said = text(event.payload, "event", "text")
    in_thread = text(event.payload, "event", "thread_ts") is not None
    if event.sent_by_bot or event.action is not None or not (said and in_thread):
        return
    if any(f"<@{one}>" in said or f"<@{one}|" in said for one in ourselves(event)):
        return  # which arrives as a mention, too
    asked = ask_of(event, Wanted(said), repository=None)
    if asked is not None and event.context and await refusal(event) is None:
        await tell(event.context, "message", asked)


def ourselves(event: Event) -> list[str]:
    """The users that we act as where *event* comes from."""
    found = objects(event.payload, "authorizations")
    return [who for one in found if (who := text(one, "user_id"))]


async def pass_on_choice(event: Event) -> None:
    """A button under a question of a run was pressed: that is the answer, and no later press is."""
    chosen, place = pressed(event), place_for(event)
    if chosen is None or place is None or not await is_let_in(event, place):
        return
    asked = ask_of(event, Wanted(chosen.choice), repository=None, context=chosen.context)
    if asked is None:
        return
    if chosen.under:
        asked = replace(asked, key=f"slack/pressed/{place.of}/{chosen.under}")
    if not await tell(chosen.context, "message", asked):
        await post(place, OVER)
