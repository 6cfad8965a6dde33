"""The level follows health, or the people who know better, and nothing else."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from contexten.degradation import (
    CALM,
    LEVELS,
    MOST_REPOSITORIES,
    SWITCHES,
    Degradation,
    Flag,
    Level,
    is_on,
    level_named,
    parks,
    skips,
)
from contexten.orders import Entry, Order

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ADA = Order("ada", "incident 42")
SHORTLY = Order("ada", "incident 42", timedelta(minutes=10))
MOMENT = timedelta(microseconds=1)


def reported(*counts: int, every: timedelta = CALM) -> Degradation:
    """What comes of one report after the other, *every* so often."""
    found = Degradation()
    for number, count in enumerate(counts):
        found = found.health_reported(count, tuple("abcdef"[:count]), NOON + number * every)
    return found


@pytest.mark.parametrize("unhealthy", range(5))
def test_worse_health_lowers_the_level_at_once(unhealthy: int) -> None:
    assert reported(0, unhealthy).level is LEVELS[min(unhealthy, 3)]


def test_better_health_raises_it_by_one_step_after_each_calm() -> None:
    levels = [reported(*[3] + [0] * many).level for many in range(6)]

    assert [str(level) for level in levels] == [
        "maintenance",
        "maintenance",
        "essential",
        "limited",
        "full",
        "full",
    ]


def test_better_health_for_less_than_the_calm_changes_nothing() -> None:
    assert reported(1, 0, 0, every=CALM - MOMENT).level is Level.LIMITED


def test_a_check_that_flaps_keeps_the_level_down() -> None:
    assert reported(*[1, 0] * 20, every=CALM).level is Level.LIMITED


def test_a_pinned_level_stays_whatever_health_says() -> None:
    found = reported(0).degrade(Level.ESSENTIAL, ADA, NOON).health_reported(3, (), NOON)

    assert found.level is Level.ESSENTIAL
    assert found.why == "pinned by ada: incident 42"
    assert found.release(ADA, NOON).level is Level.MAINTENANCE


def test_a_pause_is_maintenance_until_resumed() -> None:
    found = Degradation().pause(ADA, NOON)

    assert found.level is Level.MAINTENANCE
    assert found.why == "paused by ada: incident 42"
    assert found.resume(ADA, NOON).level is Level.FULL


def test_pins_and_pauses_end_by_themselves_when_their_time_is_over() -> None:
    found = Degradation().pause(SHORTLY, NOON).degrade(Level.LIMITED, SHORTLY, NOON)
    found = found.pause_repository("octo/hello", SHORTLY, NOON)
    due = found.next_due

    assert due == NOON + timedelta(minutes=10)
    assert found.tick(due - MOMENT) is found
    assert found.tick(due).level is Level.FULL
    assert found.tick(due).repositories == {}
    assert {entry.by for entry in found.tick(due).orders[-3:]} == {"the clock"}
    assert found.tick(due).next_due is None


def test_a_repository_is_paused_in_any_case_and_alone() -> None:
    found = Degradation().pause_repository("Octo/Hello", ADA, NOON)

    assert found.level is Level.FULL
    assert found.as_standing()["paused_repositories"] == {
        "octo/hello": "paused by ada: incident 42"
    }
    assert found.resume_repository("OCTO/HELLO", ADA, NOON).repositories == {}


@pytest.mark.parametrize("name", ["", "octo", "octo/", "/hello", "a/b/c", "oc to/hello"])
def test_what_is_no_repository_is_refused(name: str) -> None:
    found = Degradation().pause_repository(name, ADA, NOON)

    assert found.repositories == {}
    assert "owner/name" in (found.orders[-1].refused or "")


def test_no_more_repositories_are_paused_than_a_memo_holds() -> None:
    found = Degradation()
    for number in range(MOST_REPOSITORIES + 1):
        found = found.pause_repository(f"octo/{number}", ADA, NOON)

    assert len(found.repositories) == MOST_REPOSITORIES
    assert found.orders[-1].refused == "100 are paused already"
    assert len(json.dumps(found.as_json())) < 100_000


def test_an_order_that_changes_nothing_is_written_down_as_refused() -> None:
    found = Degradation().resume(ADA, NOON).release(ADA, NOON).resume_repository("a/b", ADA, NOON)

    assert [entry.refused for entry in found.orders] == [
        "not everything is paused",
        "the level is not pinned",
        "it is not paused",
    ]


def test_who_when_and_why_is_kept_for_every_order() -> None:
    found = Degradation().pause(ADA, NOON).refused(Entry(NOON, "explode", refused="no order"))

    assert found.orders[0] == Entry(NOON, "pause", "ada", "incident 42")
    assert found.as_standing()["orders"][1]["refused"] == "no order"


def test_it_survives_as_json() -> None:
    found = reported(2, 0).pause(SHORTLY, NOON).degrade(Level.LIMITED, ADA, NOON)
    found = found.pause_repository("octo/hello", SHORTLY, NOON)

    assert Degradation.from_json(json.loads(json.dumps(found.as_json()))) == found
    assert Degradation.from_json({"new": 1}) == Degradation()


@pytest.mark.parametrize("text", ["LIMITED", " limited ", "Limited"])
def test_a_level_is_named_in_any_case(text: str) -> None:
    assert level_named(text) is Level.LIMITED


def test_a_level_that_is_none_is_refused_with_those_that_are() -> None:
    with pytest.raises(ValueError, match="full, limited, essential, maintenance"):
        level_named("half")


def test_each_step_down_only_switches_off() -> None:
    for flag in Flag:
        on = [is_on(flag, level) for level in LEVELS]
        assert on == sorted(on, reverse=True), flag
        assert on[0]
    assert set(SWITCHES) == set(Flag)


@pytest.mark.parametrize(
    ("level", "parked"),
    [
        (Level.FULL, []),
        (Level.LIMITED, []),
        (Level.ESSENTIAL, [0, 2, 3, 5, None]),
        (Level.MAINTENANCE, [0, 1, 2, 3, 5, None]),
    ],
)
def test_calls_are_parked_by_level_and_importance(level: Level, parked: list[int | None]) -> None:
    assert [key for key in (0, 1, 2, 3, 5, None) if parks(level, key)] == parked


@pytest.mark.parametrize("level", LEVELS)
def test_only_optional_effects_are_skipped_and_only_below_full(level: Level) -> None:
    optional = ["slack.add_reaction", "github.add_reaction", "slack.remove_reaction"]
    needed = ["slack.post_reply", "github.post_comment", "linear.update_issue", "github.add_labels"]

    assert [one for one in optional + needed if skips(level, one)] == (
        [] if level is Level.FULL else optional
    )


@dataclass
class Model:
    """The same in the plainest way: what is set, and when each thing ends."""

    measured: int = 0
    better_since: datetime | None = None
    pin: tuple[int, datetime | None] | None = None
    pause: tuple[datetime | None] | None = None
    repositories: dict[str, datetime | None] = field(default_factory=dict)

    def level(self) -> int:
        if self.pause is not None:
            return 3
        return self.measured if self.pin is None else self.pin[0]

    def report(self, count: int, now: datetime) -> None:
        asked = min(count, 3)
        if asked > self.measured:
            self.measured, self.better_since = asked, None
        elif asked == self.measured:
            self.better_since = None
        elif self.better_since is None:
            self.better_since = now
        elif now - self.better_since >= CALM:
            self.measured -= 1
            self.better_since = now if asked < self.measured else None

    def tick(self, now: datetime) -> None:
        if self.pin and self.pin[1] and self.pin[1] <= now:
            self.pin = None
        if self.pause and self.pause[0] and self.pause[0] <= now:
            self.pause = None
        kept = {n: u for n, u in self.repositories.items() if u is None or u > now}
        self.repositories = kept


def stepped(found: Degradation, model: Model, dice: Random, now: datetime) -> Degradation:
    """One random thing happens to both."""
    order = Order("ada", "x", dice.choice([None, timedelta(seconds=dice.randint(1, 300))]))
    until, name = order.until(now), dice.choice(["a/b", "c/d", "e/f"])
    match dice.randrange(8):
        case 0:
            model.pause = (until,)
            return found.pause(order, now)
        case 1:
            model.pause = None
            return found.resume(order, now)
        case 2:
            level = dice.randrange(4)
            model.pin = (level, until)
            return found.degrade(LEVELS[level], order, now)
        case 3:
            model.pin = None
            return found.release(order, now)
        case 4:
            model.repositories[name] = until
            return found.pause_repository(name, order, now)
        case 5:
            model.repositories.pop(name, None)
            return found.resume_repository(name, order, now)
        case _:
            count = dice.randrange(5)
            model.report(count, now)
            return found.health_reported(count, (), now)


@pytest.mark.parametrize("seed", range(5))
def test_ten_thousand_orders_in_random_order_match_a_reference_model(seed: int) -> None:
    dice, now = Random(seed), NOON
    found, model = Degradation(), Model()
    for _ in range(2_000):
        now += timedelta(seconds=dice.expovariate(1 / 60))
        found = found.tick(now)
        model.tick(now)
        found = stepped(found, model, dice, now)
        assert found.level is LEVELS[model.level()]
        assert set(found.repositories) == set(model.repositories)
        assert found.next_due is None or found.next_due > now
    assert Degradation.from_json(found.as_json()) == found
