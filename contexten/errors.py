"""
What went wrong with a platform call, and what that means for the next attempt.

    PlatformError
    ├─ TransientError       the line dropped, it took too long, or we were told to slow down
    ├─ ServerError          the platform broke
    ├─ AuthenticationError  our key was refused
    ├─ ClientError          we asked wrongly, or for what is not there
    └─ FatalError           we are set up wrongly

Temporal carries a failure between processes as its class *name*, and retry
policies match on that name alone, never on a parent. The five leaf names are
therefore a wire format: add freely, rename never.
"""

from datetime import timedelta


class PlatformError(Exception):
    """
    A call to a platform that did not end well.

    Attributes:
        platform: Who answered, or failed to: ``github``, ``linear`` or ``slack``.
        status: The HTTP status that came back; None if none did.
        retry_after: How long the platform asked us to wait; None if it did not say.
    """

    def __init__(
        self,
        reason: str,
        *,
        platform: str,
        status: int | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(reason)
        self.platform = platform
        self.status = status
        self.retry_after = retry_after


class TransientError(PlatformError):
    """The line dropped, the answer was late or garbled, or we were told to slow down."""


class ServerError(PlatformError):
    """The platform broke; it may be well again in a moment."""


class AuthenticationError(PlatformError):
    """Our credentials were refused; no repetition will change that."""


class ClientError(PlatformError):
    """The request itself is wrong, or what it names is gone; no repetition will change that."""


class FatalError(PlatformError):
    """We are set up wrongly: a missing token, a base address that is no such platform."""


NOT_WORTH_REPEATING: tuple[str, ...] = (
    AuthenticationError.__name__,
    ClientError.__name__,
    FatalError.__name__,
)
