"""A duration is read as people write it, and written as it is read."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contexten.durations import duration, said

SPANS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=100_000))


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("250ms", timedelta(milliseconds=250)),
        ("10s", timedelta(seconds=10)),
        ("10m", timedelta(minutes=10)),
        ("1h", timedelta(hours=1)),
        ("7d", timedelta(days=7)),
        ("1h30m", timedelta(minutes=90)),
        ("1.5s", timedelta(milliseconds=1500)),
        (" 2S ", timedelta(seconds=2)),
        ("0s", timedelta(0)),
    ],
)
def test_what_people_write_is_read(text: str, span: timedelta) -> None:
    assert duration(text) == span


@pytest.mark.parametrize(
    "text", ["", "10", "s", "-1s", "1 s", "10 minutes", "1e3s", "nan", "٣s", "1s;", "9" * 33 + "s"]
)
def test_what_is_no_duration_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no duration; write it as 250ms"):
        duration(text)


def test_a_duration_beyond_all_time_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than any duration"):
        duration("9999999999999d")


@given(SPANS)
def test_what_is_said_is_read_back_exactly(span: timedelta) -> None:
    assert duration(said(span)) == span


def read(text: str) -> timedelta | str:
    """What *text* says, or why it says nothing."""
    try:
        return duration(text)
    except ValueError as error:
        return str(error)


@given(st.text(max_size=50) | st.from_regex(r"[0-9.]{1,8}(ms|s|m|h|d)", fullmatch=True))
def test_any_text_is_a_duration_or_a_plain_refusal(text: str) -> None:
    found = read(text)

    assert found >= timedelta(0) if isinstance(found, timedelta) else "duration" in found


def test_a_span_is_said_in_its_largest_exact_unit() -> None:
    spans = (timedelta(days=1), timedelta(hours=36), timedelta(0), timedelta(microseconds=1500))

    assert [said(span) for span in spans] == ["1d", "36h", "0s", "1.5ms"]


def test_nobody_can_say_a_negative_span() -> None:
    with pytest.raises(ValueError, match="negative"):
        said(-timedelta(seconds=1))
