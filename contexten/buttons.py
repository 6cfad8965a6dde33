"""Buttons under a question in Slack, and what was pressed."""

import json
from dataclasses import dataclass

from contexten.delivery import Event, Platform
from contexten.payload import objects, text
from contexten.slack import Button

ANSWER = "contexten_answer_"
MOST = 20
LONGEST_CHOICE = 1_000


@dataclass(frozen=True, slots=True)
class Pressed:
    """
    Which *choice* was pressed, under a question of the run of *context*.

    Attributes:
        under: The time that names the message with the question; None if Slack does not say.
    """

    context: str
    choice: str
    under: str | None = None


def buttons_for(context: str, choices: tuple[str, ...]) -> tuple[Button, ...]:
    """
    A button for each of *choices* under a question of the run of *context*.

    >>> buttons_for("slack/C01/1.2", ("Yes",))[0].value
    '{"context": "slack/C01/1.2", "choice": "Yes"}'
    """
    said = [one[:LONGEST_CHOICE] for one in choices if one.strip()]
    return tuple(
        Button(f"{ANSWER}{n}", one[:75], json.dumps({"context": context, "choice": one}))
        for n, one in enumerate(said[:MOST])
    )


def pressed(event: Event) -> Pressed | None:
    """What was pressed under a question of ours; None if *event* is something else."""
    if event.platform is not Platform.SLACK or event.name != "block_actions":
        return None
    for action in objects(event.payload, "actions"):
        if not (text(action, "action_id") or "").startswith(ANSWER):
            continue
        try:
            said = json.loads(text(action, "value") or "")
        except (ValueError, RecursionError):
            continue
        context, choice = text(said, "context"), text(said, "choice")
        if context and choice:
            return Pressed(context, choice, text(event.payload, "message", "ts"))
    return None
