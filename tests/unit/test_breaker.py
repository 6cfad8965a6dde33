"""The breaker opens under repeated failure and closes on proof of health."""

from datetime import UTC, datetime, timedelta

import pytest

from contexten.breaker import Breaker, BreakerRule, Forced, State, longer
from contexten.outcomes import Outcomes, outcome

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
RULE = BreakerRule(failure_threshold=3, minimum_calls=10, backoff=2.0)
ONLY_ROWS = BreakerRule(failure_threshold=3, failure_rate=2, slow_rate=2)
ONLY_RATES = BreakerRule(failure_threshold=1000, minimum_calls=10)
SECOND = timedelta(seconds=1)
GOOD, BAD, SLOW = outcome(), outcome(failed=True), outcome(slow=True)


def after(*outcomes: Outcomes, rule: BreakerRule = RULE, since: Breaker | None = None) -> Breaker:
    """The breaker to which *outcomes* were reported, all at noon."""
    breaker = since or Breaker()
    for one in outcomes:
        breaker = breaker.reported(one, rule, NOON)
    return breaker


def opened(rule: BreakerRule = RULE) -> Breaker:
    """A breaker that opened at noon."""
    return after(*[BAD] * rule.failure_threshold, rule=rule)


def half_open(probes: int = 1, rule: BreakerRule = RULE) -> Breaker:
    """A breaker whose first *probes* have just been sent out."""
    breaker = opened(rule)
    for _ in range(probes):
        breaker, may_call = breaker.ask(rule, NOON + rule.recovery_timeout)
        assert may_call
    return breaker


def reported(breaker: Breaker, *outcomes: Outcomes, rule: BreakerRule = RULE) -> Breaker:
    """*breaker* after *outcomes* a second after the recovery timeout."""
    for one in outcomes:
        breaker = breaker.reported(one, rule, NOON + rule.recovery_timeout + SECOND)
    return breaker


def test_a_new_breaker_lets_calls_pass_and_is_not_changed_by_asking() -> None:
    new = Breaker()

    assert new.ask(RULE, NOON) == (new, True)
    assert new.why == ""


def test_opens_at_so_many_failures_in_a_row() -> None:
    assert after(BAD, BAD).state is State.CLOSED
    assert after(BAD, BAD, BAD).state is State.OPEN
    assert after(BAD, BAD, BAD).why == "3 failures in a row"


def test_one_success_forgets_earlier_failures() -> None:
    assert after(BAD, BAD, GOOD, BAD, BAD, rule=ONLY_ROWS).state is State.CLOSED


def test_failures_are_in_a_row_across_batches() -> None:
    ending_badly = Outcomes(successes=5, failures=2, trailing_failures=2)

    assert after(ending_badly, rule=ONLY_ROWS).state is State.CLOSED
    assert after(ending_badly, BAD, rule=ONLY_ROWS).state is State.OPEN


def test_a_success_within_a_batch_breaks_the_row() -> None:
    ending_well = Outcomes(successes=1, failures=2)

    assert after(BAD, BAD, ending_well, rule=ONLY_ROWS).failures_in_a_row == 0


def test_opens_when_too_many_of_enough_calls_failed() -> None:
    half = [GOOD, BAD] * 5

    assert after(*half[:-2], BAD, rule=ONLY_RATES).state is State.CLOSED
    assert after(*half, rule=ONLY_RATES).state is State.OPEN
    assert after(*half, rule=ONLY_RATES).why == "50 % of 10 calls failed within 60 s"


def test_opens_when_too_many_of_enough_calls_were_slow() -> None:
    slow = [GOOD] * 2 + [SLOW] * 8

    assert after(*slow, rule=ONLY_RATES).state is State.OPEN
    assert after(*slow, rule=ONLY_RATES).why == "80 % of 10 calls took longer than 10 s"
    assert after(GOOD, *slow, rule=ONLY_RATES).state is State.CLOSED


def test_a_success_in_time_never_opens_it() -> None:
    nine_of_ten = [BAD] * 9 + [GOOD]

    assert after(*nine_of_ten, rule=ONLY_RATES).state is State.CLOSED
    assert after(*nine_of_ten, BAD, rule=ONLY_RATES).state is State.OPEN


def test_only_the_last_calls_count() -> None:
    rule = BreakerRule(failure_threshold=1000, count_window=20, minimum_calls=10)
    early = after(*[BAD] * 9, *[GOOD] * 20, rule=rule)

    assert after(*[BAD] * 9, rule=rule, since=early).state is State.CLOSED
    assert after(*[BAD] * 10, rule=rule, since=early).state is State.OPEN


def test_a_call_older_than_the_time_window_does_not_count() -> None:
    early = after(*[BAD] * 9, rule=ONLY_RATES)
    almost = NOON + ONLY_RATES.time_window - timedelta(microseconds=1)

    assert early.reported(BAD, ONLY_RATES, almost).state is State.OPEN
    assert early.reported(BAD, ONLY_RATES, NOON + ONLY_RATES.time_window).state is State.CLOSED


def test_a_batch_of_a_million_is_remembered_as_its_last_calls() -> None:
    rule = BreakerRule(failure_threshold=10**9, failure_rate=2)
    breaker = after(Outcomes(10**6, 10**6, 0, 10**6), rule=rule)

    assert [one.calls for one in breaker.window] == ["f" * rule.count_window]


def test_a_window_keeps_no_more_than_it_needs() -> None:
    breaker = Breaker()
    for n in range(100_000):
        breaker = breaker.reported(GOOD, RULE, NOON + n * timedelta(milliseconds=20))

    assert len(breaker.window) <= 11
    assert sum(len(one.calls) for one in breaker.window) <= 11 * RULE.count_window


def test_a_report_of_no_calls_changes_nothing() -> None:
    breaker = after(BAD)

    assert breaker.reported(Outcomes(), RULE, NOON) is breaker


def test_more_of_nothing_but_success_costs_nothing() -> None:
    well = after(Outcomes(successes=RULE.count_window))

    assert well.reported(GOOD, RULE, NOON) is well


def test_refuses_until_the_recovery_timeout_is_over() -> None:
    almost = NOON + RULE.recovery_timeout - timedelta(microseconds=1)

    assert opened().ask(RULE, almost) == (opened(), False)
    assert opened().ask(RULE, NOON + RULE.recovery_timeout)[1]


def test_what_was_under_way_when_it_opened_changes_nothing() -> None:
    assert after(BAD, GOOD, since=opened()) == opened()


def test_as_many_probes_go_out_as_the_rule_says_and_no_more() -> None:
    probing, another = half_open(RULE.probes).ask(RULE, NOON + RULE.recovery_timeout)

    assert probing.state is State.HALF_OPEN
    assert probing.probes_out == RULE.probes
    assert not another


def test_a_probe_that_came_back_well_makes_no_room_for_another() -> None:
    probing = reported(half_open(RULE.probes), GOOD)

    assert (probing.probes_out, probing.probes_well) == (RULE.probes - 1, 1)
    assert not probing.ask(RULE, NOON + RULE.recovery_timeout)[1]


def test_closes_and_knows_nothing_once_all_probes_came_back_well() -> None:
    closed = reported(half_open(3), GOOD, GOOD, GOOD)

    assert closed == Breaker(since=NOON + RULE.recovery_timeout + SECOND)


def test_probes_may_go_out_one_after_the_other() -> None:
    breaker = half_open()
    for _ in range(2):
        breaker, may_call = reported(breaker, GOOD).ask(RULE, NOON + RULE.recovery_timeout)
        assert may_call

    assert reported(breaker, GOOD).state is State.CLOSED


def test_a_success_that_is_no_probes_proves_nothing() -> None:
    assert reported(half_open(), Outcomes(successes=50)).probes_well == 1
    assert reported(half_open(), Outcomes(successes=50)).state is State.HALF_OPEN


def test_a_probe_that_fails_opens_it_for_longer() -> None:
    again = reported(half_open(3), GOOD, BAD)

    assert again.state is State.OPEN
    assert again.why == "a probe failed"
    assert again.since is not None
    assert again.refuses_until == again.since + 2 * RULE.recovery_timeout


def test_probes_that_are_mostly_slow_open_it_again() -> None:
    assert reported(half_open(3), GOOD, SLOW, GOOD).state is State.CLOSED
    assert reported(half_open(3), SLOW, SLOW, SLOW).state is State.OPEN
    assert reported(half_open(3), SLOW, SLOW, SLOW).why == "3 of 3 probes took longer than 10 s"


def test_a_probe_that_never_reports_is_given_up_and_another_goes_out() -> None:
    rule = BreakerRule(failure_threshold=3, probes=1)
    given_up = NOON + 2 * rule.recovery_timeout
    probing = half_open(1, rule)

    assert not probing.ask(rule, given_up - timedelta(microseconds=1))[1]
    again, may_call = probing.ask(rule, given_up)
    assert may_call
    assert again.probes_out == 1


def test_giving_up_one_probe_keeps_what_the_others_proved() -> None:
    probing = reported(half_open(3), GOOD, GOOD)
    again, may_call = probing.ask(RULE, NOON + 2 * RULE.recovery_timeout)

    assert may_call
    assert (again.probes_out, again.probes_well) == (1, 2)


def test_fewer_probes_in_a_new_rule_do_not_lock_it() -> None:
    probing = reported(half_open(2), GOOD, GOOD)
    once = BreakerRule(failure_threshold=3, probes=1)
    again, may_call = probing.ask(once, NOON + RULE.recovery_timeout)

    assert may_call
    assert reported(again, GOOD, rule=once).state is State.CLOSED


def test_pauses_grow_up_to_the_longest_and_never_past_what_can_be_counted() -> None:
    assert longer(RULE, 10**6) == RULE.longest_timeout
    assert longer(BreakerRule(longest_timeout=SECOND), 3) == BreakerRule().recovery_timeout


def test_closing_forgets_how_often_it_opened() -> None:
    breaker = after(*[BAD] * 3, since=reported(half_open(3), GOOD, GOOD, GOOD))

    assert breaker.refuses_until == NOON + RULE.recovery_timeout


def test_forced_open_refuses_until_released_and_then_lets_probes_decide() -> None:
    forced = Breaker().force(Forced.OPEN, NOON)
    years_later = NOON + timedelta(days=1000)

    assert forced.why == "forced to open"
    assert not forced.ask(RULE, years_later)[1]
    assert forced.reported(Outcomes(successes=100), RULE, NOON) is forced
    probing, may_call = forced.force(None, years_later).ask(RULE, years_later)
    assert may_call
    assert probing.state is State.HALF_OPEN


def test_forced_closed_refuses_nothing_and_looks_at_nothing() -> None:
    forced = opened().force(Forced.CLOSED, NOON)

    assert forced.ask(RULE, NOON) == (forced, True)
    assert after(*[BAD] * 50, since=forced) is forced
    assert forced.force(None, NOON) == Breaker(since=NOON)


def test_metrics_only_refuses_nothing_but_counts() -> None:
    forced = after(BAD).force(Forced.METRICS_ONLY, NOON)
    counted = after(*[BAD] * 50, since=forced)

    assert counted.ask(RULE, NOON) == (counted, True)
    assert counted.why == "forced to metrics only"
    assert counted.complaint(RULE, NOON) == "51 failures in a row"
    assert after(BAD, since=counted.force(None, NOON)).state is State.OPEN


def test_an_open_breaker_that_only_counts_refuses_no_more() -> None:
    assert opened().force(Forced.METRICS_ONLY, NOON).ask(RULE, NOON)[1]


def test_forcing_what_is_forced_and_releasing_what_is_free_changes_nothing() -> None:
    forced = Breaker().force(Forced.OPEN, NOON)

    assert forced.force(Forced.OPEN, NOON + SECOND) is forced
    assert opened().force(None, NOON) == opened()


@pytest.mark.parametrize(
    "breaker",
    [
        Breaker(),
        after(BAD, GOOD, SLOW),
        opened(),
        reported(half_open(3), SLOW),
        Breaker().force(Forced.OPEN, NOON),
    ],
)
def test_a_breaker_survives_being_written_down(breaker: Breaker) -> None:
    assert Breaker.from_json(breaker.to_json()) == breaker


def test_what_a_later_release_wrote_is_read_as_far_as_it_is_known() -> None:
    assert Breaker.from_json({"colour": "red"}) == Breaker()


@pytest.mark.parametrize(
    "data",
    [
        {"state": "ajar"},
        {"forced": "up"},
        {"since": "noon"},
        {"openings": "many"},
        {"window": 3},
        {"window": [["noon", "g"]]},
        {"window": [[1, 2, 3]]},
    ],
)
def test_what_is_no_breaker_is_refused_with_a_reason(data: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="this is no breaker"):
        Breaker.from_json(data)


def test_batches_joined_count_as_if_reported_one_by_one() -> None:
    first, second = Outcomes(2, 3, 1, 2), Outcomes(0, 4, 0, 4)

    assert first.then(second) == Outcomes(2, 7, 1, 6)
    assert second.then(first) == Outcomes(2, 7, 1, 2)
    assert (first.last, Outcomes(1).last) == ("failure", "success")
