"""Moving a ticket along with the work on it."""

from temporalio import workflow
from temporalio.exceptions import ActivityError

from contexten.tickets import Stage, state_for
from workflows import linear


async def move_ticket(ticket: str, stage: Stage) -> None:
    """Move *ticket*, such as ``ENG-7``, to where it belongs at *stage*; the work does not wait."""
    try:
        issue = await linear.read_issue(ticket)
        states = await linear.list_workflow_states(issue.team_id)
        state = state_for(stage, issue, states)
        if state is not None:
            await linear.update_issue(ticket, state_id=state.id)
    except ActivityError as error:
        workflow.logger.warning("ticket %s stays where it is: %s", ticket, error.cause)
