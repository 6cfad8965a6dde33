"""What Slack's refusals, and its silence, mean in our terms. No message holds the token."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from activities.clients.pauses import bounded, seconds_until
from contexten.errors import (
    ClientError,
    FatalError,
    PlatformError,
    TransientError,
    leaf_of_status,
)
from contexten.slack_errors import KINDS

PLATFORM = "slack"
NAME = re.compile(r"[a-z0-9_]{1,100}")
ELSEWHERE = "that is not where Slack's API is: check SLACK_API_URL"
GARBLED = (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError)

Meaning = tuple[tuple[type[Exception], ...], type[PlatformError], str]

MEANINGS: tuple[Meaning, ...] = (
    (
        (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError),
        FatalError,
        "no request can be made: check SLACK_API_URL",
    ),
    ((TimeoutError,), TransientError, "Slack was silent for too long"),
    (
        (aiohttp.ClientPayloadError, aiohttp.ClientResponseError, aiohttp.ServerDisconnectedError),
        TransientError,
        "Slack did not answer whole",
    ),
    ((aiohttp.ClientError, OSError), TransientError, "Slack cannot be reached"),
    (
        (*GARBLED, AssertionError, RuntimeError, SlackClientError),
        TransientError,
        "Slack's answer cannot be read",
    ),
)
"""What else slack-sdk and aiohttp raise, and what it means; the first that fits counts."""

RAISED = tuple(kind for kinds, _, _ in MEANINGS for kind in kinds)


def refused(status: int, headers: Mapping[str, str], data: Any, now: datetime) -> PlatformError:
    """
    The error that an answer amounts to which is no success.

    Args:
        status: Its HTTP status.
        headers: Its headers, names in lower case.
        data: Its body as parsed; anything may have come.
        now: The time, with its zone.
    """
    name = name_in(data)
    seconds = seconds_until(headers.get("retry-after"), now)
    pause = bounded(seconds) if seconds is not None else None
    return kind_of(status, name)(
        said(status, name, data),
        platform=PLATFORM,
        status=status,
        retry_after=pause,
    )


def kind_of(status: int, name: str | None) -> type[PlatformError]:
    """Which of our errors a *status* is, or an error *name* that came with a 200."""
    if 300 <= status < 400 or status == HTTPStatus.NOT_FOUND:
        return FatalError  # Slack words what is missing with a 200; this is another server
    if status < 300 and name is not None:
        return KINDS.get(name, ClientError)
    return leaf_of_status(status)


def name_in(data: Any) -> str | None:
    """The error name that Slack gave; None if it gave none."""
    name = data.get("error") if isinstance(data, dict) else None
    return name if isinstance(name, str) and NAME.fullmatch(name) else None


def said(status: int, name: str | None, data: Any) -> str:
    """What Slack said, in one line of at most 300 characters, with what it would have needed."""
    if kind_of(status, name) is FatalError:
        return f"Slack answered {status}: {ELSEWHERE}"
    if name is None:
        return f"Slack answered {status}, and not as it is documented"
    parts = [f"Slack answered {status}: {name}"]
    if isinstance(data.get("needed"), str):
        parts.append(f"the token needs {data['needed']}")
    metadata = data.get("response_metadata")
    messages = metadata.get("messages") if isinstance(metadata, dict) else None
    parts += [str(one) for one in messages] if isinstance(messages, list) else []
    return "; ".join(parts).replace("\n", " ")[:300]


def garbled(what: str) -> TransientError:
    """The error for an answer that cannot be read."""
    return TransientError(f"Slack's answer cannot be read: {what}", platform=PLATFORM)


@contextmanager
def told_in_our_terms(now: datetime) -> Iterator[None]:
    """
    Let what slack-sdk and aiohttp raise leave as one of our errors.

    The original is left behind: it shows the whole answer, or the address and its headers.
    """
    try:
        yield
    except SlackApiError as error:
        raise answered(error.response, now) from None
    except RAISED as error:
        raise meaning(error) from None


def answered(response: Any, now: datetime) -> PlatformError:
    """The error that *response* amounts to: slack-sdk's, or aiohttp's if it was no JSON."""
    if isinstance(response, aiohttp.ClientResponse):
        status, data = response.status, None
    else:
        status, data = response.status_code, response.data
    headers = {name.lower(): value for name, value in response.headers.items()}
    return refused(status, headers, data, now)


def meaning(error: Exception) -> PlatformError:
    """The one of our errors that *error* amounts to."""
    for kinds, ours, reason in MEANINGS:
        if isinstance(error, kinds):
            return ours(f"{reason} ({type(error).__name__})", platform=PLATFORM)
    return TransientError(f"Slack cannot be reached ({type(error).__name__})", platform=PLATFORM)
