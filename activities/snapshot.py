"""What is in force, kept up to date in one process."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import structlog

from contexten import standing
from contexten.degradation import Level, Switch, is_on
from contexten.errors import PlatformError
from contexten.rulebook import RuleBook, from_json
from contexten.snapshot import Snapshot

log = structlog.get_logger()

EVERY_S = 1.0
FIRST_TRIES = 20
RULES = "rules"
DEGRADATION = "degradation"


class Entities(Protocol):
    """Our entities in the engine. ``activities.clients.queue_control`` has the real ones."""

    async def standings(self, workflow_ids: Sequence[str]) -> dict[str, Any]: ...


class Snapshots:
    """
    What is in force, as the entities have it in their memos, read once a second.

    While the engine is away, or an entity is not there, what was known last stays in force.
    """

    def __init__(
        self,
        entities: Entities,
        platforms: Sequence[str],
        shown: Callable[[Snapshot], None] | None = None,
        on: Switch = is_on,
    ) -> None:
        """
        Args:
            entities: Where the standings are.
            platforms: Whose gates matter in this process.
            shown: Told of what is in force, again and again, for others to see.
            on: Who says what a level switches on.
        """
        self._entities = entities
        self._shown = shown
        self._ids = [RULES, DEGRADATION, *(f"platform/{name}" for name in platforms)]
        self._raw: dict[str, Any] = {}
        self._known = Snapshot(on=on)
        self._away = False

    def __call__(self) -> Snapshot:
        """What is in force."""
        return self._known

    async def run(self) -> None:
        """Keep it up to date, until cancelled."""
        while True:
            await self.refresh()
            await asyncio.sleep(EVERY_S)

    async def begin(self) -> None:
        """Read what is in force, before the first call is made: it may have to wait."""
        for _ in range(FIRST_TRIES):
            if await self.refresh():
                return
            await asyncio.sleep(EVERY_S / 2)

    async def refresh(self) -> bool:
        """Read once what is in force; False if it cannot be read."""
        try:
            found = await self._entities.standings(self._ids)
        except Exception as error:  # noqa: BLE001 - whatever it is, we go on looking
            if not self._away:
                reason = str(error) if isinstance(error, PlatformError) else repr(error)[:300]
                log.warning("snapshot.stale", reason=reason)
            self._away = True
            return False
        self._away = False
        if found != self._raw:
            self._known = understood(self._known, found)
            self._raw = found
        if self._shown is not None:
            self._shown(self._known)
        return True


def understood(known: Snapshot, found: Mapping[str, Any]) -> Snapshot:
    """*known* with what was *found*; what cannot be read stays as it was, and is logged."""
    for workflow_id, said in found.items():
        try:
            known = with_one(known, workflow_id, said)
        except Exception as error:  # noqa: BLE001 - whatever it says, what was known stays in force
            log.warning("snapshot.unreadable", entity=workflow_id, reason=repr(error)[:300])
    return known


def with_one(known: Snapshot, workflow_id: str, said: Any) -> Snapshot:
    """
    *known* with the standing of one entity.

    Raises:
        ValueError: If it cannot be read, or another error of looking into it.
    """
    if workflow_id == RULES:
        return replace(known, book=book_of(known.book, said))
    if workflow_id == DEGRADATION:
        paused = {str(name).lower(): str(why) for name, why in said["paused_repositories"].items()}
        return replace(known, level=Level(said["level"]), paused=paused)
    platform = workflow_id.partition("/")[2]
    return replace(known, gates={**known.gates, platform: standing.understood(said)})


def book_of(known: RuleBook, said: Any) -> RuleBook:
    """The book in *said*; the *known* one if it is that."""
    return known if said.get("version") == known.version else from_json(said)
