"""Every failure has a category, whatever raised it, and none of its words is a secret."""

import asyncio
import importlib
import inspect
import json
import pkgutil
import ssl
from collections.abc import Iterator
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.exceptions import ActivityError, ApplicationError, RetryState

from contexten.classification import classified, lineage
from contexten.errors import (
    LEAVES,
    MOST_SAID,
    RECOVERIES,
    UNSAID_PAUSE,
    AuthenticationError,
    Category,
    PlatformError,
    RateLimitedError,
    Recovery,
    ServerError,
    TransientError,
)
from contexten.foreign_errors import ANSWERED, LIMITS, MEANS, RPC_CODES, WRAPPERS

LIBRARIES = (
    *("httpx", "httpcore", "requests", "urllib3", "aiohttp", "jwt", "temporalio"),
    *("github", "slack_sdk", "httpx2", "httpcore2"),
)
OTHERWISE = {
    "temporalio.service.RPCError",
    "temporalio.exceptions.ApplicationError",
}
"""Known by name in the classification itself."""

NO_CALLS = ("contrib", "__main__", "testing", "openai", "google", "langsmith", "web_", "lambda")
"""Modules of a library that we make no calls with."""

SECRET = "correct-horse-battery-staple"


def modules(library: str) -> Iterator[ModuleType]:
    """Every module of *library* that can be imported here."""
    root = importlib.import_module(library)
    yield root
    for found in pkgutil.walk_packages(root.__path__, f"{library}.", onerror=lambda _: None):
        if not any(part in found.name for part in NO_CALLS):
            try:
                yield importlib.import_module(found.name)
            except ImportError:
                continue


def exceptions_of(library: str) -> list[type[BaseException]]:
    """Every public exception that *library* defines, but no warnings."""
    found = {
        kind
        for module in modules(library)
        for kind in vars(module).values()
        if inspect.isclass(kind)
        and issubclass(kind, BaseException)
        and not issubclass(kind, Warning)
        and kind.__module__.split(".")[0] == library
        and not any(part in kind.__module__ for part in NO_CALLS)
        and not kind.__name__.startswith("_")
    }
    return sorted(found, key=lambda kind: kind.__qualname__)


def made(kind: type[BaseException]) -> BaseException:
    """One of *kind*, whatever its constructor wants."""
    return kind.__new__(kind)


def qualified(kind: type[BaseException]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.filterwarnings("ignore")
def test_every_exception_of_a_library_is_decided_upon_by_name(library: str) -> None:
    kinds = exceptions_of(library)
    decided = {*MEANS, *ANSWERED, *WRAPPERS, *LIMITS, *OTHERWISE}

    assert len(kinds) >= 8
    assert [name for kind in kinds if (name := qualified(kind)) not in decided] == []


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.filterwarnings("ignore")
def test_every_exception_of_a_library_has_the_category_of_its_name(library: str) -> None:
    table = {**MEANS, **ANSWERED}
    plain = [kind for kind in exceptions_of(library) if qualified(kind) in table]

    assert {qualified(k): classified(made(k)).category for k in plain} == {
        qualified(k): table[qualified(k)] for k in plain
    }


@pytest.mark.parametrize(
    "module", ["openai", "langchain_core.exceptions", "langchain_openai.chat_models.base"]
)
def test_every_exception_of_a_models_library_means_what_it_says(module: str) -> None:
    table = {**MEANS, **ANSWERED}
    found = vars(importlib.import_module(module))
    kinds = [
        k
        for k in list(found.values())
        if inspect.isclass(k)
        and issubclass(k, Exception)
        and k.__module__.split(".")[0] == module.split(".")[0]
    ]

    assert kinds
    undecided = [k for k in kinds if not {*lineage(made(k))} & ({*table} | LIMITS)]
    assert undecided == []
    assert not [
        k
        for k in kinds
        if classified(made(k)).category is Category.UNKNOWN and not {qualified(k)} & {*table}
    ]


def test_every_exception_of_the_language_is_decided_upon_by_name() -> None:
    builtin = [k for k in vars(importlib.import_module("builtins")).values() if inspect.isclass(k)]
    of_modules = [
        k
        for module in (asyncio, ssl, json, importlib.import_module("http.client"))
        for k in vars(module).values()
        if inspect.isclass(k)
    ]
    kinds = [
        k
        for k in (*builtin, *of_modules)
        if issubclass(k, BaseException) and not issubclass(k, Warning)
    ]

    assert [qualified(k) for k in kinds if qualified(k) not in {*MEANS, *WRAPPERS}] == []


def test_an_exception_nobody_has_heard_of_is_unknown() -> None:
    class OddError(Exception):
        pass

    failure = classified(OddError(SECRET))

    assert (failure.category, failure.recovery) == (Category.UNKNOWN, Recovery.RETRY)
    assert not failure.counts_against_platform


@pytest.mark.parametrize("leaf", LEAVES.values())
def test_our_errors_keep_what_they_say(leaf: type[PlatformError]) -> None:
    pause = timedelta(seconds=7)

    failure = classified(leaf("no  such\nthing", platform="slack", status=418, retry_after=pause))

    assert (failure.type, failure.message) == (leaf.__name__, "no such thing")
    assert (failure.status, failure.retry_after) == (418, pause)
    assert failure.category is leaf.category
    assert failure.limited == (leaf is RateLimitedError)


def test_a_heir_of_an_error_of_ours_means_the_same() -> None:
    class LaterError(TransientError):
        pass

    assert classified(LaterError("later", platform="linear")).category is Category.TRANSIENT


def test_a_limit_that_names_no_time_is_a_minute_long() -> None:
    failure = classified(RateLimitedError("slow down", platform="slack"))

    assert failure.retry_after == UNSAID_PAUSE
    assert failure.recovery is Recovery.BACK_OFF
    assert failure.limited


@pytest.mark.parametrize("name", LEAVES)
def test_a_failure_that_travelled_through_temporal_keeps_its_category(name: str) -> None:
    told = ApplicationError("words", {"platform": "github", "status": 500}, type=name)

    failure = classified(activity_failed_of(activity_failed_of(told)))

    assert failure.category is LEAVES[name].category
    assert (failure.type, failure.status, failure.message) == (name, 500, "words")
    assert failure.limited == LEAVES[name].limited


def test_a_failure_that_tells_its_category_is_believed() -> None:
    told = ApplicationError("words", {"category": "fatal"}, type="KeyError")

    assert classified(told).category is Category.FATAL


@pytest.mark.parametrize("details", [(), (None,), ({"category": "odd", "status": "x"},), ([],)])
def test_a_failure_with_odd_details_is_unknown(details: tuple[object, ...]) -> None:
    failure = classified(ApplicationError(SECRET, *details, type="Odd"))

    assert (failure.category, failure.message) == (Category.UNKNOWN, "Odd")


def activity_failed_of(cause: BaseException) -> ActivityError:
    error = ActivityError(
        "failed",
        scheduled_event_id=1,
        started_event_id=2,
        identity="me",
        activity_type="github.post_comment",
        activity_id="1",
        retry_state=RetryState.NON_RETRYABLE_FAILURE,
    )
    error.__cause__ = cause
    return error


def test_a_wrapper_with_nothing_in_it_is_unknown() -> None:
    error = activity_failed_of(TimeoutError())
    error.__cause__ = None

    assert classified(error).category is Category.UNKNOWN


def test_a_wrapper_that_holds_itself_comes_to_an_end() -> None:
    error = activity_failed_of(TimeoutError())
    error.__cause__ = error

    assert classified(error).category is Category.UNKNOWN


def test_of_a_group_the_first_member_counts() -> None:
    group = ExceptionGroup("both", [ServerError("500", platform="slack"), TimeoutError()])

    assert classified(group).category is Category.SERVER_ERROR


def test_every_refusal_of_the_engine_is_decided_upon() -> None:
    from temporalio.service import RPCError, RPCStatusCode

    assert {code.name for code in RPCStatusCode} == set(RPC_CODES)
    for code in RPCStatusCode:
        failure = classified(RPCError("no", code, b""))
        assert failure.category is RPC_CODES[code.name]
        assert failure.limited == (code is RPCStatusCode.RESOURCE_EXHAUSTED)


@pytest.mark.parametrize("name", [one for one in sorted(LIMITS) if one.startswith("github")])
def test_a_limit_of_pygithub_is_a_limit_whatever_its_status(name: str) -> None:
    error = type(name.rpartition(".")[2], (Exception,), {"__module__": "github.GithubException"})()
    error.status = 403

    failure = classified(error)

    assert failure.limited
    assert (failure.category, failure.recovery) == (Category.TRANSIENT, Recovery.BACK_OFF)


class EvilError(TransientError):
    """One that lets nobody look at it."""

    def __str__(self) -> str:
        raise RuntimeError("no")

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError("no")


class MuteError(Exception):
    """One that cannot speak."""

    def __str__(self) -> str:
        raise RuntimeError("no")


class DumbError(ServerError):
    """One of ours that cannot speak."""

    __str__ = MuteError.__str__


def test_never_raises_whatever_an_exception_does() -> None:
    evil = EvilError.__new__(EvilError)

    assert classified(evil).category is Category.UNKNOWN
    assert classified(MuteError()).category is Category.UNKNOWN
    assert classified(DumbError("", platform="slack")).category is Category.SERVER_ERROR


@given(st.sampled_from(sorted(MEANS)))
def test_what_a_foreign_exception_says_is_not_repeated(name: str) -> None:
    module, _, last = name.rpartition(".")
    error = type(last, (Exception,), {"__module__": module})(f"Authorization: Bearer {SECRET}")
    with pytest.raises(type(error)) as raised:
        raise error

    failure = classified(raised.value)

    assert SECRET not in failure.message
    assert last in failure.message
    assert "test_classification" in failure.message


@pytest.mark.parametrize(
    "key",
    [
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "ghs_1234567890",
        "github_pat_11ABC_xyz",
        "xoxb-1234-5678-abcdef",
        "xoxe.xoxp-1-Mi0yLTEyMw",
        "xapp-1-A-1-b",
        "lin_api_abcDEF123",
        "lin_oauth_abcDEF123",
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOjF9.c2ln",
    ],
)
def test_a_key_in_the_words_of_an_error_of_ours_is_blacked_out(key: str) -> None:
    failure = classified(AuthenticationError(f"Bad token {key}, said so", platform="github"))

    assert failure.message == "Bad token ***, said so"


@given(st.text(max_size=5000))
def test_a_message_is_bounded_and_on_one_line(text: str) -> None:
    failure = classified(TransientError(text, platform="slack"))

    assert len(failure.message) <= MOST_SAID
    assert len(failure.message.splitlines()) <= 1


def test_every_category_has_its_recovery() -> None:
    assert set(RECOVERIES) == set(Category)
    assert set(RECOVERIES.values()) == set(Recovery)


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (ServerError("502", platform="slack", status=502), True),
        (TransientError("silent", platform="slack"), True),
        (TransientError("garbled", platform="slack", status=200), True),
        (TransientError("not yet known", platform="github", status=401), False),
        (RateLimitedError("slow down", platform="slack", status=429), False),
        (AuthenticationError("who?", platform="slack", status=401), False),
        (ConnectionResetError(), True),
        (asyncio.CancelledError(), False),
        (KeyboardInterrupt(), False),
        (MemoryError(), False),
        (KeyError("a bug"), False),
    ],
    ids=repr,
)
def test_a_breaker_counts_what_says_that_the_platform_is_unwell(
    error: BaseException, counts: bool
) -> None:
    assert classified(error).counts_against_platform is counts


def test_an_exceptions_lineage_is_told_nearest_first() -> None:
    assert lineage(KeyError())[:2] == ["builtins.KeyError", "builtins.LookupError"]
