"""The history checker finds the one wrong thing among thousands, and nothing where nothing is."""

import random
from dataclasses import replace

import pytest
from history import Effect, Ended, History, Ran, Sent, Violation, check, told
from hypothesis import given
from hypothesis import strategies as st

MANY = 2000


def right(count: int = MANY, *, contexts: int | None = None) -> History:
    """A history in which *count* deliveries were each answered once, one after the other."""
    sent, ran, effects = [], [], []
    for n in range(count):
        context = f"octo/hello#{n % (contexts or count)}"
        sent.append(Sent(f"github/{n}", n, n + 0.2, context=context))
        ran.append(Ran(f"github/{n}", Ended.COMPLETED, n + 0.3, n + 0.9))
        effects.append(Effect(n + 1, f"github/{n}", context))
    return History(tuple(sent), tuple(ran), tuple(effects), faults_ended_at=float(count))


def rules(found: list[Violation]) -> list[tuple[str, str]]:
    return [(one.rule, one.delivery) for one in found]


def renumbered(effects: list[Effect]) -> tuple[Effect, ...]:
    return tuple(replace(effect, n=n) for n, effect in enumerate(effects, 1))


def test_a_right_history_breaks_no_rule() -> None:
    assert check(right()) == []
    assert told([]) == "no violation"


def test_names_the_one_of_two_thousand_that_was_dropped() -> None:
    history = right()
    lost = replace(
        history,
        ran=tuple(r for r in history.ran if r.id != "github/777"),
        effects=tuple(e for e in history.effects if e.of != "github/777"),
    )

    found = check(lost)

    assert rules(found) == [("H1", "github/777")]
    assert "lost" in found[0].how


def test_names_the_one_of_two_thousand_whose_effect_stands_twice() -> None:
    history = right()
    doubled = replace(history, effects=(*history.effects, Effect(2001, "github/1234")))

    found = check(doubled)

    assert rules(found) == [("H2", "github/1234")]
    assert found[0].how == "doubled: 2 effects of 1, in ledger at 1235, 2001"


def test_names_the_one_of_two_thousand_that_ran_twice() -> None:
    history = right()
    twice = replace(history, ran=(*history.ran, replace(history.ran[5], started_at=9.0)))

    found = check(twice)

    assert rules(found) == [("H1", "github/5")]
    assert "ran 2 times" in found[0].how


def test_names_the_later_of_two_effects_that_are_swapped_on_one_issue() -> None:
    history = right(contexts=100)
    effects = list(history.effects)
    effects[300], effects[400] = effects[400], effects[300]

    found = check(replace(history, effects=renumbered(effects)))

    assert rules(found) == [("H4", "github/300")]
    assert "github/400" in found[0].how


def test_names_the_one_of_two_thousand_that_stayed_silent() -> None:
    history = right()
    silent = replace(history, effects=tuple(e for e in history.effects if e.of != "github/42"))

    found = check(silent)

    assert rules(found) == [("H2", "github/42")]
    assert "silent" in found[0].how


def test_names_the_one_that_ran_twice_and_was_never_acknowledged() -> None:
    history = right()
    sent = list(history.sent)
    sent[9] = replace(sent[9], acknowledged_at=None)
    twice = (*history.ran, replace(history.ran[9], started_at=50.0))

    found = check(replace(history, sent=tuple(sent), ran=twice))

    assert rules(found) == [("H3", "github/9")]


def test_names_the_one_that_was_never_acknowledged_and_answered_twice() -> None:
    history = right()
    sent = list(history.sent)
    sent[9] = replace(sent[9], acknowledged_at=None)

    found = check(
        replace(history, sent=tuple(sent), effects=(*history.effects, Effect(2001, "github/9")))
    )

    assert rules(found) == [("H3", "github/9")]


def test_finds_all_planted_faults_at_once_and_no_more() -> None:
    history = right(contexts=50)
    effects = [e for e in history.effects if e.of not in ("github/1", "github/2")]
    effects.append(Effect(0, "github/3"))
    planted = replace(
        history,
        ran=tuple(r for r in history.ran if r.id != "github/1"),
        effects=renumbered(effects),
    )

    found = check(planted)

    assert rules(found) == [("H1", "github/1"), ("H2", "github/2"), ("H2", "github/3")]
    assert told(found).startswith("1 × H1, 2 × H2\nH1 github/1: lost")


def test_a_second_run_after_a_failed_one_is_allowed() -> None:
    history = right(3)
    failed_first = Ran("github/1", Ended.FAILED, 0.5, 0.6)

    assert check(replace(history, ran=(*history.ran, failed_first))) == []


def test_a_failed_delivery_must_be_listed_and_alerted() -> None:
    history = right(3)
    ran = (history.ran[0], replace(history.ran[1], ended=Ended.FAILED), history.ran[2])
    failed = replace(history, ran=ran, effects=history.effects[::2])
    listed = replace(failed, dead_letters=frozenset({"github/1"}))

    assert rules(check(failed)) == [("H6", "github/1")]
    assert check(listed) == []
    assert rules(check(replace(listed, alerted=frozenset()))) == [("H6", "github/1")]
    assert check(replace(listed, alerted=frozenset({"github/1"}))) == []


def test_a_parked_delivery_is_not_lost_and_may_be_open() -> None:
    history = right(3)
    parked = replace(
        history, ran=history.ran[:1], effects=history.effects[:1], parked=frozenset({"github/2"})
    )
    waiting = replace(parked, ran=(*parked.ran, Ran("github/2", Ended.OPEN, 3.0)))

    assert rules(check(parked)) == [("H1", "github/1")]
    assert rules(check(waiting)) == [("H1", "github/1")]


def test_a_delivery_in_two_accounts_is_counted_twice() -> None:
    both = replace(right(3), parked=frozenset({"github/2"}))

    assert rules(check(both)) == [("H6", "github/2")]


def test_what_is_still_open_or_was_closed_late_is_named() -> None:
    history = right(3)
    ran = (
        history.ran[0],
        Ran("github/1", Ended.OPEN, 1.3),
        replace(history.ran[2], closed_at=3 + 121.0),
    )

    found = check(replace(history, ran=ran))

    assert rules(found) == [("H5", "github/1"), ("H5", "github/2")]


@pytest.mark.parametrize("of", [None, "github/stranger"])
def test_an_effect_that_nobody_asked_for_is_named(of: str | None) -> None:
    history = right(3)

    found = check(replace(history, effects=(*history.effects, Effect(4, of, "octo/hello#99"))))

    assert [one.rule for one in found] == ["H2"]


def test_a_workflow_that_nobody_sent_is_named() -> None:
    history = right(3)
    stranger = Ran("github/stranger", Ended.COMPLETED, 1.0, 2.0)

    assert rules(check(replace(history, ran=(*history.ran, stranger)))) == [
        ("H3", "github/stranger")
    ]


def test_an_answer_to_what_wanted_none_is_named() -> None:
    history = right(3)
    sent = (replace(history.sent[0], wants=0), *history.sent[1:])

    found = check(replace(history, sent=sent))

    assert rules(found) == [("H2", "github/0")]
    assert "unasked" in found[0].how


def test_the_same_delivery_in_two_entries_is_refused() -> None:
    history = right(3)

    with pytest.raises(ValueError, match="github/0 is in the list twice"):
        check(replace(history, sent=(*history.sent, history.sent[0])))


@st.composite
def correct_histories(draw: st.DrawFn) -> History:
    """Histories as a correct system may leave them, with crashes, re-sends and failures in them."""
    dice = draw(st.randoms(use_true_random=False))
    contexts = draw(st.integers(1, 5))
    made = [one_right(n, contexts, dice) for n in range(draw(st.integers(0, 40)))]
    effects: list[tuple[float, Effect]] = []
    done_at = dict.fromkeys((f"octo/hello#{n}" for n in range(contexts)), 0.0)
    for sent, runs in made:
        if sent.wants and runs and runs[-1].ended is Ended.COMPLETED:
            context = sent.context or ""
            done_at[context] = max(done_at[context], runs[-1].started_at) + dice.random()
            effects.append((done_at[context], Effect(0, sent.id, context)))
    effects.sort(key=lambda pair: pair[0])
    ran = [run for _, runs in made for run in runs]
    dice.shuffle(ran)
    dead = {s.id for s, runs in made if runs and runs[-1].ended is Ended.FAILED}
    parked = {s.id for s, runs in made if s.acknowledged_at is not None and not runs}
    return History(
        tuple(sent for sent, _ in made),
        tuple(ran),
        renumbered([effect for _, effect in effects]),
        dead_letters=frozenset(dead),
        parked=frozenset(parked),
        alerted=frozenset(dead),
        faults_ended_at=max((r.closed_at or 0.0 for r in ran), default=0.0) - 60,
    )


def one_right(n: int, contexts: int, dice: random.Random) -> tuple[Sent, list[Ran]]:
    """One delivery that went as it may go: failed runs first, and one more that counts, or none."""
    sent_at = n + dice.random()
    acknowledged = dice.random() < 0.8
    sent = Sent(
        f"github/{n}",
        sent_at,
        sent_at + dice.random() if acknowledged else None,
        wants=int(dice.random() < 0.8),
        context=f"octo/hello#{n % contexts}",
    )
    runs = [
        Ran(sent.id, Ended.FAILED, sent_at + 0.01 * k, sent_at + 1)
        for k in range(dice.choice([0, 0, 0, 1, 2]))
    ]
    if dice.random() < 0.9:
        started = sent_at + 0.1
        runs.append(Ran(sent.id, Ended.COMPLETED, started, started + 1))
    return sent, runs


@given(correct_histories())
def test_no_correct_history_raises_an_alarm(history: History) -> None:
    assert check(history) == []


@given(correct_histories(), st.randoms(use_true_random=False))
def test_any_effect_taken_away_or_doubled_raises_an_alarm(
    history: History, dice: random.Random
) -> None:
    if not history.effects:
        return
    struck = dice.choice(history.effects)
    without = tuple(e for e in history.effects if e is not struck)
    doubled = (*history.effects, replace(struck, n=len(history.effects) + 1))

    assert struck.of in {one.delivery for one in check(replace(history, effects=without))}
    assert struck.of in {one.delivery for one in check(replace(history, effects=doubled))}


@given(correct_histories(), st.randoms(use_true_random=False))
def test_any_acknowledged_delivery_whose_runs_vanish_raises_an_alarm(
    history: History, dice: random.Random
) -> None:
    ran = {r.id for r in history.ran} - history.dead_letters
    struck = sorted(s.id for s in history.sent if s.acknowledged_at is not None and s.id in ran)
    if not struck:
        return
    gone = dice.choice(struck)
    kept = tuple(r for r in history.ran if r.id != gone)

    assert ("H1", gone) in rules(check(replace(history, ran=kept)))
