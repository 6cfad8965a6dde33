"""What Linear's refusals mean in our terms, whether HTTP says it or GraphQL does."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from activities.clients.http import Answer
from activities.clients.pauses import bounded, number, seconds_until
from contexten.errors import (
    UNSAID_PAUSE,
    ClientError,
    FatalError,
    PlatformError,
    RateLimitedError,
    ServerError,
    TransientError,
    leaf_of_status,
)
from contexten.linear_errors import KINDS

PLATFORM = "linear"
ADDRESS = "LINEAR_API_URL"
LIMITS = ("requests", "complexity", "endpoint-requests")
MOST_SAID = 300


def data_of(answer: Answer, now: datetime) -> dict[str, Any]:
    """
    The ``data`` of *answer*. Data that comes with errors is not taken.

    Raises:
        PlatformError: Whichever of our errors *answer* amounts to, if it is no success.
    """
    if 300 <= answer.status < 400:
        reason = f"Linear redirects elsewhere: check {ADDRESS}"
        raise FatalError(reason, platform=PLATFORM, status=answer.status)
    body = parsed(answer)
    errors = objects(body, "errors")
    if errors or not 200 <= answer.status < 300:
        raise refused(answer.status, answer.headers, errors, now)
    if not isinstance(body, dict) or not isinstance(body.get("data"), dict):
        raise garbled("no data")
    data: dict[str, Any] = body["data"]
    return data


def parsed(answer: Answer) -> Any:
    """
    The JSON of *answer*; None if it refuses in something else than JSON.

    Raises:
        ServerError: If a success is an HTML page.
        TransientError: If a success is garbled.
    """
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        if answer.status >= 300:
            return None
    if answer.body.lstrip().startswith(b"<"):
        reason = "Linear answered with an HTML page: a proxy is in the way, or it is unwell"
        raise ServerError(reason, platform=PLATFORM, status=answer.status)
    raise garbled("no JSON")


def objects(body: Any, name: str) -> list[dict[str, Any]]:
    """The objects in the list *name* of *body*; anything else in it counts as one without words."""
    listed = body.get(name) if isinstance(body, dict) else None
    if listed is None:
        return []
    listed = listed if isinstance(listed, list) else [listed]
    return [one if isinstance(one, dict) else {} for one in listed]


def refused(
    status: int, headers: Mapping[str, str], errors: list[dict[str, Any]], now: datetime
) -> PlatformError:
    """
    The error that an answer amounts to.

    Args:
        status: Its HTTP status.
        headers: Its headers, names in lower case.
        errors: The GraphQL errors in it; none if it is not GraphQL.
        now: The time, with its zone.
    """
    limited = is_limit(status, errors)
    kind = RateLimitedError if limited else kind_of(status, errors)
    pause = pause_asked(headers, now, limited=limited)
    reason = said(status, errors)
    return kind(reason, platform=PLATFORM, status=status, retry_after=pause)


def is_limit(status: int, errors: list[dict[str, Any]]) -> bool:
    """Whether we were refused for asking too often or too much; Linear says so with a 400."""
    return status == HTTPStatus.TOO_MANY_REQUESTS or any(
        KINDS.get(name) is RateLimitedError for error in errors for name in names(error)
    )


def kind_of(status: int, errors: list[dict[str, Any]]) -> type[PlatformError]:
    """Which of our errors it is: the first GraphQL error decides, else the HTTP status."""
    if not errors:
        return kind_of_status(status)
    known = [KINDS[name] for name in names(errors[0]) if name in KINDS]
    if known:
        return known[0]
    extensions = extensions_of(errors[0])
    told = extensions.get("statusCode")
    if isinstance(told, int) and told >= 400:
        return kind_of_graphql(told)
    return ClientError if extensions.get("userError") is True else kind_of_graphql(status)


def kind_of_graphql(status: int) -> type[PlatformError]:
    """What a GraphQL error means of which only a *status* is known; a success says nothing."""
    if status < 400:
        return ServerError
    kind = kind_of_status(status)
    return ClientError if kind is FatalError else kind


def kind_of_status(status: int) -> type[PlatformError]:
    """What an HTTP *status* means where nothing else is said."""
    if status < 400:
        return ServerError
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        return FatalError  # Linear words what is missing as GraphQL; this is another server
    return leaf_of_status(status)


def names(error: dict[str, Any]) -> list[str]:
    """The type and the code of a GraphQL error as ``KINDS`` has them."""
    extensions = extensions_of(error)
    given = (extensions.get("type"), extensions.get("code"))
    return [name.lower().replace("_", " ") for name in given if isinstance(name, str)]


def extensions_of(error: dict[str, Any]) -> dict[str, Any]:
    """The extensions of a GraphQL error; empty if it has none."""
    extensions = error.get("extensions")
    return extensions if isinstance(extensions, dict) else {}


def said(status: int, errors: list[dict[str, Any]]) -> str:
    """What Linear said, in one line of at most 300 characters, its words for people included."""
    parts = [
        str(part)
        for error in errors
        for part in (error.get("message"), extensions_of(error).get("userPresentableMessage"))
        if part
    ]
    if not parts and status == HTTPStatus.NOT_FOUND:
        parts = [f"check {ADDRESS}"]
    words = "; ".join(dict.fromkeys(parts))
    told = f"Linear answered {status}: {words}" if words else f"Linear answered {status}"
    return told.replace("\n", " ")[:MOST_SAID]


def pause_asked(headers: Mapping[str, str], now: datetime, *, limited: bool) -> timedelta | None:
    """
    How long Linear asks us to wait, from a second to an hour; None if it does not say.

    ``Retry-After`` counts first; after a limit, the reset of the one that is used up, or the
    nearest where none says so: a limit on complexity may have some left, but not enough.
    """
    asked = seconds_until(headers.get("retry-after"), now)
    if asked is None and limited:
        resets = {name: reset_of(name, headers, now) for name in LIMITS}
        told = {name: seconds for name, seconds in resets.items() if seconds is not None}
        used_up = [s for n, s in told.items() if headers.get(f"x-ratelimit-{n}-remaining") == "0"]
        asked = max(used_up, default=min(told.values(), default=UNSAID_PAUSE.total_seconds()))
    return None if asked is None else bounded(asked)


def reset_of(limit: str, headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds until *limit* is reset, which Linear gives as a time in epoch milliseconds."""
    reset = number(headers.get(f"x-ratelimit-{limit}-reset"))
    return None if reset is None else reset / 1000 - now.timestamp()


def garbled(what: str) -> TransientError:
    """The error for an answer that cannot be read."""
    return TransientError(f"Linear's answer cannot be read: {what}", platform=PLATFORM)
