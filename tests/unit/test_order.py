"""Each delivery waits for the one before it on its context, and for no other."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from threading import Thread
from typing import Any

from fakes import event
from hypothesis import given
from hypothesis import strategies as st

from contexten.delivery import Event
from starter.order import Order


def about(context: str | None, delivery_id: str) -> Event:
    return replace(event(), context=context, delivery_id=delivery_id)


def test_the_first_waits_for_nothing() -> None:
    assert Order().before(about("a", "1")) is None


def test_the_next_waits_for_the_last_that_is_open() -> None:
    order = Order()
    order.before(about("a", "1"))
    order.before(about("b", "2"))
    order.before(about("a", "3"))

    assert order.before(about("a", "4")) == "github/3"


def test_what_has_ended_is_not_waited_for() -> None:
    order = Order()
    order.before(about("a", "1"))
    order.ended("github/1")

    assert order.before(about("a", "2")) is None


def test_asking_again_changes_nothing() -> None:
    order = Order()
    for delivery in ("1", "2", "3"):
        order.before(about("a", delivery))

    assert order.before(about("a", "2")) == "github/1"
    assert order.before(about("a", "4")) == "github/3"


def test_what_is_about_nothing_waits_for_nothing() -> None:
    order = Order()
    order.before(about(None, "1"))

    assert order.before(about(None, "2")) is None


def test_memory_is_bounded() -> None:
    order = Order(most=10)
    for n in range(1000):
        order.before(about(f"context {n}", str(n)))

    assert order.before(about("context 0", "x")) is None
    assert order.before(about("context 999", "y")) == "github/999"


def test_a_delivery_may_end_in_another_thread_while_the_next_arrives() -> None:
    order = Order()
    order.before(about("a", "1"))
    ending = Thread(target=order.ended, args=["github/1"])
    order._open = Interrupted(order._open, lambda: (ending.start(), ending.join(0.1)))

    order.before(about("a", "2"))
    ending.join()

    assert order.before(about("a", "3")) == "github/2"
    order.ended("github/2")


class Interrupted(OrderedDict[str, dict[str, None]]):
    """Contexts, between two touches of which another thread has its turn."""

    def __init__(self, contexts: OrderedDict[str, dict[str, None]], turn: Callable[[], Any]):
        super().__init__(contexts)
        self._turns = [turn]

    def move_to_end(self, key: str, last: bool = True) -> None:
        super().move_to_end(key, last)
        while self._turns:
            self._turns.pop()()


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 5), st.booleans())))
def test_everybody_waits_for_one_that_came_before(
    steps: list[tuple[str, int, bool]],
) -> None:
    order = Order()
    came: list[str] = []
    for context, number, ends in steps:
        one = about(context, f"{context}{number}")
        if ends:
            order.ended(one.workflow_id)
            came = [other for other in came if other != one.workflow_id]
            continue
        earlier = order.before(one)
        if one.workflow_id not in came:
            came.append(one.workflow_id)
        same = [other for other in came if other.startswith(f"github/{context}")]
        place = same.index(one.workflow_id)
        assert earlier == (same[place - 1] if place else None)
