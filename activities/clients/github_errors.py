"""What GitHub's refusals, and its silence, mean in our terms. No message holds a credential."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import jwt
import requests
from github import BadAttributeException, GithubException
from urllib3.exceptions import HTTPError

from activities.clients.pauses import bounded, number, seconds_until
from contexten.errors import (
    ClientError,
    FatalError,
    PlatformError,
    RateLimitedError,
    TransientError,
    leaf_of_status,
)

PLATFORM = "github"
LIMITED = ("rate limit", "abuse detection", "submitted too quickly", "retry your request again")
READ_ONLY = ("locked", "archived")
GARBLED = (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError)

Meaning = tuple[tuple[type[Exception], ...], type[PlatformError], str]

MEANINGS: tuple[Meaning, ...] = (
    (
        (
            requests.exceptions.InvalidURL,
            requests.exceptions.InvalidSchema,
            requests.exceptions.MissingSchema,
            requests.exceptions.InvalidHeader,
            UnicodeError,
        ),
        FatalError,
        "no request can be made: check GITHUB_API_URL and the token",
    ),
    (
        (jwt.PyJWTError,),
        FatalError,
        "GITHUB_APP_PRIVATE_KEY cannot sign: give the App's RSA key as PEM",
    ),
    ((requests.Timeout,), TransientError, "GitHub was silent for too long"),
    ((requests.RequestException,), TransientError, "GitHub did not answer whole"),
    (
        (*GARBLED, AssertionError, BadAttributeException),
        TransientError,
        "GitHub's answer cannot be read",
    ),
    ((OSError, HTTPError, RuntimeError), TransientError, "GitHub cannot be reached"),
)
"""What else PyGithub and requests raise, and what it means; the first that fits counts."""

RAISED = tuple(kind for kinds, _, _ in MEANINGS for kind in kinds)


def refused(status: int, headers: Mapping[str, str], data: Any, now: datetime) -> PlatformError:
    """
    The error that an answer other than 2xx amounts to.

    Args:
        status: Its HTTP status.
        headers: Its headers, names in lower case.
        data: Its body as parsed; anything may have come.
        now: The time, with its zone.
    """
    reason = said(status, data)
    limited = is_limit(status, headers, reason)
    pause = pause_asked(headers, now)
    return kind_of(status, reason, limited=limited)(
        reason, platform=PLATFORM, status=status, retry_after=pause
    )


def kind_of(status: int, reason: str, *, limited: bool) -> type[PlatformError]:
    """Which of our errors a *status* with *reason* is."""
    if limited:
        return RateLimitedError
    if status in (HTTPStatus.FOUND, HTTPStatus.SEE_OTHER):
        return TransientError
    read_only = any(word in reason.lower() for word in READ_ONLY)
    if 300 <= status < 400 or (status == HTTPStatus.FORBIDDEN and read_only):
        return ClientError
    return leaf_of_status(status)


def said(status: int, data: Any) -> str:
    """What GitHub said, in one line of at most 300 characters, its field errors included."""
    if not isinstance(data, dict) or "message" not in data:
        return f"GitHub answered {status}"
    errors = data.get("errors")
    errors = errors if isinstance(errors, list) else []
    parts = [str(data["message"]), *map(one_error, errors)]
    return f"GitHub answered {status}: {'; '.join(parts)}".replace("\n", " ")[:300]


def one_error(error: Any) -> str:
    """One field error of a 422."""
    if not isinstance(error, dict):
        return str(error)
    if error.get("message"):
        return str(error["message"])
    return f"{error.get('field')} is {error.get('code')}"


def is_limit(status: int, headers: Mapping[str, str], reason: str) -> bool:
    """Whether we were refused for calling too often, by GitHub's primary or secondary limit."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    if status not in (HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY):
        return False
    if any(words in reason.lower() for words in LIMITED):
        return True
    exhausted = headers.get("x-ratelimit-remaining") == "0"
    return status == HTTPStatus.FORBIDDEN and ("retry-after" in headers or exhausted)


def pause_asked(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """
    How long GitHub asks us to wait, from a second to an hour; None if it does not say sensibly.

    ``Retry-After`` may be seconds or a date; without it the reset of an exhausted limit counts.
    """
    asked = seconds_until(headers.get("retry-after"), now)
    if asked is None and headers.get("x-ratelimit-remaining") == "0":
        reset = number(headers.get("x-ratelimit-reset"))
        asked = None if reset is None else reset - now.timestamp()
    return None if asked is None else bounded(asked)


def garbled(what: str) -> TransientError:
    """The error for an answer that cannot be read."""
    return TransientError(f"GitHub's answer cannot be read: {what}", platform=PLATFORM)


@contextmanager
def told_in_our_terms(now: datetime) -> Iterator[None]:
    """
    Let what PyGithub and requests raise leave as one of our errors.

    The original is left behind: its text, or that of its causes, may show a header.
    """
    try:
        yield
    except GithubException as error:
        headers = {k.lower(): v for k, v in (error.headers or {}).items()}
        raise refused(error.status, headers, error.data, now) from None
    except RAISED as error:
        raise meaning(error) from None


def meaning(error: Exception) -> PlatformError:
    """The one of our errors that *error* amounts to."""
    for kinds, ours, reason in MEANINGS:
        if isinstance(error, kinds):
            return ours(f"{reason} ({name(error)})", platform=PLATFORM)
    return TransientError(f"GitHub cannot be reached ({name(error)})", platform=PLATFORM)


def name(error: BaseException) -> str:
    """What kind of error it is, without what it says."""
    return type(error).__name__
