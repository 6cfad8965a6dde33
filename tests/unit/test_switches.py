"""Flags are asked through OpenFeature, and the level answers where nobody else does."""

import sys
from types import ModuleType

import pytest
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import FlagNotFoundError
from openfeature.flag_evaluation import FlagResolutionDetails
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

from activities.switches import (
    DOMAIN,
    KEPT_FOR_S,
    BrokenProvider,
    LevelProvider,
    Switches,
    provider_named,
)
from contexten.degradation import LEVELS, Flag, Level, is_on, parks, skips


class Standing:
    """A level and a clock that a test sets."""

    def __init__(self, level: Level = Level.FULL) -> None:
        self.level = level
        self.now = 0.0

    def switches(self, provider: LevelProvider | InMemoryProvider | None = None) -> Switches:
        return Switches(lambda: self.level, provider, lambda: self.now)


class Counting(LevelProvider):
    """Counts how often it is asked, and fails when told to."""

    asked = 0
    broken = False

    def resolve_boolean_details(
        self,
        flag_key: str,
        default_value: bool,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[bool]:
        self.asked += 1
        if self.broken:
            raise RuntimeError("the flags are away")
        return super().resolve_boolean_details(flag_key, default_value, evaluation_context)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("flag", Flag)
def test_the_level_answers_for_each_flag(level: Level, flag: Flag) -> None:
    assert Standing(level).switches().on(flag) is is_on(flag, level)


def test_openfeature_answers_any_client_of_our_domain() -> None:
    Standing(Level.LIMITED).switches()
    client = api.get_client(DOMAIN)

    assert client.get_boolean_value("optional_effects", True) is False
    assert client.get_boolean_details("optional_effects", True).variant == "limited"
    assert client.get_boolean_value("no_such_flag", True) is True
    assert client.get_string_value("optional_effects", "off") == "off"


def test_a_flag_of_others_is_not_found() -> None:
    with pytest.raises(FlagNotFoundError):
        LevelProvider(lambda: Level.FULL).resolve_boolean_details("dark_mode", False)


def test_an_answer_is_kept_until_a_second_is_over_or_the_level_changes() -> None:
    standing = Standing()
    counting = Counting(lambda: standing.level)
    switches = standing.switches(counting)
    asked = []
    for now, level in [(0, 0), (0.5, 0), (KEPT_FOR_S, 0), (KEPT_FOR_S, 1), (KEPT_FOR_S, 1)]:
        standing.now, standing.level = now, LEVELS[level]
        assert switches.on(Flag.OPTIONAL_EFFECTS) is (level == 0)
        asked.append(counting.asked)

    assert asked == [1, 1, 2, 3, 3]


def test_the_level_answers_where_the_provider_fails() -> None:
    standing = Standing(Level.ESSENTIAL)
    counting = Counting(lambda: Level.FULL)
    counting.broken = True

    assert standing.switches(counting).on(Flag.BACKGROUND_ROUNDS) is False


def test_another_provider_decides_what_a_level_switches() -> None:
    def by_level(
        flag: InMemoryFlag[bool], context: EvaluationContext
    ) -> FlagResolutionDetails[bool]:
        return FlagResolutionDetails(context.attributes["level"] != "maintenance")

    normal = InMemoryFlag("on", {"on": True}, context_evaluator=by_level)
    switches = Standing().switches(InMemoryProvider({"normal_reactions": normal}))

    assert not parks(Level.ESSENTIAL, 3, switches.on)
    assert parks(Level.MAINTENANCE, 3, switches.on)
    assert skips(Level.LIMITED, "slack.add_reaction", switches.on)


def test_a_provider_is_made_by_the_factory_that_is_named() -> None:
    module = ModuleType("flags_of_a_team")
    module.make = lambda: InMemoryProvider({})  # type: ignore[attr-defined]
    module.number = lambda: 7  # type: ignore[attr-defined]
    sys.modules[module.__name__] = module

    assert isinstance(provider_named("flags_of_a_team:make"), InMemoryProvider)
    assert provider_named(None) is None
    for name in ("flags_of_a_team:number", "flags_of_a_team:gone", "no_such_module:make", "odd"):
        with pytest.raises(BrokenProvider, match=name):
            provider_named(name)
