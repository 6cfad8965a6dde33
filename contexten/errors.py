"""
What went wrong with a platform call, and what that means for the next attempt.

    PlatformError
    ├─ TransientError       the line dropped, or the answer was late or garbled
    ├─ RateLimitedError     we were told to slow down
    ├─ ServerError          the platform broke
    ├─ AuthenticationError  our key was refused
    ├─ ClientError          we asked wrongly, or for what is not there
    └─ FatalError           we are set up wrongly

Temporal carries a failure between processes as its class *name*, and retry
policies match on that name alone, never on a parent. The six leaf names are
therefore a wire format: add freely, rename never. What any other exception
amounts to, ``contexten.classification`` says.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

UNSAID_PAUSE = timedelta(minutes=1)
"""How long we wait after a limit that does not say when it ends."""

MOST_SAID = 300
TOO_MANY_REQUESTS = 429


class Category(StrEnum):
    """What kind of failure it is."""

    TRANSIENT = "transient"
    AUTHENTICATION = "authentication"
    CLIENT_ERROR = "client_error"
    SERVER_ERROR = "server_error"
    FATAL = "fatal"
    UNKNOWN = "unknown"


class Recovery(StrEnum):
    """What is done about a failure."""

    RETRY = "retry"
    REAUTHENTICATE = "reauthenticate"
    SKIP = "skip"
    BACK_OFF = "back_off"
    STOP = "stop"


RECOVERIES = {
    Category.TRANSIENT: Recovery.RETRY,
    Category.AUTHENTICATION: Recovery.REAUTHENTICATE,
    Category.CLIENT_ERROR: Recovery.SKIP,
    Category.SERVER_ERROR: Recovery.BACK_OFF,
    Category.FATAL: Recovery.STOP,
    Category.UNKNOWN: Recovery.RETRY,
}
"""What is done about each category; a limit is backed off from, whatever its category says."""


def recovery_from(category: Category, *, limited: bool = False) -> Recovery:
    """What is done about a failure of *category*, or one for calling too often."""
    return Recovery.BACK_OFF if limited else RECOVERIES[category]


class PlatformError(Exception):
    """
    A call to a platform that did not end well.

    Attributes:
        platform: Who answered, or failed to: ``github``, ``linear`` or ``slack``.
        status: The HTTP status that came back; None if none did.
        retry_after: How long the platform asked us to wait; None if it did not say.
        category: What kind of failure its class stands for.
        limited: Whether its class stands for having called too often.
    """

    category = Category.UNKNOWN
    limited = False

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
    """The line dropped, or the answer was late or garbled."""

    category = Category.TRANSIENT


class RateLimitedError(PlatformError):
    """We were told to slow down, for the time named or, if none is, for a minute."""

    category = Category.TRANSIENT
    limited = True

    def __init__(
        self,
        reason: str,
        *,
        platform: str,
        status: int | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(
            reason, platform=platform, status=status, retry_after=retry_after or UNSAID_PAUSE
        )


class ServerError(PlatformError):
    """The platform broke; it may be well again in a moment."""

    category = Category.SERVER_ERROR


class AuthenticationError(PlatformError):
    """Our credentials were refused; only others, or more rights for them, will change that."""

    category = Category.AUTHENTICATION


class ClientError(PlatformError):
    """The request itself is wrong, or what it names is gone; no repetition will change that."""

    category = Category.CLIENT_ERROR


class FatalError(PlatformError):
    """We are set up wrongly: a missing token, a base address that is no such platform."""

    category = Category.FATAL


LEAVES: dict[str, type[PlatformError]] = {
    leaf.__name__: leaf
    for leaf in (
        TransientError,
        RateLimitedError,
        ServerError,
        AuthenticationError,
        ClientError,
        FatalError,
    )
}
"""Every error a platform call may end with, by the name it travels under."""

NOT_WORTH_REPEATING: tuple[str, ...] = (
    AuthenticationError.__name__,
    ClientError.__name__,
    FatalError.__name__,
)

NOT_THE_PLATFORM = frozenset(
    {
        "AsyncActivityCancelledError",
        "CancelledError",
        "ContinueAsNewError",
        "GeneratorExit",
        "KeyboardInterrupt",
        "MemoryError",
        "Parked",
        "SystemExit",
        "TerminatedError",
    }
)
"""Under these names an attempt ends because of us, though another may end well."""


@dataclass(frozen=True, slots=True)
class Failure:
    """
    What one attempt failed of, in plain values.

    Attributes:
        category: What kind of failure it is.
        recovery: What is done about it.
        type: The name it travels under; that of a foreign exception has its module in front.
        message: What went wrong, in at most ``MOST_SAID`` characters and without a secret.
        status: The HTTP status that came back; None if none did.
        retry_after: How long the platform asked us to wait; None if it did not say.
        limited: Whether it was for calling too often.
    """

    category: Category
    recovery: Recovery
    type: str
    message: str
    status: int | None = None
    retry_after: timedelta | None = None
    limited: bool = False

    @property
    def counts_against_platform(self) -> bool:
        """
        Whether it says that the platform is unwell, which is what a breaker counts.

        It does if the platform broke, could not be reached, or was late or garbled. It does
        not if the platform did what it should: refused a key, a request or too many of them,
        or does not know a new token yet. Nor if we ended the attempt ourselves, nor if nobody
        knows what it is: that is most likely a fault of ours, and no reason to shut out a
        platform that serves everyone else.
        """
        if self.limited or self.type.rpartition(".")[2] in NOT_THE_PLATFORM:
            return False
        if self.category is Category.SERVER_ERROR:
            return True
        return self.category is Category.TRANSIENT and not is_refusal(self.status)


def is_refusal(status: int | None) -> bool:
    """Whether *status* is a considered answer of a platform that is well."""
    refusals = (Category.CLIENT_ERROR, Category.AUTHENTICATION)
    return status is not None and category_of_status(status) in refusals


STATUSES: dict[Category, tuple[int, ...]] = {
    Category.UNKNOWN: (100, 101, 102, 103, *range(200, 209), 226, 304),
    Category.FATAL: (300, 301, 302, 303, 305, 306, 307, 308, 407, 426, 511),
    Category.CLIENT_ERROR: (
        *(400, 402, 404, 405, 406, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418),
        *(422, 423, 424, 428, 431, 451),
    ),
    Category.AUTHENTICATION: (401, 403),
    Category.TRANSIENT: (408, 421, 425, 429, 499),
    Category.SERVER_ERROR: (*range(500, 511), *range(520, 531), 598, 599),
}
"""
What each HTTP status means where a platform does not say it better.

A success that was an error all the same says nothing. A redirect leads away from where we were
told to ask. 407 and 511 want a proxy's or a network's password; 426 wants another protocol.
"""

BY_STATUS = {status: category for category, of in STATUSES.items() for status in of}
BY_HUNDRED = {
    1: Category.UNKNOWN,
    2: Category.UNKNOWN,
    3: Category.FATAL,
    4: Category.CLIENT_ERROR,
    5: Category.SERVER_ERROR,
}


def category_of_status(status: int) -> Category:
    """
    What an HTTP *status* means; one that is not registered means what its hundred does.

    >>> [category_of_status(status).value for status in (503, 444, 999)]
    ['server_error', 'client_error', 'unknown']
    """
    return BY_STATUS.get(status) or BY_HUNDRED.get(status // 100, Category.UNKNOWN)


LEAF_OF: dict[Category, type[PlatformError]] = {
    leaf.category: leaf for leaf in LEAVES.values() if not leaf.limited
}


def leaf_of_status(status: int) -> type[PlatformError]:
    """
    The one of our errors that an HTTP *status* means where a platform does not say it better.

    A status that says nothing is an answer nobody can read.
    """
    if status == TOO_MANY_REQUESTS:
        return RateLimitedError
    return LEAF_OF.get(category_of_status(status), TransientError)
