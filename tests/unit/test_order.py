"""Each delivery waits for the one before it on its context, and for no other."""

from dataclasses import replace

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
