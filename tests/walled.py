"""One platform's boundary around a deed, without an engine: what came of its attempts."""

import asyncio
import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import (
    ActivityInboundInterceptor,
    ActivityOutboundInterceptor,
    ExecuteActivityInput,
)

from activities.boundary import Around, Watch
from activities.gate import PlatformGate
from contexten.calls import Tries
from contexten.errors import PlatformError
from contexten.ledger import Attempt
from contexten.snapshot import Snapshot

OPERATION = "github.post_comment"
NOW = datetime.now(UTC)


class TheDeed(ActivityInboundInterceptor):
    """The end of the chain: the deed itself."""

    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        """Nothing is behind it."""

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        return await input.fn() if asyncio.iscoroutinefunction(input.fn) else input.fn()


class Walled:
    """One platform's boundary, and what came of the attempts within it."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        self.rows: list[Attempt] = []
        self.renewed = 0
        self.gate = PlatformGate("github")
        self.watch = Watch(
            {"github": self.gate},
            lambda: snapshot or Snapshot(),
            self.rows.append,
            {"github": self.renew},
            dice=lambda: 0.5,
        )
        self.beats: list[Any] = []

    def renew(self) -> None:
        self.renewed += 1

    async def attempt(self, deed: Callable[[], Any], headers: Any = None, **info: Any) -> Any:
        """Make one attempt, which *info* tells of."""
        environment = ActivityEnvironment()
        times = dict.fromkeys(("scheduled_time", "started_time"), NOW)
        told = {"activity_type": OPERATION, "task_queue": "github", **times, **info}
        environment.info = dataclasses.replace(environment.info, **told)
        environment.on_heartbeat = lambda *details: self.beats.append(details)
        around = Around(TheDeed(None), self.watch)  # type: ignore[arg-type]
        around.init(ActivityOutboundInterceptor(None))  # type: ignore[arg-type]
        asked = ExecuteActivityInput(deed, [], None, headers or {})

        async def whole() -> Any:
            return await around.execute_activity(asked)

        return await environment.run(whole)

    async def fails(self, deed: Callable[[], Any], **info: Any) -> ApplicationError:
        """What leaves an attempt that does not end well."""
        with pytest.raises(ApplicationError) as raised:
            await self.attempt(deed, **info)
        return raised.value

    @property
    def remembered(self) -> Tries:
        """What the next attempt will know."""
        return Tries.from_json(self.beats[-1][0])


def platform_error(kind: type[PlatformError], status: int, **more: Any) -> PlatformError:
    """What GitHub's client raises."""
    return kind(f"GitHub answered {status}", platform="github", status=status, **more)
