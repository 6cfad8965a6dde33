"""A comment is an order if it is nothing else, and never if it is our own."""

import pytest

from contexten.comment_commands import Command, Order, command_in
from contexten.effects import with_marker

US = "@contexten"


@pytest.mark.parametrize("order", Order)
def test_each_order_is_one_word_after_the_mention(order: Order) -> None:
    for words in (f"{US} {order}", f"  {US}, {order.upper()}!", f"{US} {order}\nand more"):
        assert command_in(words, US) == Command(order)


@pytest.mark.parametrize(
    ("words", "because"),
    [
        (f"{US} cancel, it is late", "it is late"),
        (f"{US} pause: lunch", "lunch"),
        (f"{US} reject - {'x' * 500}", "x" * 200),
    ],
)
def test_what_stands_behind_an_order_is_its_reason(words: str, because: str) -> None:
    found = command_in(words, US)

    assert found is not None
    assert found.because == because


def test_a_text_is_approved_by_its_digits() -> None:
    assert command_in(f"{US} approve 0123456789AB", US) == Command(Order.APPROVE, "0123456789ab")
    assert command_in(f"{US} approve 0123456789ab, fine", US) == Command(
        Order.APPROVE, "0123456789ab", "fine"
    )


@pytest.mark.parametrize(
    "words",
    [
        None,
        "",
        "cancel",
        f"{US}",
        f"{US}cancel",
        f"{US} cancelled",
        f"{US} cancel the subscription of who leaves",
        f"{US} pause 0123456789ab",
        f"{US} approve 0123456789abcdef",
        f"{US} approve 0123",
        f"please {US} cancel",
        f"> {US} cancel",
        "@contextenx cancel",
        with_marker(f"{US} cancel", "a" * 32),
    ],
)
def test_what_is_no_order_is_none(words: str | None) -> None:
    assert command_in(words, US) is None
