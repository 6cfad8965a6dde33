"""Telling who asked how their run goes: in plain words, where they asked, once each."""

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio import workflow
from temporalio.exceptions import ActivityError

from contexten.agent import Ask
from contexten.agent_run import AGENT, Ended, Question, Run, places
from contexten.agent_words import ON_IT, asked, postable, told
from contexten.classification import classified
from workflows.effects import enter
from workflows.telling import post, post_question


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


async def tell_end(run: Run, ended: Ended) -> None:
    """Say how it ended, everywhere it was asked since it last did."""
    for ask in places(run.untold or (run.first,)).values():
        await tell(run, ask, f"{ended.ending} {run.rounds}", told(run, ended))


async def tell(run: Run, ask: Ask, what: str, words: str) -> None:
    """Post *words* where *ask* was asked; what cannot be told is in the log and the history."""
    enter(f"{run.effects(what)} {ask.key}", ask.event)
    with untold_is_logged():
        await post(ask.place, postable(ask.place.platform, words))


@contextmanager
def untold_is_logged() -> Iterator[None]:
    """Let a run go on whose words could not be posted."""
    try:
        yield
    except ActivityError as error:
        workflow.logger.error("who asked could not be told: %s", classified(error).message)
