"""An event comes back from its record as it went in."""

from datetime import UTC, datetime

import pytest

from contexten.delivery import Event, Platform
from starter.record import event_and_digest, event_of, header_of

NOON = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)

FULL = Event(
    platform=Platform.GITHUB,
    delivery_id="72d3162e",
    name="issues",
    action="labeled",
    received_at=NOON,
    repository="octo/hello",
    context="github/octo/hello#12",
    sender="mona",
    sent_by_bot=True,
    tenant="octo/hello",
)
BARE = Event(Platform.SLACK, "Ev1", "app_mention", None, NOON)


@pytest.mark.parametrize("event", [FULL, BARE])
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    assert event_and_digest(header_of(event, "ab" * 32)) == (event, "ab" * 32)


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"platform": "github"}',
        b"\xff",
        header_of(FULL, "ab").replace(b'"github"', b'"gitlab"', 1),
        header_of(FULL, "ab").replace(b"2026-", b"never"),
    ],
)
def test_a_header_that_is_none_of_ours_is_a_value_error(header: bytes) -> None:
    with pytest.raises(ValueError):
        event_of(header)
