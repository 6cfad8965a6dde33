"""
What the types and codes of Linear's GraphQL errors mean in our terms. The one place that says so.

Linear names an error by ``extensions.type``, by ``extensions.code``, or both. Either is read in
lower case, with blanks for underscores.
"""

from contexten.errors import (
    AuthenticationError,
    ClientError,
    PlatformError,
    RateLimitedError,
    ServerError,
    TransientError,
)

NAMES: dict[type[PlatformError], tuple[str, ...]] = {
    TransientError: ("lock timeout", "network error"),
    RateLimitedError: ("rate limited", "ratelimited"),
    ServerError: ("bootstrap error", "internal error", "internal server error"),
    AuthenticationError: (
        "authentication error",
        "feature not accessible",
        "forbidden",
        "unauthenticated",
    ),
    ClientError: (
        "bad request",
        "bad user input",
        "entity not found",
        "graphql error",
        "graphql parse failed",
        "graphql validation failed",
        "input error",
        "invalid input",
        "operation resolution failure",
        "persisted query not found",
        "persisted query not supported",
        "usage limit exceeded",
        "user error",
    ),
}
KINDS = {name: kind for kind, names in NAMES.items() for name in names}
"""Which of our errors each is that Linear documents; of any other the HTTP status decides."""

UNSAYING = ("other", "unknown")
"""Those that Linear documents and that say nothing: the HTTP status decides."""

RENEWABLE = frozenset({"authentication error", "unauthenticated"})
"""Those that say that the token itself is no good, so that another one may be."""
