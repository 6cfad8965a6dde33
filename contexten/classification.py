"""
What any exception amounts to: ours, those of our clients' libraries, and those unheard of.

An exception is known by the qualified names of its class and of those it inherits from, nearest
first, so the core imports no library. What a foreign exception *says* is never repeated: it may
show a header, an address or a key. Where it was raised is told instead.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from types import TracebackType
from typing import Any

from contexten.errors import (
    LEAVES,
    MOST_SAID,
    TOO_MANY_REQUESTS,
    UNSAID_PAUSE,
    Category,
    Failure,
    PlatformError,
    category_of_status,
    recovery_from,
)
from contexten.foreign_errors import ANSWERED, LIMITS, MEANS, RPC_CODES, WRAPPERS

MOST_NAMED = 100
DEEPEST = 20

APPLICATION_ERROR = "temporalio.exceptions.ApplicationError"
RPC_ERROR = "temporalio.service.RPCError"
OURS = {f"{PlatformError.__module__}.{name}" for name in (*LEAVES, PlatformError.__name__)}

KEYS = re.compile(
    r"(gh[a-z]_|github_pat_|xox[a-z.-]+-|xapp-|lin_[a-z]+_)[\w.-]+"
    r"|eyJ[\w-]{8,}(\.[\w-]*)*"
    r"|(?<=://)[^/@\s]+(?=@)"
    r"|(?i:(?<=bearer )|(?<=token ))[\w.~+/=-]{16,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*"
)
"""What the keys look like that we hold, wherever they turn up in a text."""


def classified(error: BaseException) -> Failure:
    """
    What *error* amounts to. Total: it answers for every exception and raises none.

    >>> classified(TimeoutError()).recovery.value
    'retry'
    >>> classified(KeyError("sesame")).message
    'KeyError'
    """
    try:
        return meaning(bared(error))
    except Exception:  # noqa: BLE001  whatever an exception does when it is looked at
        name = named(type(error))
        return failure(Category.UNKNOWN, name, f"{name}, which cannot be looked at")


def meaning(error: BaseException) -> Failure:
    """What *error* amounts to, which is no wrapper."""
    for name in lineage(error):
        if name in OURS:
            return of_ours(error, type(error).__name__)
        if name == APPLICATION_ERROR:
            return of_application(error)
        if name == RPC_ERROR:
            return of_rpc(error)
        if name in LIMITS:
            return foreign(error, Category.TRANSIENT, status_of(error), limited=True)
        if name in ANSWERED:
            return of_answered(error, ANSWERED[name])
        if name in MEANS:
            return foreign(error, MEANS[name])
    return foreign(error, Category.UNKNOWN)


def bared(error: BaseException) -> BaseException:
    """What *error* carries, if it is nothing but a wrapper; itself if there is nothing in it."""
    for _ in range(DEEPEST):
        if not any(name in WRAPPERS for name in lineage(error)):
            return error
        inner = next(carried(error), None)
        if inner is None:
            return error
        error = inner
    return error


def carried(error: BaseException) -> Iterator[BaseException]:
    """What *error* wraps, the first of a group before the cause."""
    group = getattr(error, "exceptions", None)
    for one in (*(group if isinstance(group, tuple) else ()), getattr(error, "cause", None)):
        if isinstance(one, BaseException):
            yield one


def lineage(error: BaseException) -> list[str]:
    """The qualified names of the class of *error* and of all it inherits from, nearest first."""
    return [f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__]


def of_ours(error: Any, name: str) -> Failure:
    """What one of our errors amounts to, under *name*."""
    return failure(
        Category(error.category),
        name,
        text_of(error),
        status=whole(error.status),
        retry_after=span(error.retry_after),
        limited=error.limited is True,
    )


def of_application(error: Any) -> Failure:
    """
    What a failure amounts to that travelled through Temporal, by the name it travelled under.

    Its first detail may say more: ``status``, ``limited``, and the ``category`` of what is no
    error of ours.
    """
    name = error.type if isinstance(error.type, str) and error.type else named(type(error))
    details = error.details[0] if error.details and isinstance(error.details[0], dict) else {}
    leaf = LEAVES.get(name)
    told = details.get("category")
    category = leaf.category if leaf else Category(told) if told in set(Category) else None
    return failure(
        category or Category.UNKNOWN,
        name,
        text_of(error.message) if category else name,
        status=whole(details.get("status")),
        retry_after=span(getattr(error, "next_retry_delay", None)),
        limited=leaf.limited if leaf else details.get("limited") is True,
    )


def of_rpc(error: Any) -> Failure:
    """What a refusal of Temporal's own server amounts to."""
    code = str(getattr(error.status, "name", ""))
    limited = code == "RESOURCE_EXHAUSTED"
    return foreign(error, RPC_CODES.get(code, Category.UNKNOWN), said=code, limited=limited)


def of_answered(error: BaseException, unsaid: Category) -> Failure:
    """What an exception amounts to that carries an HTTP status; *unsaid* if that says nothing."""
    status = status_of(error)
    means = Category.UNKNOWN if status is None else category_of_status(status)
    category = unsaid if means is Category.UNKNOWN else means
    return foreign(error, category, status, limited=status == TOO_MANY_REQUESTS)


def status_of(error: BaseException) -> int | None:
    """The HTTP status that *error* carries, wherever its library puts it."""
    response = getattr(error, "response", None)
    for holder, name in (
        (error, "status"),
        (error, "status_code"),
        (response, "status_code"),
        (response, "status"),
    ):
        status = whole(getattr(holder, name, None))
        if status:
            return status
    return None


def foreign(
    error: BaseException,
    category: Category,
    status: int | None = None,
    *,
    said: str = "",
    limited: bool = False,
) -> Failure:
    """What *error* amounts to, which is none of ours: a *category*, and where it was raised."""
    name = named(type(error))
    parts = (name, f"({said or status})" if said or status else "", place(error.__traceback__))
    return failure(
        category,
        name,
        " ".join(part for part in parts if part),
        status=status,
        retry_after=UNSAID_PAUSE if limited else None,
        limited=limited,
    )


def failure(
    category: Category,
    name: str,
    message: str,
    *,
    status: int | None = None,
    retry_after: timedelta | None = None,
    limited: bool = False,
) -> Failure:
    """A failure with what is done about it, and with nothing in it that is long or secret."""
    recovery = recovery_from(category, limited=limited)
    return Failure(
        category,
        recovery,
        name[:MOST_NAMED],
        without_keys(message)[:MOST_SAID],
        status,
        retry_after,
        limited,
    )


def named(kind: type[BaseException]) -> str:
    """The name of *kind* with its module in front, unless that is the language itself."""
    module, name = str(kind.__module__), str(kind.__qualname__)
    return name if module == "builtins" else f"{module}.{name}"


def place(trace: TracebackType | None) -> str:
    """Where it was raised: in the last function that no library has; nothing if nowhere."""
    found = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        parts = code.co_filename.replace("\\", "/").split("/")
        if not found or not {"site-packages", "lib"} & set(parts):
            found = f"in {code.co_name} ({'/'.join(parts[-3:])}:{trace.tb_lineno})"
        trace = trace.tb_next
    return found


def text_of(error: object) -> str:
    """What *error* says, on one line; nothing if it cannot."""
    try:
        return " ".join(str(error).split())
    except Exception:  # noqa: BLE001  whatever its __str__ does
        return ""


def without_keys(text: str) -> str:
    """
    *text* with what looks like one of our keys blacked out.

    >>> without_keys("no access with xoxb-12-abc at https://me:pw@example.org/")
    'no access with *** at https://***@example.org/'
    """
    return KEYS.sub("***", text[: 10 * MOST_SAID])


def whole(value: object) -> int | None:
    """*value* if it is a whole number, and no truth value."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def span(value: object) -> timedelta | None:
    """*value* if it is a duration."""
    return value if isinstance(value, timedelta) else None
