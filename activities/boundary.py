"""The joint through which errors leave activities and reach Temporal, once for all of them."""

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.exceptions import ApplicationError

from contexten.errors import NOT_WORTH_REPEATING, PlatformError


@contextmanager
def told_to_temporal() -> Iterator[None]:
    """Let a PlatformError leave under its own name, with the pause the platform asked for."""
    try:
        yield
    except PlatformError as error:
        name = type(error).__name__
        raise ApplicationError(
            str(error),
            {"platform": error.platform, "status": error.status},
            type=name,
            non_retryable=name in NOT_WORTH_REPEATING,
            next_retry_delay=error.retry_after,
        ) from error
