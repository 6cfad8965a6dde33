"""How often we tried stands on the pull request, and what failed is told within bounds."""

from datetime import UTC, datetime
from typing import Any

import pytest

from contexten.delivery import Event, Platform
from contexten.fixing import (
    AT_MOST,
    announced,
    failed_commit,
    failed_pull,
    is_behind,
    tried,
    words_for,
)
from contexten.github import Check

SHAS = ["a" * 40, "b" * 40, "c" * 40, "d" * 40]


def test_what_we_announce_counts_as_tried() -> None:
    bodies = [announced(sha, n) for n, sha in enumerate(SHAS)]

    assert tried(bodies) == tuple(SHAS)
    assert tried([*bodies, *bodies]) == tuple(SHAS)
    assert tried(["nothing", "<!-- contexten-fix:x -->"]) == ()


def test_each_try_is_numbered_and_the_last_word_is_for_people() -> None:
    said = [announced(SHAS[0], n) for n in range(AT_MOST + 1)]

    assert [f"try {n} of 3" in one for n, one in enumerate(said, 1)] == [True, True, True, False]
    assert "somebody has to look" in said[-1]


@pytest.mark.parametrize("conclusion", ["failure", "timed_out", "startup_failure"])
def test_a_run_is_told_what_failed_and_nothing_else(conclusion: str) -> None:
    failed = Check(1, "tests", "completed", conclusion, "https://x.example/1", "1 failed")
    fine = Check(2, "lint", "completed", "success", "https://x.example/2", "all well")

    said = words_for([failed, fine])

    assert "1 failed" in said
    assert "all well" not in said


def test_what_a_run_is_told_is_bounded() -> None:
    many = [Check(n, "t", "completed", "failure", "", "x" * 2_000) for n in range(100)]

    assert len(words_for(many)) == 12_000


@pytest.mark.parametrize("payload", [None, [], "x", {"check_run": 5}, {"check_run": {}}])
@pytest.mark.parametrize("action", ["completed", "created"])
def test_a_payload_of_any_shape_is_no_failure_of_ours(action: str, payload: Any) -> None:
    event = Event(
        platform=Platform.GITHUB,
        delivery_id="1",
        name="check_run",
        action=action,
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
        payload=payload,
    )

    assert failed_pull(event) is None
    assert failed_commit(event) is None
    assert not is_behind(event, None)
