"""A run hears each ask once, keeps what it heard while it was busy, and stays small."""

from dataclasses import replace

import pytest
from asked import of_issue, of_thread, of_ticket

from contexten.agent import LONGEST_WORDS, Budget, Spent, Terms
from contexten.agent_run import (
    LONGEST_PLAN,
    MOST_ASKS,
    MOST_KEYS,
    MOST_LATEST,
    Message,
    Run,
    is_refused,
    places,
    silent,
)
from contexten.codebase import Checkout
from contexten.turns import LONGEST_BRIEF, Role, Said, Turn

TRACE = "6f0c9f0e-3b0f-4a53-9d0c-2f6d7b1a8e10"
RUN = Run.of(of_issue(), TRACE)
COPY = Checkout("tools-1", "agent/1", "octo/hello", "mend", "main", "b" * 40, "b" * 40, True)


def said(run: Run) -> list[str]:
    """What waits to be read."""
    return [one.words for one in run.inbox]


def another(key: str, words: str = "In blue.") -> Message:
    """What somebody says with an ask of its own."""
    ask = of_issue(key, words=words)
    return Message(words, ask.by, ask)


def test_it_begins_with_the_ask_that_brought_it() -> None:
    assert said(RUN) == ["Mend it."]
    assert RUN.keys == ("1",)
    assert [one.key for one in RUN.untold] == ["1"]


def test_an_ask_whose_key_is_known_is_not_heard_again() -> None:
    read, _ = RUN.hear(another("2")).read()

    assert read.hear(another("2")) == read
    assert read.hear(another("1")) == read
    assert said(read.hear(another("3"))) == ["In blue."]


def test_what_is_said_by_hand_is_heard_as_often_as_it_is_said() -> None:
    heard = RUN.hear(Message("Go on.")).hear(Message("Go on."))

    assert said(heard) == ["Mend it.", "Go on.", "Go on."]
    assert heard.untold == RUN.untold


def test_what_was_read_is_read_once() -> None:
    run, messages = RUN.hear(another("2")).read()

    assert [one.words for one in messages] == ["Mend it.", "In blue."]
    assert run.read()[1] == ()
    assert [one.key for one in run.untold] == ["1", "2"]


def test_words_are_cut_and_kept_only_where_the_model_is_told_them() -> None:
    heard = RUN.hear(another("2", "x" * (LONGEST_WORDS + 1)))

    assert len(heard.inbox[-1].words) == LONGEST_WORDS
    kept = [heard.first, *heard.untold, *(one.ask for one in heard.inbox if one.ask)]
    assert {one.words for one in kept} == {""}
    assert {one.event.payload for one in kept} == {None}


def test_a_silent_ask_has_a_title_of_bounded_length() -> None:
    assert len(silent(of_issue(title="t" * 9_000)).title) == 300


def test_what_it_remembers_of_whom_it_heard_is_bounded() -> None:
    run = RUN
    for n in range(MOST_KEYS + 5):
        run, _ = run.hear(another(f"ask-{n}")).read()

    assert len(run.keys) == MOST_KEYS
    assert len(run.untold) == MOST_ASKS
    assert run.keys[-1] == run.untold[-1].key == f"ask-{MOST_KEYS + 4}"


def test_a_turn_is_counted_and_paid_and_what_it_was_told_is_not_told_again() -> None:
    run = replace(RUN.told(Said(Role.USER, "rules")), model="offline", trace_url="https://one")
    first = run.turned(Turn("d1", tokens=30, usd=0.5))
    second = first.turned(Turn("d2", tokens=12, usd=0.25, model="a:b", trace_url="https://two"))

    assert first.said == ()
    assert (first.model, first.trace_url) == ("offline", "https://one")
    assert (second.model, second.trace_url) == ("a:b", "https://two")
    assert (second.transcript, second.turns) == ("d2", 2)
    assert second.spent == Spent(model_calls=2, tokens=42, usd=0.75)


def test_what_was_heard_while_the_model_thought_outlasts_the_turn() -> None:
    asked, _ = RUN.read()
    meanwhile = asked.hear(another("2"))
    turned = asked.turned(Turn("d1"))

    kept = turned.and_heard(meanwhile.inbox, meanwhile.keys, meanwhile.untold)

    assert said(kept) == ["In blue."]
    assert kept.hear(another("2")) == kept


def test_the_latest_calls_are_few_and_short_and_each_is_counted() -> None:
    run = RUN
    for n in range(MOST_LATEST + 3):
        run = run.called("t" * 500, f"{n} " + "b" * 500, ok=n % 2 == 0)

    assert run.spent.tool_calls == MOST_LATEST + 3
    assert [one.brief.split()[0] for one in run.latest] == [str(n + 3) for n in range(MOST_LATEST)]
    assert {(len(one.tool), len(one.brief)) for one in run.latest} == {(LONGEST_BRIEF,) * 2}
    assert [one.ok for one in run.latest[-2:]] == [False, True]


def test_a_plan_replaces_the_one_before_and_is_cut() -> None:
    planned = RUN.planned("first").planned("p" * (LONGEST_PLAN + 1))

    assert planned.plan == "p" * LONGEST_PLAN


@pytest.mark.parametrize(("branch", "head"), [("mend", "c" * 40), ("other", None)])
def test_a_copy_of_another_branch_forgets_what_was_pushed(branch: str, head: str | None) -> None:
    pushed = replace(RUN.on(COPY), head="c" * 40)

    assert pushed.on(replace(COPY, branch=branch, queue="tools-2")).head == head


def test_nothing_is_used_up_and_no_time_runs_before_it_was_let_begin() -> None:
    assert RUN.exhausted() is None
    assert RUN.seconds_left(1e9) is None


def test_its_budget_and_its_time_count_from_when_it_was_let_begin() -> None:
    terms = Terms(Budget(model_calls=1, wall_clock_s=60))
    run = replace(RUN, terms=terms, began_at_s=1_000.0)

    assert [run.seconds_left(now) for now in (1_000.0, 1_045.0, 2_000.0)] == [60, 15, 0]
    assert run.exhausted() is None
    assert run.turned(Turn("d")).exhausted() == "all 1 model calls"


def test_it_goes_on_for_those_alone_who_asked_while_it_ended() -> None:
    worn, _ = replace(RUN, doubted=True, unusable=1).read()
    again = worn.hear(another("2")).hear(Message("And quickly.")).rounded()

    assert [one.key for one in again.untold] == ["2"]
    assert said(again) == ["In blue.", "And quickly."]
    assert (again.rounds, again.doubted, again.unusable) == (1, False, 0)


def test_it_works_on_the_first_repository_that_somebody_named() -> None:
    ticket = Run.of(of_ticket(), TRACE)
    named = ticket.hear(Message("There.", "ada", of_ticket("2", repository="octo/later")))

    assert RUN.repository == "octo/hello"
    assert ticket.repository is None
    assert replace(ticket, terms=Terms(repository="octo/usual")).repository == "octo/usual"
    assert replace(named, terms=Terms(repository="octo/usual")).repository == "octo/later"


def test_each_place_is_answered_once_to_the_first_ask_from_there() -> None:
    found = places([of_issue("1"), of_thread("2"), of_issue("3"), of_issue("4", number=8)])

    assert [one.key for one in found.values()] == ["1", "2", "4"]


def test_its_effects_have_the_same_name_in_every_attempt_and_no_others() -> None:
    assert RUN.effects("started") == replace(RUN, trace="another", turns=9).effects("started")
    assert RUN.effects("started") != RUN.effects("done 0")
    assert RUN.effects("started") != Run.of(of_issue("2"), TRACE).effects("started")


@pytest.mark.parametrize(
    ("allowed", "repository", "refused"),
    [
        ((), "octo/hello", False),
        (("octo/hello",), "Octo/Hello", False),
        (("Octo/Hello",), "octo/hello", False),
        (("octo/hello",), "octo/hello-2", True),
    ],
)
def test_a_repository_that_is_not_among_those_allowed_is_refused(
    allowed: tuple[str, ...], repository: str, refused: bool
) -> None:
    assert is_refused(Terms(repositories=allowed), repository) is refused
