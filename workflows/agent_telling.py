"""Telling who asked how their run goes: in plain words, where they asked, once each."""

from temporalio import workflow
from temporalio.exceptions import ActivityError

from contexten.agent import Ask
from contexten.agent_run import Ended, Question, Run, places
from contexten.agent_words import ON_IT, asked, postable, told
from contexten.classification import classified
from workflows.effects import enter
from workflows.telling import post


async def tell_started(run: Run) -> None:
    """Say that the run has begun."""
    await tell(run, run.first, "started", ON_IT)


async def tell_question(run: Run, question: Question) -> None:
    """Ask, everywhere the run was asked since it last came to an end."""
    for ask in places(run.untold or (run.first,)).values():
        words = asked(question, ask.event.triggers.mention)
        await tell(run, ask, f"question {run.turns}", words)


async def tell_end(run: Run, ended: Ended) -> None:
    """Say how it ended, everywhere it was asked since it last did."""
    for ask in places(run.untold or (run.first,)).values():
        await tell(run, ask, f"{ended.ending} {run.rounds}", told(run, ended))


async def tell(run: Run, ask: Ask, what: str, words: str) -> None:
    """Post *words* where *ask* was asked; what cannot be told is in the log and the history."""
    enter(f"{run.effects(what)} {ask.key}", ask.event)
    try:
        await post(ask.place, postable(ask.place.platform, words))
    except ActivityError as error:
        workflow.logger.error("who asked could not be told: %s", classified(error).message)
