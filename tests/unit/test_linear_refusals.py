"""What Linear refuses, and how long it asks us to wait, is read whatever its words are."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.clients.linear import authorization
from activities.clients.linear_errors import pause_asked, refused
from activities.clients.pauses import LONGEST_PAUSE, SHORTEST_PAUSE
from contexten.errors import UNSAID_PAUSE, ClientError, PlatformError, RateLimitedError
from contexten.linear_errors import KINDS, UNSAYING

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
MS = int(NOW.timestamp() * 1000)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "17"}, 17),
        ({"retry-after": "0"}, 1),
        ({"retry-after": "86400"}, 3600),
        ({"retry-after": format_datetime(NOW + timedelta(seconds=42), usegmt=True)}, 42),
        ({"retry-after": "17", "x-ratelimit-requests-reset": str(MS + 90_000)}, 17),
        ({"x-ratelimit-requests-reset": str(MS + 90_000)}, 90),
        ({"x-ratelimit-complexity-reset": str(MS + 1_500)}, 2),
        ({"x-ratelimit-endpoint-requests-reset": str(MS - 1_500)}, 1),
        (
            {
                "x-ratelimit-requests-remaining": "0",
                "x-ratelimit-requests-reset": str(MS + 90_000),
                "x-ratelimit-complexity-remaining": "7",
                "x-ratelimit-complexity-reset": str(MS + 5_000),
            },
            90,
        ),
        (
            {
                "x-ratelimit-requests-reset": str(MS + 90_000),
                "x-ratelimit-complexity-reset": str(MS + 5_000),
            },
            5,
        ),
        ({"x-ratelimit-requests-reset": "9" * 400}, 60),
        ({"retry-after": "banana"}, 60),
        ({}, 60),
    ],
    ids=str,
)
def test_the_pause_is_read_in_every_form(headers: dict[str, str], seconds: int) -> None:
    assert pause_asked(headers, NOW, limited=True) == timedelta(seconds=seconds)
    assert timedelta(seconds=60) == UNSAID_PAUSE


def test_without_a_limit_only_retry_after_counts() -> None:
    reset = {"x-ratelimit-requests-reset": str(MS + 90_000)}

    assert pause_asked(reset, NOW, limited=False) is None
    assert pause_asked({"retry-after": "3"}, NOW, limited=False) == timedelta(seconds=3)


JSON = st.recursive(
    st.none() | st.text() | st.integers() | st.booleans(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["type", "code", "x"]), inner),
)


@given(
    st.integers(200, 599),
    st.dictionaries(st.sampled_from(["retry-after", "x-ratelimit-requests-reset"]), st.text()),
    st.lists(
        st.dictionaries(st.sampled_from(["message", "extensions"]), JSON)
        | st.fixed_dictionaries({"extensions": st.dictionaries(st.text(), JSON)})
    ),
)
def test_every_refusal_is_one_of_our_errors(
    status: int, headers: dict[str, str], said: list[dict[str, Any]]
) -> None:
    error = refused(status, headers, said, NOW)

    assert type(error) in PlatformError.__subclasses__()
    assert error.status == status
    assert len(str(error)) <= 300
    pause = error.retry_after
    assert pause is None or SHORTEST_PAUSE <= pause <= LONGEST_PAUSE


def test_an_api_key_goes_bare_and_all_else_as_bearer() -> None:
    assert authorization("lin_api_x") == "lin_api_x"
    assert authorization("lin_oauth_x") == "Bearer lin_oauth_x"


@pytest.mark.parametrize("name", [*KINDS, *UNSAYING])
@pytest.mark.parametrize("form", [str, str.upper])
@pytest.mark.parametrize("of", ["type", "code"])
def test_each_documented_name_has_its_error(name: str, form: Callable[[str], str], of: str) -> None:
    worded = form(name).replace(" ", "_") if of == "code" else form(name)

    error = refused(400, {}, [{"extensions": {of: worded}}], NOW)

    assert type(error) is KINDS.get(name, ClientError)
    assert (error.retry_after is not None) == (KINDS.get(name) is RateLimitedError)
