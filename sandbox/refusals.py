"""How each platform words a failure, for faults that answer in its place."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from sandbox.faults import Fault, Wanted

JSON = "application/json; charset=utf-8"
HTML = (
    b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
)
GARBAGE = bytes(range(128, 256)) * 2
LINEAR_KINDS = {401: "authentication error", 403: "forbidden", 429: "ratelimited"}

Answers = tuple[int, dict[str, str], Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole HTTP answer."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def refusal(fault: Fault, url: str) -> Answer:
    """
    The answer that *fault* gives in the platform's place to a request for *url*.

    Raises:
        KeyError: If the fault's kind is not one that answers.
    """
    wanted = fault.wanted
    fixed: dict[str, Answers] = {
        "html": (502, {"content-type": "text/html"}, HTML),
        "garbage": (200, {"content-type": JSON}, GARBAGE),
        "redirect_loop": (wanted.status or 302, {"location": url}, b""),
    }
    worded = {"status": broken, "rate_limit": limited}
    in_words = worded[wanted.kind](wanted) if wanted.kind in worded else fixed[wanted.kind]
    status, headers, body = in_words
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
        headers = {"content-type": JSON, **headers}
    return Answer(status, body, {**headers, **{k.lower(): v for k, v in wanted.headers.items()}})


def broken(wanted: Wanted) -> Answers:
    """An error of the asked status (500 if none) in the platform's own words."""
    status = wanted.status or 500
    if wanted.platform == "slack":
        return status, {}, {"ok": False, "error": "internal_error"}
    if wanted.platform == "linear":
        kind = LINEAR_KINDS.get(status, "invalid input" if status < 500 else "internal error")
        return status, {}, {"errors": [{"message": kind, "extensions": {"type": kind}}]}
    if wanted.platform == "model":
        return status, {}, {"error": {"message": "The server had an error", "type": "server_error"}}
    return status, {}, {"message": "Server Error", "status": str(status)}


def limited(wanted: Wanted) -> Answers:
    """A rate limit in the platform's own words, over after ``retry_after_s``."""
    worded = {"github": github, "linear": linear, "slack": slack, "model": model}
    status, headers, body = worded[wanted.platform](wanted)
    return wanted.status or status, headers, body


def github(wanted: Wanted) -> Answers:
    """The primary limit by its reset, or the secondary by ``Retry-After``."""
    if wanted.secondary:
        message = (
            "You have exceeded a secondary rate limit. "
            "Please wait a few minutes before you try again."
        )
        return 403, {"retry-after": str(wanted.retry_after_s)}, {"message": message}
    headers = {
        "x-ratelimit-limit": "5000",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": str(int(time.time()) + wanted.retry_after_s),
    }
    return 403, headers, {"message": "API rate limit exceeded for user ID 1."}


def linear(wanted: Wanted) -> Answers:
    """A GraphQL error of type ``ratelimited`` with a 400, and when requests are free again."""
    headers = {
        "x-ratelimit-requests-limit": "1500",
        "x-ratelimit-requests-remaining": "0",
        "x-ratelimit-requests-reset": str(int((time.time() + wanted.retry_after_s) * 1000)),
    }
    extensions = {"type": "ratelimited", "code": "RATELIMITED", "userError": True}
    return 400, headers, {"errors": [{"message": "Rate limit exceeded", "extensions": extensions}]}


def slack(wanted: Wanted) -> Answers:
    """A 429 with ``Retry-After``."""
    headers = {"retry-after": str(wanted.retry_after_s)}
    return 429, headers, {"ok": False, "error": "ratelimited"}


def model(wanted: Wanted) -> Answers:
    """A 429 with ``Retry-After``, and what is left of the limit."""
    headers = {
        "retry-after": str(wanted.retry_after_s),
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": f"{wanted.retry_after_s}s",
    }
    said = {"message": "Rate limit reached", "type": "requests", "code": "rate_limit_exceeded"}
    return 429, headers, {"error": said}
