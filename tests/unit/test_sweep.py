"""The sweep asks for what never arrived, patiently, and for nothing else."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contexten.github import Attempt, Scope, ScopeKind
from contexten.sweep import (
    Look,
    Rule,
    Seen,
    by_delivery,
    due,
    is_thorough,
    leads_to_us,
    never_arrived,
    seen,
)

NOON = datetime(2026, 1, 4, 12, tzinfo=UTC)
RULE = Rule()
MINUTE = timedelta(minutes=1)
LOOK = Look(Scope(ScopeKind.REPOSITORY, "octo/hello"), NOON - RULE.retention, NOON, RULE)


def attempt(
    guid: str = "g",
    status: int = 0,
    ago: timedelta = timedelta(hours=1),
    *,
    hook: int | None = 7,
    event: str = "issues",
    number: int = 1,
    redelivery: bool = False,
) -> Attempt:
    return Attempt(number, guid, hook, event, NOON - ago, status, redelivery)


@pytest.mark.parametrize("status", [0, 301, 400, 401, 404, 413, 429, 500, 502, 503, 504])
def test_everything_but_a_2xx_failed(status: int) -> None:
    failed = attempt(status=status)

    assert due([failed], RULE, NOON) == [failed]


@pytest.mark.parametrize("status", [200, 202, 204])
def test_a_2xx_arrived(status: int) -> None:
    assert due([attempt(status=status)], RULE, NOON) == []


def test_one_attempt_that_arrived_is_enough() -> None:
    tried = [attempt(status=503, ago=50 * MINUTE), attempt(status=202, ago=40 * MINUTE)]

    assert due(tried, RULE, NOON) == []
    assert due(tried[::-1], RULE, NOON) == []


def test_the_newest_attempt_is_the_one_repeated() -> None:
    tried = [attempt(ago=50 * MINUTE, number=1), attempt(ago=40 * MINUTE, number=2)]

    assert [a.id for a in due(tried, RULE, NOON)] == [2]


def test_what_arrived_at_another_webhook_is_still_missing_at_this_one() -> None:
    missing = attempt(hook=7)

    assert due([attempt(status=202, hook=8), missing], RULE, NOON) == [missing]


def test_a_ping_is_left_alone() -> None:
    assert due([attempt(event="ping")], RULE, NOON) == []


def test_what_just_failed_is_given_a_moment() -> None:
    almost = attempt(ago=RULE.first_pause - timedelta(microseconds=1))
    just = attempt(ago=RULE.first_pause)

    assert due([almost], RULE, NOON) == []
    assert due([just], RULE, NOON) == [just]


def test_each_pause_is_twice_the_one_before() -> None:
    tried = [attempt(ago=50 * MINUTE), attempt(ago=45 * MINUTE), attempt(ago=20 * MINUTE)]

    assert due(tried, RULE, NOON - timedelta(seconds=1)) == []
    assert due(tried, RULE, NOON) == [tried[-1]]


def test_what_github_has_forgotten_is_not_asked_for() -> None:
    last_moment = attempt(ago=RULE.retention)
    forgotten = attempt(ago=RULE.retention + timedelta(microseconds=1))

    assert due([last_moment], RULE, NOON) == [last_moment]
    assert due([forgotten], RULE, NOON) == []


def test_gives_up_after_the_most_attempts() -> None:
    tried = [attempt(ago=timedelta(hours=60) - n * MINUTE, number=n) for n in range(9)]
    again = attempt(ago=timedelta(hours=50), number=9)

    assert seen(tried, LOOK) == Seen(missing=1, given_up=0, due=(tried[-1],))
    assert seen([*tried, again], LOOK) == Seen(missing=1, given_up=1, due=())


def test_what_arrived_is_not_missing() -> None:
    assert seen([attempt(status=202)], LOOK) == Seen(missing=0, given_up=0, due=())


def test_a_delivery_of_which_only_repetitions_are_in_sight_is_left_alone() -> None:
    assert seen([attempt(redelivery=True)], LOOK) == Seen(missing=1, given_up=0, due=())


def test_looks_back_all_the_way_at_first_and_then_once_an_hour() -> None:
    hour_ago = NOON - timedelta(seconds=RULE.thorough_every_s)

    assert is_thorough(RULE, None, NOON)
    assert is_thorough(RULE, hour_ago, NOON)
    assert not is_thorough(RULE, hour_ago + timedelta(microseconds=1), NOON)


def test_the_oldest_deliveries_go_first_when_there_are_too_many() -> None:
    many = [attempt(guid=str(n), ago=timedelta(hours=1) + n * MINUTE) for n in range(5)]

    assert [a.guid for a in due(many, Rule(most_at_once=2), NOON)] == ["4", "3"]


def test_the_patience_of_the_rule_lasts_most_of_what_github_remembers() -> None:
    longest = sum((RULE.first_pause * 2**n for n in range(RULE.most_attempts - 1)), timedelta())

    assert RULE.retention / 2 < longest < RULE.retention


attempts = st.lists(
    st.builds(
        Attempt,
        id=st.integers(1, 1000),
        guid=st.sampled_from("abcd"),
        hook_id=st.sampled_from([None, 1, 2]),
        event=st.sampled_from(["issues", "ping", "push"]),
        delivered_at=st.datetimes(datetime(2025, 12, 30), datetime(2026, 1, 5)).map(  # noqa: DTZ001
            lambda naive: naive.replace(tzinfo=UTC)
        ),
        status_code=st.sampled_from([0, 200, 202, 302, 404, 503]),
        redelivery=st.booleans(),
    ),
    max_size=40,
)


@given(attempts)
def test_whatever_the_history_only_what_never_arrived_is_asked_for_and_once(
    history: list[Attempt],
) -> None:
    asked = due(history, RULE, NOON)

    arrived = {(a.hook_id, a.guid) for a in history if 200 <= a.status_code < 300}
    names = [(a.hook_id, a.guid) for a in asked]
    assert len(set(names)) == len(names)
    assert not arrived & set(names)
    for chosen in asked:
        tried = [a for a in history if (a.hook_id, a.guid) == (chosen.hook_id, chosen.guid)]
        assert chosen.delivered_at == max(a.delivered_at for a in tried)
        assert NOON - chosen.delivered_at >= RULE.first_pause
        assert len(tried) < RULE.most_attempts


@given(attempts)
def test_leaving_out_what_arrived_changes_no_decision(history: list[Attempt]) -> None:
    assert due(never_arrived(history), RULE, NOON) == due(history, RULE, NOON)


@given(attempts, st.randoms())
def test_the_order_of_the_history_changes_no_decision(history: list[Attempt], dice) -> None:  # type: ignore[no-untyped-def]
    distinct = list({a.id: a for a in history}.values())
    shuffled = distinct[:]
    dice.shuffle(shuffled)

    assert due(shuffled, RULE, NOON) == due(distinct, RULE, NOON)


@given(attempts)
def test_no_attempt_is_lost_in_grouping(history: list[Attempt]) -> None:
    grouped = [a for tried in by_delivery(history) for a in tried]

    assert len(grouped) == len(history)


@pytest.mark.parametrize(
    "url",
    [
        "https://door.example.org/github/events",
        "https://Door.example.org:443/octo/hello/github/events",
    ],
)
def test_a_webhook_leads_to_us_by_its_path_where_our_address_is_not_known(url: str) -> None:
    assert leads_to_us(url, None)
    assert leads_to_us(url, "https://door.example.org")
    assert leads_to_us(url, "https://door.example.org/")


@pytest.mark.parametrize(
    "url",
    [
        "https://ci.example.org/deploy",
        "https://ci.example.org/github/events/deploy",
        "https://ci.example.org/?next=/github/events",
        "https://ci.example.org:port/deploy",
        "https://[ci/deploy",
        "",
    ],
)
def test_a_webhook_with_another_path_leads_to_others(url: str) -> None:
    assert not leads_to_us(url, None)
    assert not leads_to_us(url, "https://door.example.org")


@pytest.mark.parametrize(
    "url",
    [
        "http://door.example.org/team/github/events",
        "https://door.example.org.evil.example/team/github/events",
        "https://door.example.org:8443/team/github/events",
        "https://door.example.org/teams/github/events",
        "https://door.example.org/github/events",
    ],
)
def test_a_webhook_that_does_not_begin_with_our_address_leads_to_others(url: str) -> None:
    assert not leads_to_us(url, "https://door.example.org/team")
    assert leads_to_us(
        "https://door.example.org/team/github/events", "https://door.example.org/team"
    )
