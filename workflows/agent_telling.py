"""Telling who asked how their run goes: in plain words, where they asked, once each."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from contexten.agent import Ask
from contexten.agent_run import AGENT, Ended, Question, Run, places
from contexten.agent_words import ON_IT, asked, postable, told
from contexten.classification import classified
from contexten.evidence_of_run import Answer
from contexten.place import Place
from workflows.effects import enter
from workflows.telling import is_there, post, post_question

SETTLED_AFTER = timedelta(seconds=2)
"""How long a platform may take to show what it took, before it is posted again."""


async def tell_started(run: Run) -> None:
    """Say that the run has begun."""
    await tell(run, run.first, "started", ON_IT)


async def tell_question(run: Run, question: Question) -> None:
    """Ask, everywhere the run was asked since it last came to an end."""
    for ask in places(run.untold or (run.first,)).values():
        to, mention = ask.place.platform, ask.event.triggers.mention
        choices = tuple(postable(to, one) for one in question.choices)
        words = postable(to, asked(question, mention))
        context = workflow.info().workflow_id.removeprefix(AGENT)
        enter(f"{run.effects(f'question {run.turns}')} {ask.key}", ask.event)
        with untold_is_logged():
            await post_question(ask.place, words, context, choices)


async def tell_end(run: Run, ended: Ended) -> dict[Place, Answer]:
    """Say how it ended, everywhere it was asked since it last did; what became of each answer."""
    return {
        place: await answered(run, ask, ended)
        for place, ask in places(run.untold or (run.first,)).items()
    }


async def answered(run: Run, ask: Ask, ended: Ended) -> Answer:
    """
    Answer *ask*, and look the answer up.

    What was posted and is not there is posted once more, under the same key.
    """
    what, words = f"{ended.ending} {run.rounds}", told(run, ended)
    posted = await tell(run, ask, what, words)
    if posted is None:
        return Answer.UNTOLD
    found = await look(ask.place, posted)
    if found is not Answer.LOST:
        return found
    await asyncio.sleep(SETTLED_AFTER.total_seconds())
    posted = await tell(run, ask, what, words)
    return Answer.LOST if posted is None else await look(ask.place, posted)


async def look(place: Place, posted: str) -> Answer:
    """Whether what was *posted* at *place* is there. Whoever cannot tell accuses nobody."""
    try:
        return Answer.THERE if await is_there(place, posted) else Answer.LOST
    except ActivityError as error:
        if is_cancelled_exception(error):
            raise
        workflow.logger.error("an answer could not be looked up: %s", classified(error).message)
        return Answer.UNSEEN


async def tell(run: Run, ask: Ask, what: str, words: str) -> str | None:
    """
    Post *words* where *ask* was asked; what the platform knows them by, None if it refused.

    What cannot be told is in the log and the history.
    """
    enter(f"{run.effects(what)} {ask.key}", ask.event)
    with untold_is_logged():
        return await post(ask.place, postable(ask.place.platform, words))
    return None


@contextmanager
def untold_is_logged() -> Iterator[None]:
    """Let a run go on whose words could not be posted."""
    try:
        yield
    except ActivityError as error:
        workflow.logger.error("who asked could not be told: %s", classified(error).message)
