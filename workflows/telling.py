"""Telling who asked: what went wrong, and what was left out."""

from collections.abc import Sequence

from temporalio import workflow
from temporalio.exceptions import ActivityError

from contexten.app import Importance
from contexten.asking import asks_for_us
from contexten.asks import wanted_in
from contexten.buttons import buttons_for
from contexten.classification import classified
from contexten.delivery import Event, Platform
from contexten.errors import Category
from contexten.linear import ActivityKind
from contexten.place import Place, place_of
from workflows import github, linear, slack
from workflows.effects import enter

REACTION = "contexten.telling"
LONGEST = 1500


async def tell_who_asked(
    event: Event, failed: Sequence[str], left_out: Sequence[str], importance: Importance
) -> None:
    """
    Say in plain words, where we were asked, what failed and what was left out.

    Nobody is told who did not address us. What cannot be told is in the log, and in the
    workflow: the call that would have told it.
    """
    asked = asks_for_us(event) or wanted_in(event) is not None
    place = place_of(event) if asked else None
    if place is None or not (failed or left_out):
        return
    enter(REACTION, event, importance)
    try:
        await post(place, in_words(failed, left_out))
    except ActivityError as error:
        workflow.logger.error("who asked could not be told: %s", error.cause)


def in_words(failed: Sequence[str], left_out: Sequence[str]) -> str:
    """What went wrong, as it is posted."""
    lines = ["I could not do all of it."] if failed else ["Done, but I had to leave something out."]
    lines += [f"- failed: {one}" for one in failed]
    lines += [f"- left out: {one}" for one in left_out]
    return "\n".join(lines)[:LONGEST]


async def post(place: Place, words: str) -> str:
    """Post *words* at *place*, once; what the platform knows them by."""
    match place.platform:
        case Platform.GITHUB:
            return str((await github.post_comment(place.of, int(place.at), words)).id)
        case Platform.LINEAR if place.at:
            return await linear.create_agent_activity(place.at, ActivityKind.RESPONSE, words)
        case Platform.LINEAR:
            return (await linear.post_comment(place.of, words)).id
        case Platform.SLACK:
            return (await slack.post_reply(place.of, place.at, words)).ts


async def is_there(place: Place, posted: str) -> bool:
    """
    Whether what was *posted* at *place*, by what the platform knows it by, stands there.

    Raises:
        ActivityError: If it cannot be looked up.
    """
    try:
        return await looked_up(place, posted)
    except ActivityError as error:
        if classified(error).category is Category.CLIENT_ERROR:
            return False
        raise


async def looked_up(place: Place, posted: str) -> bool:
    """The same, where there may also be an error that says that there is none."""
    match place.platform:
        case Platform.GITHUB:
            return (await github.read_comment(place.of, int(posted))).id == int(posted)
        case Platform.LINEAR if place.at:
            return await linear.read_agent_activity(posted) == posted
        case Platform.LINEAR:
            return (await linear.read_comment(posted)).id == posted
        case Platform.SLACK:
            replies = await slack.read_replies(place.of, place.at, 2, since=posted)
            return any(one.ts == posted for one in replies)


async def post_question(
    place: Place, words: str, context: str, choices: tuple[str, ...] = ()
) -> None:
    """
    Post a question of the run of *context* at *place*, once, so that it can be answered there.

    In Slack the *choices* are buttons, in a session on Linear they can be selected; elsewhere
    *words* have to say them.
    """
    match place.platform:
        case Platform.SLACK:
            await slack.post_reply(place.of, place.at, words, buttons_for(context, choices))
        case Platform.LINEAR if place.at:
            kind = ActivityKind.ELICITATION
            await linear.create_agent_activity(place.at, kind, words, choices=choices)
        case _:
            await post(place, words)
