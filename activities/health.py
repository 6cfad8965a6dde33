"""
Health checks: found in the modules that are named, and run all at once, each in its time.

A check that blocks runs in a thread of its own. One that does not come back cannot be ended:
it is given up, counts as unhealthy, and is not begun again before it has come back.
"""

import asyncio
import inspect
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Thread
from types import ModuleType
from typing import Any

from contexten.classification import classified
from contexten.health import Check, Reading, Result, Status, check_of

Function = Callable[..., Any]


class BrokenChecks(Exception):  # noqa: N818 - it is the module that is broken
    """A module of health checks cannot be used; the message says where it breaks."""


class Failed(Exception):  # noqa: N818 - it is the check that failed
    """What a check in a thread died of, in words."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A check, and the function that makes it."""

    check: Check
    function: Function

    @property
    def looks(self) -> bool:
        """Whether the function takes what there is to look at."""
        return bool(inspect.signature(self.function).parameters)


def load(names: Iterable[str]) -> tuple[Registered, ...]:
    """
    The checks of the modules *names*, in their order.

    Raises:
        BrokenChecks: If one does not import, has no check, or has one that another has.
    """
    found: dict[str, Registered] = {}
    for name in dict.fromkeys(names):
        for one in checks_of(imported(name), name):
            if one.check.name in found:
                raise BrokenChecks(f"checks module {name}: there are two named {one.check.name}")
            found[one.check.name] = one
    return tuple(found.values())


def imported(name: str) -> ModuleType:
    """
    The module *name*.

    Raises:
        BrokenChecks: If it does not import.
    """
    try:
        module: ModuleType = __import__(name, fromlist=["checks"])
    except Exception as error:
        said = f"{where(error)}{type(error).__name__}: {error}"
        raise BrokenChecks(f"checks module {name}: {said}") from error
    return module


def where(error: Exception) -> str:
    """The file and line at which importing broke, with a colon and a blank; or nothing."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}: "
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename != __file__ and not frame.filename.startswith("<frozen")
    ]
    return f"{frames[-1].filename}:{frames[-1].lineno}: " if frames else ""


def checks_of(module: ModuleType, name: str) -> list[Registered]:
    """
    The checks that *module* declares; not those it imported.

    Raises:
        BrokenChecks: If there are none, or one cannot be called as a check.
    """
    found = [
        Registered(check, function)
        for function in vars(module).values()
        if (check := check_of(function)) and function.__module__ == module.__name__
    ]
    for one in found:
        if len(inspect.signature(one.function).parameters) > 1:
            raise BrokenChecks(
                f"checks module {name}: {one.check.name} takes nothing, or what it looks at"
            )
    if not found:
        raise BrokenChecks(f"checks module {name}: declares no check; see `contexten.health.check`")
    return found


class Checkup:
    """Makes the rounds."""

    def __init__(self, registered: Sequence[Registered]) -> None:
        self._registered = tuple(registered)
        self._begun: dict[str, datetime] = {}

    async def round(self, seen: object) -> tuple[Result, ...]:
        """
        What every check finds now; none raises, and none takes longer than it may.

        Args:
            seen: What a check is given to look at, if it takes it.
        """
        return tuple(await asyncio.gather(*(self._result(one, seen) for one in self._registered)))

    async def _result(self, one: Registered, seen: object) -> Result:
        began = time.monotonic()
        reading = await self._reading(one, seen)
        took = timedelta(seconds=time.monotonic() - began)
        return Result.of(one.check, reading, datetime.now(UTC), took)

    async def _reading(self, one: Registered, seen: object) -> Reading:
        begun = self._begun.get(one.check.name)
        if begun is not None:
            return unhealthy(f"the check begun at {begun:%H:%M:%S} UTC has not come back")
        timeout_s = one.check.timeout.total_seconds()
        try:
            async with asyncio.timeout(timeout_s) as limit:
                found = await self._found(one, (seen,) if one.looks else ())
        except Failed as failed:
            return unhealthy(str(failed))
        except Exception as error:  # noqa: BLE001 - whatever it is, the check did not pass
            late = isinstance(error, TimeoutError) and limit.expired()
            return unhealthy(f"no answer within {timeout_s:g} s" if late else told(error))
        if not isinstance(found, Reading):
            return unhealthy(f"it gave {type(found).__name__}, and no Reading")
        return found

    async def _found(self, one: Registered, arguments: tuple[object, ...]) -> Any:
        """What the function gives: awaited here, or called in a thread of its own."""
        name = one.check.name
        self._begun[name] = datetime.now(UTC)
        if inspect.iscoroutinefunction(one.function):
            try:
                return await one.function(*arguments)
            finally:
                del self._begun[name]
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()

        def ended(found: Any, error: BaseException | None) -> None:
            del self._begun[name]
            if answer.done():
                return  # it was given up
            if error is None:
                answer.set_result(found)
            else:
                answer.set_exception(Failed(told(error)))

        def call() -> None:
            outcome: tuple[Any, BaseException | None]
            try:
                outcome = one.function(*arguments), None
            except BaseException as error:  # noqa: BLE001 - a thread has nobody else to tell
                outcome = None, error
            with suppress(RuntimeError):  # the loop is closed: nobody listens any more
                loop.call_soon_threadsafe(ended, *outcome)

        # A daemon: one that never comes back must not keep the process.
        Thread(target=call, name=f"health-{name}", daemon=True).start()
        return await answer


def told(error: BaseException) -> str:
    """What *error* is and where it was raised; what it says only if it is one of ours."""
    failure = classified(error)
    foreign = failure.message.startswith(failure.type)
    return failure.message if foreign else f"{failure.type}: {failure.message}"


def unhealthy(said: str) -> Reading:
    """A check that could not be made."""
    return Reading(Status.UNHEALTHY, said)
