"""How far back an effect can be, whenever its delivery is sent, and however often."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fakes import event
from hypothesis import given
from hypothesis import strategies as st

from contexten.delivery import Event, Platform
from contexten.effects import CLOCK_SKEW, RESENT_WITHIN, earliest

HAPPENED = datetime(2026, 3, 1, 12, tzinfo=UTC)
BODIES: dict[str, tuple[Platform, Any]] = {
    "a comment": (Platform.GITHUB, {"comment": {"created_at": "2026-03-01T12:00:00Z"}}),
    "a label": (
        Platform.GITHUB,
        {"issue": {"created_at": "2025-01-01T00:00:00Z", "updated_at": "2026-03-01T12:00:00Z"}},
    ),
    "a mention": (Platform.SLACK, {"event_time": int(HAPPENED.timestamp())}),
    "a push": (Platform.GITHUB, {"head_commit": {"timestamp": "2031-01-01T00:00:00Z"}}),
    "nothing": (Platform.GITHUB, []),
}
each_body = pytest.mark.parametrize(("platform", "payload"), BODIES.values(), ids=BODIES)


def arrived(platform: Platform, payload: Any, after: timedelta) -> Event:
    """A delivery that arrives so long after it happened."""
    return replace(event(), platform=platform, payload=payload, received_at=HAPPENED + after)


@each_body
@pytest.mark.parametrize("resent_after", [timedelta(minutes=10), timedelta(days=3)])
def test_a_delivery_sent_again_looks_back_to_what_its_first_run_did(
    platform: Platform, payload: Any, resent_after: timedelta
) -> None:
    done = HAPPENED + timedelta(seconds=1)

    assert earliest(arrived(platform, payload, resent_after)) <= done


def test_what_says_when_it_happened_is_not_looked_for_long_before() -> None:
    for platform, payload in list(BODIES.values())[:3]:
        one = arrived(platform, payload, timedelta(seconds=1))
        assert earliest(one) == HAPPENED - CLOCK_SKEW


def test_the_past_has_an_end() -> None:
    late = arrived(*BODIES["a comment"], timedelta(days=400))

    assert earliest(late) == late.received_at - RESENT_WITHIN - CLOCK_SKEW


@given(
    st.sampled_from(list(Platform)),
    st.dictionaries(
        st.sampled_from(["comment", "event_time", "issue"]),
        st.one_of(
            st.text(),
            st.integers(),
            st.floats(),
            st.dictionaries(st.sampled_from(["updated_at", "created_at"]), st.text() | st.none()),
        ),
    ),
)
def test_whatever_a_body_says_it_is_no_later_than_its_arrival(
    platform: Platform, payload: dict[str, Any]
) -> None:
    one = arrived(platform, payload, timedelta())

    assert one.received_at - RESENT_WITHIN - CLOCK_SKEW <= earliest(one) <= one.received_at


@pytest.mark.parametrize("said", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_time_at_the_end_of_times_is_no_error(said: str) -> None:
    one = arrived(Platform.GITHUB, {"issue": {"updated_at": said}}, timedelta())

    assert earliest(one) <= one.received_at
