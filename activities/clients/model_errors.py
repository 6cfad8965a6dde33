"""What a provider's refusals, and its silence, mean in our terms. No message holds a key."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from activities.clients.pauses import bounded, number, seconds_until
from contexten.classification import classified, status_of, without_keys
from contexten.errors import (
    LEAF_OF,
    Category,
    ClientError,
    FatalError,
    PlatformError,
    RateLimitedError,
    TransientError,
)

PLATFORM = "model"
EMPTY_ACCOUNT = timedelta(minutes=10)
CODES: Mapping[str, tuple[type[PlatformError], str]] = {
    "context_length_exceeded": (ClientError, "what was said is longer than the model takes"),
    "string_above_max_length": (ClientError, "what was said is longer than the model takes"),
    "content_filter": (ClientError, "the provider's content filter refused"),
    "content_policy_violation": (ClientError, "the provider's content filter refused"),
    "model_not_found": (FatalError, "there is no such model: check AGENT_MODEL"),
    "insufficient_quota": (RateLimitedError, "the provider's account is empty"),
}
WORDS = (
    ("context length", "context_length_exceeded"),
    ("prompt is too long", "context_length_exceeded"),
    ("context window", "context_length_exceeded"),
    ("content management policy", "content_filter"),
)
TOO_LONG = "contextoverflowerror"
SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
KINDS = ("requests", "tokens", "input-tokens", "output-tokens")


@contextmanager
def told_in_our_terms() -> Iterator[None]:
    """
    Let what LangChain and the providers' libraries raise leave as one of our errors.

    The original is left behind: it shows the request, which has the transcript and the key.

    Raises:
        PlatformError: What it amounts to.
    """
    try:
        yield
    except PlatformError:
        raise
    except ImportError as error:
        raise not_installed(error) from None
    except Exception as error:  # noqa: BLE001 - each provider's library has its own
        raise meaning(error, datetime.now(UTC)) from None


def not_installed(error: ImportError) -> FatalError:
    """The error for a provider whose package is missing; LangChain names it."""
    package = re.search(r"langchain[-_](\w+)", str(error))
    extra = package.group(1).replace("_", "-") if package else ""
    how = f"pip install 'contexten[{extra}]'" if extra in ("openai", "anthropic") else ""
    how = how or (f"pip install langchain-{extra}" if extra else "install the provider's package")
    return FatalError(f"the model's package is not installed: `{how}`", platform=PLATFORM)


def meaning(error: Exception, now: datetime) -> PlatformError:
    """The one of our errors that *error* amounts to."""
    status, headers, code = status_of(error), headers_of(error), code_of(error)
    pause = pause_in(headers, now)
    if code in CODES:
        leaf, words = CODES[code]
        waits = max(pause or EMPTY_ACCOUNT, EMPTY_ACCOUNT) if leaf is RateLimitedError else None
        return leaf(words, platform=PLATFORM, status=status, retry_after=waits)
    found = classified(error)
    said = f"the provider answered {status}" if status else "the provider cannot be reached"
    detail = without_keys(words_of(error))[:200] if status else type(error).__name__
    reason = f"{said}: {detail}"
    if found.limited:
        return RateLimitedError(reason, platform=PLATFORM, status=status, retry_after=pause)
    if status == 404:
        reason = "the provider knows no such model or address: check AGENT_MODEL, AGENT_MODEL_URL"
        return FatalError(reason, platform=PLATFORM, status=status)
    if found.category is Category.FATAL and not status:
        reason = f"the model is not set up: {without_keys(words_of(error))[:200]}"
    leaf = LEAF_OF.get(found.category, TransientError)
    return leaf(reason, platform=PLATFORM, status=status, retry_after=pause)


def headers_of(error: BaseException) -> Mapping[str, str]:
    """The headers of the answer that *error* carries, names in lower case."""
    headers = getattr(getattr(error, "response", None), "headers", None)
    try:
        return {str(name).lower(): str(value) for name, value in dict(headers or {}).items()}
    except (TypeError, ValueError):
        return {}


def code_of(error: BaseException) -> str:
    """What the provider calls what went wrong; empty if it has no name that we know."""
    if any(TOO_LONG in kind.__name__.lower() for kind in type(error).__mro__):
        return "context_length_exceeded"
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, dict) else {}
    inner = inner if isinstance(inner, dict) else {}
    for name in (getattr(error, "code", None), inner.get("code"), inner.get("type")):
        if isinstance(name, str) and name in CODES:
            return name
    text = words_of(error).lower() if status_of(error) in (400, 413, 422) else ""
    return next((code for words, code in WORDS if words in text), "")


def words_of(error: BaseException) -> str:
    """What the provider says, on one line, without the rest of its answer."""
    body: Any = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, dict) else None
    said = inner.get("message") if isinstance(inner, dict) else None
    return " ".join(str(said or error).split())


def pause_in(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """
    How long the provider wants us to wait; None if it does not say.

    >>> pause_in({"retry-after": "7"}, datetime.now(UTC))
    datetime.timedelta(seconds=7)
    >>> exhausted = {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1m30s"}
    >>> pause_in(exhausted, datetime.now(UTC))
    datetime.timedelta(seconds=90)
    """
    in_ms = number(headers.get("retry-after-ms"))
    seconds = in_ms / 1000 if in_ms is not None else seconds_until(headers.get("retry-after"), now)
    if seconds is not None:
        return bounded(seconds)
    resets = [
        reset_of(headers.get(reset), now)
        for kind in KINDS
        for left, reset in (
            (f"x-ratelimit-remaining-{kind}", f"x-ratelimit-reset-{kind}"),
            (f"anthropic-ratelimit-{kind}-remaining", f"anthropic-ratelimit-{kind}-reset"),
        )
        if number(headers.get(left)) == 0
    ]
    known = [one for one in resets if one is not None]
    return bounded(max(known)) if known else None


def reset_of(text: str | None, now: datetime) -> float | None:
    """Seconds until a limit is over, told as ``1m30s`` or as a time; None if it is neither."""
    if not text:
        return None
    parts = SPAN.findall(text)
    if parts and "".join(a + b for a, b in parts) == text:
        return sum(float(many) * UNITS[unit] for many, unit in parts)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
