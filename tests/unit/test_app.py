"""Reactions are found by the names they were registered under, and unfit ones are refused."""

from datetime import UTC, datetime

import pytest

from contexten.app import App
from contexten.delivery import Event, Platform

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def event(name: str, action: str | None = None, platform: Platform = Platform.GITHUB) -> Event:
    return Event(platform, "1", name, action, NOON)


async def first(event: Event) -> None: ...


async def second(event: Event) -> None: ...


def names(app: App, of: Event) -> list[str]:
    return [one.name.rpartition(".")[2] for one in app.reactions_to(of)]


def test_an_event_may_have_several_reactions_in_order() -> None:
    app = App()
    app.github.event("issues:labeled")(second)
    app.github.event("issues")(first)

    assert names(app, event("issues", "labeled")) == ["first", "second"]
    assert names(app, event("issues", "opened")) == ["first"]


def test_a_reaction_may_have_several_events() -> None:
    app = App()
    for name in ("push", "create"):
        app.github.event(name)(first)

    assert names(app, event("push")) == ["first"]
    assert names(app, event("create")) == ["first"]


def test_platforms_do_not_mix() -> None:
    app = App()
    app.linear.event("Issue")(first)

    assert names(app, event("Issue")) == []
    assert names(app, event("Issue", platform=Platform.LINEAR)) == ["first"]


def test_the_decorated_function_stays_what_it_was() -> None:
    assert App().slack.event("app_mention")(first) is first


@pytest.mark.parametrize("name", ["", ":", "a:", ":b", "a:b:c"])
def test_a_name_that_is_no_event_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="event:action"):
        App().github.event(name)


def test_a_plain_function_is_refused() -> None:
    def plain(event: Event) -> None: ...

    with pytest.raises(TypeError, match="async def plain"):
        App().github.event("push")(plain)  # type: ignore[arg-type]


def test_a_function_of_two_arguments_is_refused() -> None:
    async def two(event: Event, other: int) -> None: ...

    with pytest.raises(TypeError, match="exactly one event"):
        App().github.event("push")(two)  # type: ignore[arg-type]
