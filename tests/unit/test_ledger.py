"""What may be asked of the ledger has bounds."""

from datetime import UTC, datetime

import pytest

from contexten.ledger import (
    BAD,
    MESSAGE_CHARACTERS,
    MOST_ROWS,
    TRIED,
    FailureGroup,
    FailuresWanted,
    Outcome,
    shortened,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("most", [0, -1, MOST_ROWS + 1])
def test_a_question_for_too_many_rows_is_refused(most: int) -> None:
    with pytest.raises(ValueError, match="most"):
        FailuresWanted(most=most)


@pytest.mark.parametrize("most", [1, MOST_ROWS])
def test_the_bounds_themselves_may_be_asked_for(most: int) -> None:
    assert FailuresWanted(most=most).most == most


def test_what_was_held_back_is_no_failure() -> None:
    assert {Outcome.PARKED, Outcome.SKIPPED} & {*BAD, *TRIED} == set()


def test_a_share_counts_the_good_ones_too() -> None:
    assert FailureGroup("slack", 10, 1, 1, NOON, NOON).share == 0.1


def test_a_long_message_is_cut_and_shows_it() -> None:
    cut = shortened("é" * 1000)

    assert len(cut) == MESSAGE_CHARACTERS
    assert cut.endswith("…")
