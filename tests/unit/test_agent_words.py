"""What people read of a run is plain and has its evidence, and what a model wrote harms nobody."""

from dataclasses import replace

import pytest
from asked import of_issue

from contexten.agent import Ending
from contexten.agent_run import Ended, Pull, Question, Run
from contexten.agent_words import (
    BEGINNINGS,
    LONGEST_POST,
    SHOWN,
    asked,
    details,
    postable,
    shown_evidence,
    told,
)
from contexten.codebase import Checkout
from contexten.delivery import Platform
from contexten.turns import Turn

COPY = Checkout("tools-1", "agent/1", "octo/hello", "mend", "main", "b" * 40, "b" * 40, True)
RUN = Run.of(of_issue(), "trace")
MENDED = replace(
    RUN.on(COPY),
    head="c0ffee" * 7,
    pull=Pull(3, "https://github.example/octo/hello/pull/3"),
    posted=("https://github.example/octo/hello/issues/7#1",),
)
MARK = f"<!-- contexten:{'0a' * 16} -->"
LINES = [
    "- pull request #3: https://github.example/octo/hello/pull/3",
    "- branch mend at c0ffeec0ffee",
    "- comment: https://github.example/octo/hello/issues/7#1",
]


@pytest.mark.parametrize("platform", list(Platform))
def test_nothing_that_a_model_wrote_passes_for_a_mark_of_ours(platform: Platform) -> None:
    for text in (MARK, f"<!-- {MARK} -->", MARK.replace("contexten", f"{MARK}contexten")):
        assert "<!--" not in postable(platform, text)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("@ada look", "@\u200bada look"),
        ("(@octo/team)", "(@\u200bocto/team)"),
        ("ada@example.com", "ada@example.com"),
        ("`@cache`", "`@cache`"),
        ("@ alone", "@ alone"),
    ],
)
@pytest.mark.parametrize("platform", [Platform.GITHUB, Platform.LINEAR])
def test_nobody_is_alerted_by_what_a_model_wrote(platform: Platform, said: str, shown: str) -> None:
    assert postable(platform, said) == shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("<@U01> and <!here>", "&lt;@U01&gt; and &lt;!here&gt;"),
        ("<https://evil.example|docs>", "&lt;https://evil.example|docs&gt;"),
        ("<!-- R&D -->", "&lt;!-- R&amp;D --&gt;"),
    ],
)
def test_slack_reads_no_markup_in_what_a_model_wrote(said: str, shown: str) -> None:
    assert postable(Platform.SLACK, said) == shown


def test_a_post_is_cut_and_has_no_zero_in_it() -> None:
    assert len(postable(Platform.GITHUB, "x" * (LONGEST_POST + 1))) == LONGEST_POST
    assert postable(Platform.GITHUB, "a\0b") == "ab"


def test_a_question_says_how_it_is_answered() -> None:
    text = asked(Question("Which one?", ("red", "blue")), "@contexten")

    assert text.split("\n") == [
        "I have a question: Which one?",
        "- red",
        "- blue",
        "",
        "Answer here, and begin with @contexten. I wait for it.",
    ]


def test_the_evidence_names_what_can_be_seen_and_no_more() -> None:
    assert shown_evidence(MENDED) == LINES
    assert shown_evidence(RUN.on(COPY)) == []
    assert told(RUN, Ended(Ending.DONE, "It is blue.")) == "It is blue."


@pytest.mark.parametrize("ending", list(Ending))
def test_each_ending_is_told_in_its_own_words_with_the_evidence(ending: Ending) -> None:
    text = told(MENDED, Ended(ending, "this came of it"))

    assert text.split("\n") == [f"{BEGINNINGS[ending]}this came of it", "", *LINES]
    assert len(set(BEGINNINGS.values())) == len(Ending)


def test_the_trace_is_linked_where_there_is_one() -> None:
    traced = MENDED.turned(Turn("d", trace_url="https://traces.example/1"))

    assert "\nTrace: https://traces.example/1" in told(traced, Ended(Ending.DONE, "x"))
    assert "[Trace](https://traces.example/1)" in details(traced, "Turn 2")
    assert "race" not in told(MENDED, Ended(Ending.DONE, "x"))


@pytest.mark.parametrize(
    ("model", "says_so"),
    [("offline", True), ("offline:repair", True), ("openai:offline", False), ("", False)],
)
def test_the_offline_model_says_what_it_is(model: str, says_so: bool) -> None:
    text = told(replace(RUN, model=model), Ended(Ending.DONE, "x"))

    assert ("offline model" in text) is says_so


def test_the_details_say_who_asked_where_and_what_was_used() -> None:
    run = MENDED.turned(Turn("d", tokens=42, usd=0.254)).called("commit", "commit Mend", ok=True)
    lines = details(run.called("view_file", "view_file a.py", ok=False), "Turn 2").split("\n")

    assert lines[0] == "**Turn 2**"
    assert "Asked by ada" in lines
    assert "on github octo/hello 7." in lines
    assert "Used: 1 model calls, 2 tool calls, 42 tokens, $0.25." in lines
    assert lines[-2:] == [
        "| commit | commit Mend | ok |",
        "| view file | view file a.py | failed |",
    ]
    assert [one for one in lines if one in LINES] == LINES


def test_the_details_show_the_latest_calls_alone() -> None:
    run = RUN
    for n in range(SHOWN + 3):
        run = run.called("search", f"number {n}", ok=True)
    shown = details(run, "Turn 2")

    assert "| number 2 |" not in shown
    assert shown.count("| ok |") == SHOWN


def test_no_text_from_outside_draws_in_the_details() -> None:
    evil = "x | ok |\n# [Big](https://evil.example) <img> `"
    run = RUN.planned(evil).called(evil, evil, ok=False)
    run = replace(run, first=replace(run.first, by=evil), question=Question(evil))
    lines = details(run, "Turn 2").split("\n")
    heads = [one for one in lines if one.startswith("|")][:2]

    assert heads == ["| tool | about | |", "|---|---|---|"]
    rest = "\n".join(one for one in lines[1:] if one not in heads)
    assert not set("[]<>`") & set(rest.replace("> ", ""))
    assert [one.count("|") for one in lines if one.startswith("| x")] == [4]
    assert not [one for one in lines if one.startswith("#")]


def test_the_details_say_what_it_waits_for() -> None:
    waiting = replace(RUN, question=Question("Which one?"))

    assert "Waits for an answer: Which one?" in details(waiting, "Waits for an answer")
    assert "Waits" not in details(RUN, "Turn 1")
