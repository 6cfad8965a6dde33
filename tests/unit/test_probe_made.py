"""A probe that was never let out says nothing of its platform."""

import pytest
from temporalio import exceptions
from temporalio.exceptions import ActivityError, ApplicationError, TimeoutType

from workflows.control import was_made


def ended_in(cause: BaseException) -> ActivityError:
    error = ActivityError(
        "a probe",
        scheduled_event_id=1,
        started_event_id=2,
        identity="",
        activity_type="github.probe_group",
        activity_id="1",
        retry_state=None,
    )
    error.__cause__ = cause
    return error


def timed_out(kind: TimeoutType) -> exceptions.TimeoutError:
    return exceptions.TimeoutError("late", type=kind, last_heartbeat_details=[])


@pytest.mark.parametrize(
    ("cause", "made"),
    [
        (timed_out(TimeoutType.SCHEDULE_TO_START), False),
        (timed_out(TimeoutType.START_TO_CLOSE), True),
        (ApplicationError("no token", type="FatalError"), False),
        (ApplicationError("slow down", type="RateLimitedError"), False),
        (ApplicationError("503", type="ServerError"), True),
    ],
)
def test_only_an_answer_or_a_silence_counts(cause: BaseException, made: bool) -> None:
    assert was_made(ended_in(cause)) is made
