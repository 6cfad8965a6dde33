"""A run touches what it was asked about and nothing else, and only reads go at once."""

from dataclasses import replace
from typing import Any

import pytest
from asked import of_issue, of_thread, of_ticket

from contexten.agent import Ask, Task, Terms
from contexten.agent_run import Message, Pull, Run
from contexten.agent_toolbox import (
    Bound,
    arguments,
    batches,
    bound,
    given,
    refused_branch,
    unfit,
)
from contexten.codebase import Checkout
from contexten.github import PullRequest
from contexten.tools import ALL, TOOLS, Kind, ViewFile
from contexten.turns import ToolCall

COPY = Checkout("tools-1", "agent/1", "octo/hello", "mend", "main", "b" * 40, "b" * 40, True)
PULL = PullRequest(3, 30, "https://x/3", "t", "", "open", False, False, "mend", "c" * 40, "main",
                   (), "octo/hello")  # fmt: skip
EVERY_RUN = {"reflect", "ask_human", "finish"}


def a_run(ask: Ask, *more: Ask, copy: bool = False, **terms: Any) -> Run:
    """A run of *ask*, which heard *more*, with a working copy if *copy*."""
    run = Run.of(ask, "trace")
    for one in more:
        run = run.hear(Message(one.words, one.by, one))
    run = replace(run, terms=Terms(**terms))
    return run.on(COPY) if copy else run


def names(run: Run) -> set[str]:
    """The tools that *run* is given."""
    return set(given(run))


def call(name: str, said: str = "{}") -> ToolCall:
    return ToolCall("1", name, said)


def test_it_is_bound_to_the_issue_it_was_asked_about() -> None:
    assert bound(a_run(of_issue(number=7))) == Bound("octo/hello", 7)
    assert bound(a_run(of_issue(number=7, pull=7))) == Bound("octo/hello", 7, 7)


def test_it_is_bound_to_every_place_it_was_asked_from() -> None:
    run = a_run(of_ticket(), of_thread("2"), of_issue("3"))

    assert bound(run) == Bound("octo/hello", 7, None, "ENG-7", ("C01", "1.2"))


def test_an_issue_of_another_repository_is_not_its_own() -> None:
    elsewhere = of_issue(repository="octo/other")

    assert bound(a_run(elsewhere)) == Bound("octo/other")
    assert "create_pr_comment" not in names(a_run(elsewhere, copy=True))


def test_a_pull_request_that_it_opened_is_its_own() -> None:
    run = replace(a_run(of_ticket(repository="octo/hello"), copy=True), pull=Pull(3, "https://x"))

    assert bound(run).pull == 3
    assert {"view_pr", "create_pr_comment"} <= names(run)
    assert "view_pr" not in names(replace(run, pull=None))


def test_without_code_or_platform_it_can_think_ask_and_end() -> None:
    assert names(replace(a_run(of_thread()), terms=None)) == EVERY_RUN | {"slack_send_message"}


@pytest.mark.parametrize(
    ("ask", "prefix"), [(of_ticket(), "linear_"), (of_thread(), "slack_")], ids=["ticket", "thread"]
)
def test_a_platform_is_within_reach_of_those_who_were_asked_there(ask: Ask, prefix: str) -> None:
    its = {one.name for one in ALL if one.name.startswith(prefix)}

    assert its <= names(a_run(ask))
    assert not its & names(a_run(of_issue(), copy=True))


def test_code_is_within_reach_of_a_run_with_a_working_copy_alone() -> None:
    code = {one.name for one in ALL if one.kind is Kind.CODE}

    assert not (code | {"create_pr"}) & names(a_run(of_issue()))
    assert code | {"create_pr"} <= names(a_run(of_issue(), copy=True))
    assert code - names(a_run(of_issue(), copy=True, shell=False)) == {"run_bash_command"}


def test_a_review_changes_no_code_and_opens_nothing() -> None:
    found = names(a_run(of_issue(pull=7, task=Task.REVIEW), copy=True))
    changing = {one.name for one in ALL if not one.reads} - EVERY_RUN

    assert found & changing == {"create_pr_comment", "create_pr_review_comment", "checkout_pr"}
    assert {"view_file", "view_pr", "view_pr_checks"} <= found


@pytest.mark.parametrize(
    ("name", "said", "why"),
    [
        ("create_pr", "{}", "create_pr is not for this task; there are view_file, finish"),
        ("launch", "{}", "there is no tool 'launch'"),
        ("view_file", "{}", "view_file needs 'path'"),
        ("view_file", "{", "no JSON"),
        ("finish", "", "finish needs 'summary'"),
        ("finish", '{"summary": "x", "colour": "red"}', "takes no 'colour'"),
    ],
)
def test_a_call_that_cannot_be_carried_out_says_why(name: str, said: str, why: str) -> None:
    found = unfit(call(name, said), ["view_file", "finish"])

    assert found
    assert why in found


def test_a_call_that_can_be_carried_out_has_typed_arguments() -> None:
    fit = call("view_file", '{"path": "a.py"}')

    assert unfit(fit, ["view_file"]) is None
    assert arguments(fit) == ViewFile("a.py")
    with pytest.raises(ValueError, match="needs 'path'"):
        arguments(call("view_file"))


def test_arguments_too_long_to_travel_are_judged_where_the_code_is() -> None:
    assert unfit(call("create_file", ""), ["create_file"]) is None


@pytest.mark.parametrize(
    ("head", "home", "why"),
    [
        ("mend", "octo/hello", None),
        ("ada/release-notes", "octo/hello", None),
        ("main", "octo/hello", "on which people build"),
        ("gh-pages", "octo/hello", "on which people build"),
        ("release/2", "octo/hello", "on which people build"),
        ("refs/heads/x", "octo/hello", "on which people build"),
        ("mend", "eve/hello", "from a fork"),
        ("mend", None, "from a fork"),
    ],
)
def test_only_a_branch_of_its_own_repository_is_pushed_to(
    head: str, home: str | None, why: str | None
) -> None:
    refused = refused_branch(replace(PULL, head=head, head_repository=home), "octo/hello")

    assert (refused is None) is (why is None)
    assert (why or "") in (refused or "")


def test_reads_next_to_each_other_go_at_once_and_the_order_is_kept() -> None:
    wanted = ["view_file", "search", "edit_file", "commit", "view_file", "launch", "view_pr"]
    calls = [ToolCall(str(n), name) for n, name in enumerate(wanted)]

    found = list(batches(calls))

    assert [[one.name for one in some] for some in found] == [
        *(["view_file", "search"], ["edit_file"], ["commit"]),
        *(["view_file"], ["launch"], ["view_pr"]),
    ]
    assert [one for some in found for one in some] == calls
    assert list(batches([])) == []


@pytest.mark.parametrize("name", [one.name for one in ALL if not one.reads])
def test_what_changes_something_goes_alone(name: str) -> None:
    reads = [call("view_file"), call("view_file")]

    assert [len(some) for some in batches([*reads, call(name), call(name), *reads])] == [2, 1, 1, 2]
    assert name in TOOLS
