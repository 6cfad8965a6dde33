"""A platform's gate goes from open over held, probing, trickling and ramping back to open."""

from dataclasses import replace
from datetime import timedelta

import pytest
from gates import NOON, RULES, Story, bad, good, seconds

from contexten.breaker import Forced, State
from contexten.calls import Group
from contexten.gate import LONGEST_LIMIT, SPANS_FOR, SPANS_KEPT, WHOLE, Batch, Gate, later
from contexten.orders import Order, Pause
from contexten.outcomes import Outcomes
from contexten.standing import OPEN, rate

PAUSE = Pause.of(Order("ada", "moving"), NOON)


def test_failures_in_a_row_hold_it_and_a_good_call_between_them_does_not() -> None:
    story = Story().told(bad(2), 0).told(good(1), 1).told(bad(2), 2)
    closed = story.gate.whole.state

    story.told(bad(1), 3)

    assert (closed, story.gate.whole.state) == (State.CLOSED, State.OPEN)
    assert rate(story.gate, RULES, NOON).rps == 0


def test_nothing_is_probed_before_the_recovery_timeout_is_over() -> None:
    assert Story().opened().tick(59.9).gate.to_probe == ()


def test_as_many_probes_are_wanted_as_the_rule_says_and_no_more() -> None:
    story = Story().opened().tick(60)

    assert story.gate.to_probe == (WHOLE, WHOLE)
    assert story.tick(61).tick(119).gate.to_probe == (WHOLE, WHOLE)


def test_probes_that_never_come_back_are_made_again_after_one_more_timeout() -> None:
    story = Story().probing().probe(70, well=True).tick(119)
    before = story.gate.to_probe

    story.tick(120)

    assert before == ()
    assert story.gate.to_probe == (WHOLE, WHOLE)
    assert story.gate.probed_well == 0


def test_a_probe_that_fails_holds_it_again_for_longer() -> None:
    story = Story().probing().probe(61, well=True).probe(62, well=False)

    assert story.gate.whole.state is State.OPEN
    assert story.gate.whole.refuses_until == seconds(62 + 60)
    assert story.probe(63, well=True).gate.whole.state is State.OPEN


def test_good_probes_let_a_trickle_through_and_close_nothing() -> None:
    story = Story().probing().probe(61, well=True)
    assert story.gate.trickling_since is None

    story.probe(61, well=True)

    assert story.gate.trickling_since == seconds(61)
    assert story.gate.whole.state is State.HALF_OPEN
    assert rate(story.gate, RULES, seconds(62)).rps == RULES.ramp.trickle


def test_a_trickle_is_not_probed_again_however_long_it_takes() -> None:
    story = Story().trickling()

    assert story.tick(70.9).gate.to_probe == ()
    assert story.probe(70.9, well=False).gate.trickling_since == seconds(61)


def test_real_calls_that_pass_close_it_and_work_returns_in_a_ramp() -> None:
    story = Story().trickling().told(good(1), 62)
    assert story.gate.whole.state is State.HALF_OPEN

    story.told(good(1), 63)

    assert story.gate.whole.state is State.CLOSED
    assert story.gate.ramping_since == seconds(63)
    assert (story.gate.trickling_since, story.gate.probed_well) == (None, 0)


def test_a_real_call_that_fails_in_the_trickle_holds_it_again() -> None:
    story = Story().trickling().told(bad(1, "read"), 62)

    assert story.gate.whole.state is State.OPEN
    assert story.gate.trickling_since is None
    assert rate(story.gate, RULES, seconds(62)).rps == 0


def test_calls_made_before_it_opened_prove_nothing() -> None:
    story = Story().probing().told(good(50), 61)

    assert story.gate.whole.state is State.HALF_OPEN
    assert story.gate.trickling_since is None


def test_without_a_real_call_the_probes_are_proof_after_ten_seconds() -> None:
    story = Story().trickling()
    assert story.tick(70.9).gate.whole.state is State.HALF_OPEN

    story.tick(71)

    assert story.gate.whole.state is State.CLOSED
    assert story.gate.ramping_since == seconds(71)


def test_a_rule_that_asks_for_more_probes_meanwhile_does_not_keep_it_half_open() -> None:
    story = Story().trickling()
    more = replace(RULES, breaker=replace(RULES.breaker, probes=20))

    closed = story.gate.tick(more, seconds(71))

    assert closed.whole.state is State.CLOSED


def test_a_ramp_ends_when_no_work_waits_or_after_its_longest_time() -> None:
    ramping = Story().ramping().gate
    longest = seconds(62) + RULES.ramp.longest

    assert rate(ramping, RULES, seconds(62)).rps == RULES.ramp.trickle
    assert rate(ramping.drained(), RULES, seconds(63)) == OPEN
    assert rate(ramping.tick(RULES, longest), RULES, longest) == OPEN
    assert ramping.tick(RULES, longest - timedelta(seconds=1)).ramping_since == seconds(62)


def test_a_failure_in_the_ramp_opens_it_anew_and_the_ramp_is_over() -> None:
    story = Story().ramping().told(bad(3), 63)

    assert story.gate.whole.state is State.OPEN
    assert story.gate.ramping_since is None
    assert story.gate.whole.refuses_until == seconds(63 + 60)


def test_once_the_whole_closes_the_groups_know_nothing_of_what_was() -> None:
    opened = Story().opened().gate

    assert opened.breakers["write"].state is State.OPEN
    assert {b.state for b in Story().ramping().gate.breakers.values()} == {State.CLOSED}


def test_a_group_that_fails_alone_holds_no_queue_and_heals_by_its_probes() -> None:
    story = Story().told(bad(3, "write", whole=False), 0)
    assert rate(story.gate, RULES, NOON) == OPEN

    story.tick(60)
    wanted, story.gate = story.gate.to_probe, story.gate.probes_taken()
    story.told(good(9, "write"), 60)
    still = story.gate.breakers["write"].state
    story.probe(61, well=True, group="write").probe(61, well=True, group="write")

    assert wanted == ("write", "write")
    assert still is State.HALF_OPEN
    assert story.gate.breakers["write"].state is State.CLOSED
    assert story.gate.ramping_since is None


def test_a_probe_of_a_group_that_fails_shuts_that_group_for_longer() -> None:
    story = Story().told(bad(3, "write", whole=False), 0).tick(60)

    story.probe(61, well=False, group="write")

    assert story.gate.breakers["write"].refuses_until == seconds(61 + 60)
    assert story.gate.whole.state is State.CLOSED


def test_groups_are_not_probed_while_the_whole_is_shut() -> None:
    story = Story().told(bad(3, "write", whole=False), 0).told(bad(3), 30).tick(60)

    assert story.gate.to_probe == ()
    assert story.tick(90).gate.to_probe == (WHOLE, WHOLE)


def test_a_group_nobody_knows_is_passed_over() -> None:
    gate = Story().told(Batch({"dance": Outcomes(failures=99)}), 0).gate

    assert gate.breakers == Gate().breakers


@pytest.mark.parametrize("forced", Forced)
def test_a_person_has_their_way_with_every_breaker_and_time_changes_nothing(
    forced: Forced,
) -> None:
    gate = Story().opened().gate.forced(forced, seconds(1))

    assert {b.forced for b in gate.breakers.values()} == {forced}
    assert gate.tick(RULES, seconds(9999)) == gate
    assert rate(gate, RULES, seconds(9999)).rps == (0 if forced is Forced.OPEN else None)


def test_released_from_forced_open_it_is_probed_at_once() -> None:
    gate = Gate().forced(Forced.OPEN, NOON).forced(None, seconds(5)).tick(RULES, seconds(5))

    assert gate.to_probe == (WHOLE, WHOLE)
    assert gate.whole.state is State.HALF_OPEN


@pytest.mark.parametrize("story", [Story().trickling(), Story().ramping()])
def test_a_release_of_what_nobody_forced_leaves_it_as_it_is(story: Story) -> None:
    assert story.gate.forced(None, seconds(63)) is story.gate


def test_pauses_and_holds_overlap_and_each_ends_by_itself() -> None:
    gate = replace(
        Gate(),
        paused=Pause("ada", "moving", NOON, seconds(10)),
        held=Pause("health", "maintenance", NOON, seconds(20)),
    )

    assert rate(gate, RULES, NOON).because == "paused by ada: moving until 12:00:10"
    assert gate.tick(RULES, seconds(9)) == gate
    held = gate.tick(RULES, seconds(10))
    assert (held.paused, held.held) == (None, gate.held)
    assert rate(held, RULES, seconds(10)).because.startswith("held by health")
    assert held.tick(RULES, seconds(20)) == Gate()


def test_a_pause_without_an_end_holds_for_ever() -> None:
    gate = replace(Gate(), paused=PAUSE)

    assert gate.tick(RULES, seconds(1e6)) == gate


def test_of_two_limits_the_later_counts_and_each_group_has_its_own() -> None:
    story = Story().told(Batch(limited={"read": seconds(30), "search": seconds(5)}), 0)
    story.told(Batch(limited={"read": seconds(20)}), 1)

    assert story.gate.limited == {"read": seconds(30), "search": seconds(5)}
    assert story.tick(5).gate.limited == {"read": seconds(30)}
    assert story.tick(30).gate.limited == {}


def test_a_limit_that_lasts_for_ever_is_asked_after_the_next_day() -> None:
    story = Story().told(Batch(limited={"read": seconds(1e9)}), 0)

    assert story.gate.limited == {"read": NOON + LONGEST_LIMIT}


def test_its_version_grows_with_each_change_of_a_breaker_and_with_nothing_else() -> None:
    story = Story()
    seen = [story.gate.version]
    for step in (
        lambda: story.told(bad(2), 0).told(good(9), 1),
        lambda: story.told(bad(3, "write"), 2),
        lambda: story.tick(62),
        lambda: story.probe(63, well=True).probe(63, well=True),
        lambda: story.told(good(2), 64),
    ):
        step()
        seen.append(story.gate.version)

    assert seen == [0, 0, 2, 3, 3, 4]


def test_it_remembers_when_its_queue_was_held() -> None:
    gate = Gate().spanned(held=False, now=NOON)
    assert gate.spans == ()

    gate = gate.spanned(held=True, now=NOON).spanned(held=True, now=seconds(1))
    assert gate.spans == ((NOON, None),)

    gate = gate.spanned(held=False, now=seconds(2)).spanned(held=False, now=seconds(3))
    assert gate.spans == ((NOON, seconds(2)),)


def test_old_spans_are_forgotten_and_only_so_many_are_kept() -> None:
    gate = Gate()
    for n in range(SPANS_KEPT + 20):
        gate = gate.spanned(held=True, now=seconds(2 * n))
        gate = gate.spanned(held=False, now=seconds(2 * n + 1))
    kept = gate.spans
    later_on = seconds(2 * n + 1) + SPANS_FOR

    assert len(kept) == SPANS_KEPT
    assert kept[-1] == (seconds(2 * n), seconds(2 * n + 1))
    assert gate.spanned(held=True, now=later_on).spans == ((later_on, None),)


def test_what_waited_through_a_hold_returns_in_a_ramp() -> None:
    held = replace(Gate(), paused=PAUSE).spanned(held=True, now=NOON)

    resumed = replace(held, paused=None).spanned(held=False, now=seconds(9))

    assert rate(resumed, RULES, seconds(9)).rps == RULES.ramp.trickle


def test_who_forces_it_closed_after_a_hold_gets_no_ramp() -> None:
    held = Gate().forced(Forced.OPEN, NOON).spanned(held=True, now=NOON)

    forced = held.forced(Forced.CLOSED, seconds(1)).spanned(held=False, now=seconds(1))

    assert rate(forced, RULES, seconds(1)) == OPEN


def test_the_usual_pace_is_counted_while_calls_flow_and_never_over_a_hold() -> None:
    story = Story()
    for n in range(12):
        story.told(good(100), 10 * n)
    usual = story.gate.pace.usual
    story.gate = story.gate.spanned(held=True, now=seconds(115))
    story.told(good(3), 116)
    story.gate = story.gate.spanned(held=False, now=seconds(235)).drained()
    story.told(good(100), 236).told(good(100), 246)

    assert usual == pytest.approx(10)
    assert story.gate.pace.usual == pytest.approx(10)


def test_of_times_by_group_the_later_is_taken() -> None:
    one, other = {"a": NOON, "b": seconds(5)}, {"a": seconds(1), "c": NOON, "b": NOON}

    assert later(one, other) == {"a": seconds(1), "b": seconds(5), "c": NOON}


def test_there_is_a_breaker_for_each_group_and_one_for_all() -> None:
    assert set(Gate().breakers) == {WHOLE, *Group}
