"""
The switches of the service level, asked through OpenFeature.

By default the level itself answers, as :data:`contexten.degradation.SWITCHES` has it. A team
that keeps its flags elsewhere, such as in flagd, names a provider of its own in the settings;
it is given the level as the attribute ``level``, and where it fails the level answers.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import cast

from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import FlagNotFoundError, TypeMismatchError
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType, Reason
from openfeature.provider import AbstractProvider, FeatureProvider, Metadata

from contexten.degradation import Flag, Level, is_on

DOMAIN = "contexten"
KEPT_FOR_S = 1.0


class LevelProvider(AbstractProvider):
    """Answers from the level in force."""

    def __init__(self, level: Callable[[], Level]) -> None:
        super().__init__()
        self._level = level

    def get_metadata(self) -> Metadata:
        """What it is called."""
        return Metadata("contexten level")

    def resolve_boolean_details(
        self,
        flag_key: str,
        default_value: bool,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[bool]:
        """
        Whether the flag is on at the level in force.

        Raises:
            FlagNotFoundError: If it is none of ours.
        """
        if flag_key not in set(Flag):
            raise FlagNotFoundError(f"there is no flag {flag_key!r}")
        level = self._level()
        return FlagResolutionDetails(
            is_on(Flag(flag_key), level), reason=Reason.STATIC, variant=level
        )

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        """
        Raises:
            TypeMismatchError: Always: our flags are on or off.
        """
        raise TypeMismatchError(f"{flag_key} is on or off")

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        """
        Raises:
            TypeMismatchError: Always: our flags are on or off.
        """
        raise TypeMismatchError(f"{flag_key} is on or off")

    def resolve_float_details(
        self,
        flag_key: str,
        default_value: float,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[float]:
        """
        Raises:
            TypeMismatchError: Always: our flags are on or off.
        """
        raise TypeMismatchError(f"{flag_key} is on or off")

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: Sequence[FlagValueType] | Mapping[str, FlagValueType],
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[Sequence[FlagValueType] | Mapping[str, FlagValueType]]:
        """
        Raises:
            TypeMismatchError: Always: our flags are on or off.
        """
        raise TypeMismatchError(f"{flag_key} is on or off")


class BrokenProvider(Exception):  # noqa: N818 - it is the provider that is broken
    """A provider of flags cannot be used; the message says why."""


class Switches:
    """What is on now. An answer is kept for a second and a level: each call asks."""

    def __init__(
        self,
        level: Callable[[], Level],
        provider: FeatureProvider | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            level: Gives the level in force.
            provider: Who answers; None for the level itself.
            clock: Seconds that only grow.
        """
        self._level = level
        self._clock = clock
        self._kept: dict[Flag, tuple[Level, float, bool]] = {}
        api.set_provider_and_wait(provider or LevelProvider(level), DOMAIN)
        self._client = api.get_client(DOMAIN)

    def on(self, flag: Flag, level: Level | None = None) -> bool:
        """Whether *flag* is on, at *level* or the one in force; the level decides if all fails."""
        level, now = level or self._level(), self._clock()
        kept = self._kept.get(flag)
        if kept and kept[0] is level and now < kept[1]:
            return kept[2]
        answer = self.asked(flag, level)
        self._kept[flag] = (level, now + KEPT_FOR_S, answer)
        return answer

    def asked(self, flag: Flag, level: Level) -> bool:
        """What the provider answers; what :func:`is_on` does where it fails."""
        context = EvaluationContext(attributes={"level": str(level)})
        return self._client.get_boolean_value(flag, is_on(flag, level), context)


def provider_named(name: str | None) -> FeatureProvider | None:
    """
    The provider that ``module:factory`` makes; None without a name.

    Raises:
        BrokenProvider: If there is no such thing, or it makes no provider.
    """
    if not name:
        return None
    module, _, factory = name.partition(":")
    try:
        made = getattr(import_module(module), factory)()
    except Exception as error:
        raise BrokenProvider(f"flags provider {name}: {type(error).__name__}: {error}") from error
    if not hasattr(made, "resolve_boolean_details"):
        raise BrokenProvider(f"flags provider {name}: makes a {type(made).__name__}, no provider")
    return cast(FeatureProvider, made)
