"""A button under a question brings back which question it was and what was chosen."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from contexten.buttons import Pressed, buttons_for, pressed
from contexten.delivery import Event, Platform

EVENT = Event(
    platform=Platform.SLACK,
    delivery_id="1",
    name="block_actions",
    action="contexten_answer_0",
    received_at=datetime(2026, 1, 1, tzinfo=UTC),
    context="slack/C01/1.2",
)


def press(action_id: str, value: Any) -> Event:
    action = {"action_id": action_id, "value": value}
    return replace(EVENT, payload={"type": "block_actions", "actions": [action]})


def test_what_is_pressed_comes_back_whole() -> None:
    for choice in ("Yes", "Größer & <more>", "x" * 900):
        [button] = buttons_for("linear/ENG-7", (choice,))

        assert pressed(press(button.action_id, button.value)) == Pressed("linear/ENG-7", choice)


def test_what_was_pressed_names_the_message_it_stood_under() -> None:
    [button] = buttons_for("linear/ENG-7", ("Yes",))
    event = press(button.action_id, button.value)
    event = replace(event, payload=event.payload | {"message": {"ts": "1.3"}})

    assert pressed(event) == Pressed("linear/ENG-7", "Yes", "1.3")


def test_buttons_fit_what_slack_takes() -> None:
    buttons = buttons_for("github/" + "o" * 200, tuple("x" * 5_000 for _ in range(50)))

    assert len(buttons) == 20
    assert len({one.action_id for one in buttons}) == 20
    assert all(len(one.label) <= 75 and len(one.value) <= 2_000 for one in buttons)


def test_an_empty_choice_has_no_button() -> None:
    assert buttons_for("slack/C01/1.2", ("", " ")) == ()


@pytest.mark.parametrize(
    ("action_id", "value"),
    [
        ("approve", '{"context": "a", "choice": "b"}'),
        ("contexten_answer_0", "{"),
        ("contexten_answer_0", "[" * 100_000),
        ("contexten_answer_0", "[]"),
        ("contexten_answer_0", '{"context": 5, "choice": "b"}'),
        ("contexten_answer_0", None),
    ],
)
def test_what_is_no_answer_to_us_is_none(action_id: str, value: Any) -> None:
    assert pressed(press(action_id, value)) is None


def test_only_a_press_is_a_press() -> None:
    event = press("contexten_answer_0", '{"context": "a", "choice": "b"}')

    assert pressed(replace(event, name="message")) is None
    assert pressed(replace(event, platform=Platform.GITHUB)) is None
    assert pressed(replace(event, payload=None)) is None
