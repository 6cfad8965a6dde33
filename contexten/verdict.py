"""What happens after an attempt that failed: another one, and when, or none."""

from dataclasses import dataclass
from datetime import timedelta

from contexten.calls import Tries
from contexten.durations import said
from contexten.errors import Failure, Recovery
from contexten.retry import CategoryRule, RetryRule, wait_before

AT_ONCE = timedelta(milliseconds=1)
"""The shortest pause that the engine can be asked for."""


@dataclass(frozen=True, slots=True)
class Next:
    """
    Attributes:
        pause: How long until the next attempt; None if there is none.
        because: Why, in plain words.
        renewed: Whether the credentials are to be obtained anew before it.
    """

    pause: timedelta | None
    because: str
    renewed: bool = False


def after(failure: Failure, tries: Tries, rule: RetryRule, elapsed: timedelta, dice: float) -> Next:
    """
    What follows an attempt that ended in *failure*.

    Args:
        failure: How it ended.
        tries: All attempts so far, this one included.
        rule: How patient we are with such a call.
        elapsed: How long the call has been under way, without the time it was parked.
        dice: A number in [0, 1) for the jitter.

    A pause that the platform names is kept in full; jitter only adds to it. No attempt is
    planned that could only begin past the deadline.
    """
    of_category = rule.for_category(failure.category)
    if failure.recovery is Recovery.STOP:
        return Next(None, "no repetition changes that")
    failed = tries.of(failure.category)
    if of_category.attempts and failed >= of_category.attempts and not failure.limited:
        return Next(None, f"{failed} of {of_category.attempts} attempts failed so")
    if rule.maximum_attempts and tries.made >= rule.maximum_attempts:
        return Next(None, f"{tries.made} of {rule.maximum_attempts} attempts were made")
    pause = pause_after(failure, tries, of_category, dice)
    if elapsed + pause >= rule.deadline:
        return Next(
            None, f"the next attempt would come after the deadline of {said(rule.deadline)}"
        )
    return Next(pause, failure.recovery, renewed=failure.recovery is Recovery.REAUTHENTICATE)


def pause_after(failure: Failure, tries: Tries, rule: CategoryRule, dice: float) -> timedelta:
    """The pause before the next attempt: what the platform asks for, or ours, with jitter."""
    if failure.recovery is Recovery.REAUTHENTICATE and failure.retry_after is None:
        return AT_ONCE
    ours = wait_before(tries.made + 1, rule, dice)
    if failure.retry_after is None:
        return max(ours, AT_ONCE)
    return failure.retry_after + ours
