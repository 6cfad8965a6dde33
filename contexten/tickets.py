"""Which state a ticket is moved to as the work on it goes on. Done is for people to say."""

from collections.abc import Sequence
from enum import StrEnum

from contexten.linear import Issue, WorkflowState

WAITING = frozenset({"triage", "backlog", "unstarted"})
STARTED = "started"


class Stage(StrEnum):
    """How far the work on a ticket is."""

    BEGUN = "begun"
    IN_REVIEW = "in_review"


def state_for(stage: Stage, issue: Issue, states: Sequence[WorkflowState]) -> WorkflowState | None:
    """
    The state that *issue* is moved to; None if it stays where it is.

    A ticket only moves forward, and never out of a state that people ended it in. To be in
    review it needs a state of that name: where a team has none, its ticket stays.

    Args:
        stage: How far the work is.
        issue: The ticket as it stands.
        states: The states of its team.
    """
    if issue.state_type not in {*WAITING, STARTED}:
        return None
    started = sorted((s for s in states if s.type == STARTED), key=lambda one: one.position)
    if stage is Stage.BEGUN:
        return started[0] if started and issue.state_type in WAITING else None
    reviews = [one for one in started if "review" in one.name.casefold()]
    here = next((one.position for one in started if one.name == issue.state), -1.0)
    return next((one for one in reviews if one.position > here), None)
