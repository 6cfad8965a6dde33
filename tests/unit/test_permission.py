"""Work is begun for those who may write, and on those repositories that are allowed."""

from dataclasses import replace

import pytest

from contexten.agent import Terms
from contexten.linear import User as LinearUser
from contexten.permission import (
    changed_since,
    refused_on_linear,
    refused_on_slack,
    repository_for,
    repository_in,
    text_hash,
    to_be_approved,
)
from contexten.slack import User as SlackUser

MEMBER = LinearUser("u", "Ada", active=True, guest=False, app=False)
ADA = SlackUser("U1", "ada", "Ada", is_bot=False, deleted=False, email=None)


def test_each_part_of_the_text_asked_changes_its_digits() -> None:
    asked = ("Title", "Body", "ada", "comment", "commit")
    variants = [[*asked[:n], "x", *asked[n + 1 :]] for n in range(5)]

    found = {text_hash(*one) for one in [asked, *variants]}

    assert len(found) == 6
    assert all(len(one) == 12 and set(one) <= set("0123456789abcdef") for one in found)


def test_text_moved_from_one_part_to_the_next_changes_its_digits() -> None:
    assert text_hash("ab", "c", "d") != text_hash("a", "bc", "d")
    assert text_hash("a", "b", None, "c") != text_hash("a", "b", "c", "")
    assert text_hash("a\n1:b", "", "d") != text_hash("a", "b", "d")


def test_text_that_is_no_proper_unicode_has_digits_too() -> None:
    assert len(text_hash("\ud800", "b", "a")) == 12


def test_who_may_not_is_told_how_a_maintainer_approves() -> None:
    told = to_be_approved("@contexten", "0123456789ab")

    assert "@contexten approve 0123456789ab" in told
    assert "0123456789ab" in changed_since("@contexten", "0123456789ab")


@pytest.mark.parametrize(
    ("user", "word"),
    [
        (replace(MEMBER, guest=True), "guest"),
        (replace(MEMBER, active=False), "members"),
        (replace(MEMBER, app=True), "apps"),
    ],
)
def test_on_linear_only_members_may(user: LinearUser, word: str) -> None:
    assert refused_on_linear(MEMBER) is None
    assert word in (refused_on_linear(user) or "")


@pytest.mark.parametrize(
    ("user", "word"),
    [
        (replace(ADA, is_bot=True), "bots"),
        (replace(ADA, is_stranger=True), "another"),
        (replace(ADA, is_restricted=True), "guest"),
        (replace(ADA, deleted=True), "members"),
    ],
)
def test_on_slack_only_members_may(user: SlackUser, word: str) -> None:
    assert refused_on_slack(ADA) is None
    assert word in (refused_on_slack(user) or "")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("in repo:octo/hello please", "octo/hello"),
        ("repo:octo/hello.", "octo/hello"),
        ("(repo:octo/hello.py)", "octo/hello.py"),
        ("norepo:octo/hello", None),
        ("repo:octo", None),
        ("repo:octo/hello/../other", None),
        ("repo:../hello", None),
        ("", None),
    ],
)
def test_a_repository_is_named_as_people_search_for_it(words: str, expected: str | None) -> None:
    assert repository_in(words) == expected


def test_a_thread_is_about_what_it_names_and_else_about_what_is_set() -> None:
    terms = Terms(repository="octo/hello")

    assert repository_for("mend it", terms) == "octo/hello"
    assert repository_for("mend it in repo:octo/other", terms) == "octo/other"
    assert repository_for("mend it", Terms()) is None


def test_only_repositories_that_are_allowed_are_worked_on() -> None:
    terms = Terms(repositories=("Octo/Hello",), repository="octo/hello")

    assert repository_for("mend it", terms) == "octo/hello"
    with pytest.raises(ValueError, match="octo/other"):
        repository_for("mend it in repo:octo/other", terms)
