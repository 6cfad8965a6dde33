"""We hear it when we are asked, and only then."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contexten.asking import labelled, mentions, ticket_labelled
from contexten.delivery import Event, Platform
from contexten.effects import with_marker

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["data", "labels", "label", "name", "id", "updatedFrom", "labelIds"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def linear(action: str, payload: Any) -> Event:
    return Event(Platform.LINEAR, "1", "Issue", action, NOON, payload=payload)


@pytest.mark.parametrize(
    "words",
    ["@contexten", "hey @contexten, please", "(@Contexten)", "@contexten.", "a\n@contexten\nb"],
)
def test_a_mention_is_heard(words: str) -> None:
    assert mentions(words, "@contexten")


@pytest.mark.parametrize(
    "words",
    [None, "", "contexten", "@contextent", "x@contexten.io", "@contexten-ci", "@@contexten"],
)
def test_what_only_looks_like_a_mention_is_not_heard(words: str | None) -> None:
    assert not mentions(words, "@contexten")


def test_our_own_words_are_not_heard() -> None:
    assert not mentions(with_marker("@contexten is on it", "0" * 32), "@contexten")


def test_a_label_is_known_in_any_case() -> None:
    event = Event(
        Platform.GITHUB, "1", "issues", "labeled", NOON, payload={"label": {"name": "Contexten"}}
    )

    assert labelled(event, "contexten")
    assert not labelled(event, "bug")


def test_a_ticket_made_with_the_label_asks() -> None:
    payload = {"data": {"labels": [{"id": "l1", "name": "contexten"}]}}

    assert ticket_labelled(linear("create", payload), "contexten")


def test_a_ticket_that_gets_the_label_asks_once() -> None:
    data = {"labels": [{"id": "l1", "name": "contexten"}, {"id": "l2", "name": "bug"}]}

    assert ticket_labelled(
        linear("update", {"data": data, "updatedFrom": {"labelIds": ["l2"]}}), "contexten"
    )
    assert not ticket_labelled(
        linear("update", {"data": data, "updatedFrom": {"labelIds": ["l1"]}}), "contexten"
    )
    assert not ticket_labelled(
        linear("update", {"data": data, "updatedFrom": {"title": "old"}}), "contexten"
    )


@given(ANY_JSON, st.sampled_from(["create", "update", "remove"]))
def test_any_payload_gets_an_answer(payload: Any, action: str) -> None:
    assert ticket_labelled(linear(action, payload), "contexten") in (True, False)
    assert labelled(linear(action, payload), "contexten") in (True, False)
