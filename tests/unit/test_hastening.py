"""Only calls that wait longer than the new rule would have them wait are moved."""

from datetime import UTC, datetime, timedelta

import pytest

from contexten.hastening import Hastened, Tempo, tempos
from contexten.operations import OPERATIONS
from contexten.rulebook import DEFAULT_BOOK, Edit, RuleBook, edited

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TEMPO = Tempo("slack.post_message", 1.0, 2.0, 30.0)


def after(changes: dict[str, str], book: RuleBook = DEFAULT_BOOK) -> RuleBook:
    return edited(book, Edit("ann", "to see", changes), NOON)


SLOW = after({"slack.base_delay": "10s", "slack.max_delay": "10m"})


def test_a_shorter_pause_concerns_every_call_to_the_platform() -> None:
    found = tempos(SLOW, after({"slack.base_delay": "2s"}, SLOW))

    assert {one.operation.partition(".")[0] for one in found} == {"slack"}
    assert {one.operation for one in found} == {o for o in OPERATIONS if o.startswith("slack.")}
    assert found[0] == Tempo("slack.add_reaction", 2.0, 2.0, 600.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"slack.base_delay": "1h", "slack.max_delay": "1d"},
        {"slack.deadline": "2d"},
        {"slack.server_error.attempts": "3"},
        {"slack.breaker.recovery_timeout": "10s"},
        {"slack.attempt_timeout": "10s"},
        {"slack.client_error.base_delay": "1s"},
    ],
)
def test_what_makes_nothing_faster_concerns_nothing(changes: dict[str, str]) -> None:
    assert tempos(SLOW, after(changes, SLOW)) == ()


def test_the_quickest_category_that_is_tried_again_sets_the_tempo() -> None:
    (found,) = tempos(SLOW, after({"slack.post_reply.server_error.base_delay": "500ms"}, SLOW))

    assert (found.operation, found.base_delay_s, found.sooner) == ("slack.post_reply", 0.5, True)


def test_a_timeout_is_only_ever_raised() -> None:
    longer = tempos(SLOW, after({"slack.read_user.attempt_timeout": "1m"}, SLOW))
    shorter = tempos(SLOW, after({"slack.attempt_timeout": "5s", "slack.base_delay": "9s"}, SLOW))

    assert [(one.attempt_timeout_s, one.sooner) for one in longer] == [(60.0, False)]
    assert {one.attempt_timeout_s for one in shorter} == {0.0}


@pytest.mark.parametrize(
    ("attempt", "wait_s", "failed_of", "moved"),
    [
        (2, 1000, "ServerError", True),
        (2, 1.5, "ServerError", True),
        (2, 0.5, "ServerError", False),
        (5, 7.9, "TransientError", False),
        (5, 8.1, "TransientError", True),
        (90, 29, "", False),
        (90, 31, "", True),
        (2, 1000, "RateLimitedError", False),
        (2, 1000, "Parked", False),
    ],
)
def test_a_call_is_moved_if_it_waits_longer_than_the_rule_has_it(
    attempt: int, wait_s: float, failed_of: str, moved: bool
) -> None:
    assert TEMPO.is_too_far(attempt, timedelta(seconds=wait_s), failed_of) is moved


def test_who_only_gets_more_time_is_not_moved() -> None:
    more_time = Tempo("slack.post_message", 1.0, 2.0, 30.0, 60.0, sooner=False)

    assert not more_time.is_too_far(2, timedelta(days=1), "")


@pytest.mark.parametrize(
    ("done", "said"),
    [
        (Hastened("each", 1, 7), "1 waiting call moved, of 7 workflows"),
        (Hastened("each", 0, 7), "0 waiting calls moved, of 7 workflows"),
        (Hastened("batch", None, 7), "the engine moved what waited in 7 workflows"),
        (Hastened("none", 0, 0), "the engine cannot move waiting calls"),
        (Hastened("needless", 0, 0), "nothing that waits is concerned"),
    ],
)
def test_what_was_done_is_said_in_words(done: Hastened, said: str) -> None:
    assert str(done).startswith(said)


def test_a_rule_under_which_nothing_is_tried_again_has_a_tempo_all_the_same() -> None:
    once = after(
        {f"slack.{one}.attempts": "1" for one in ("transient", "server_error", "unknown")}
        | {"slack.authentication.attempts": "1"},
        SLOW,
    )

    assert tempos(once, after({"slack.base_delay": "2s"}, once))[0].base_delay_s == 2.0
