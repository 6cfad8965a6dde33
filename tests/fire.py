"""
What a house under fire looks like from outside, and by its own records.

    fire = Fire(house)
    await fire.rules(**{"github.breaker.recovery_timeout": "3s"})

The platforms' own log of calls says how fast they came; the standing of an entity, the attempt
ledger and the incidents say what the system itself makes of it.
"""

import asyncio
import os
import subprocess
import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from house import House
from sqlalchemy import select
from temporalio.client import WorkflowHandle
from traffic import Sender, effects
from waiting import until

from activities.stores.attempts import COLUMNS
from activities.stores.database import Database
from activities.stores.incidents import Incidents
from contexten.incident import Incident, IncidentsWanted, Kind
from contexten.ledger import Attempt

KNOWN_AFTER_S = 2.0
"""How long after an entity says something each worker knows: they read it once a second."""

PLATFORMS = ("github", "linear", "slack")
DEED = {"github": "/comments", "linear": "omment", "slack": "chat.postMessage"}
"""What the names of the calls have in common that answer a delivery, and a health probe has not."""

QUICK = {
    f"{name}.breaker.{field}": value
    for name in PLATFORMS
    for field, value in (("recovery_timeout", "3s"), ("longest_timeout", "6s"))
}
"""Breakers that dare again soon."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request that reached a platform: when in epoch seconds, and the fault that struck it."""

    at: float
    platform: str
    name: str
    struck: str | None


class Fire:
    """A house, looked at."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def rules(self, **changes: str) -> int:
        """Change the rule book, and return with its version once everybody goes by it."""
        client = await self.house.client()
        edit = {"by": "a test", "why": "to be quick", "changes": changes}
        version: int = await client.get_workflow_handle("rules").execute_update("edit", edit)

        async def followed() -> bool:
            found = [await self.standing(name) for name in PLATFORMS]
            return all(one.get("rules") == version for one in found)

        await until(followed, 30, 0.1)
        await asyncio.sleep(KNOWN_AFTER_S)
        return version

    async def pinned(self, level: str = "full") -> None:
        """Keep the service at *level*, whatever health makes of what happens."""
        client = await self.house.client()
        signal = client.get_workflow_handle("degradation").signal
        await signal("degrade", args=[level, "a test"])

    async def entity(self, platform: str) -> WorkflowHandle[Any, Any]:
        """The entity of *platform*."""
        client = await self.house.client()
        return client.get_workflow_handle(f"platform/{platform}")

    async def standing(self, platform: str) -> dict[str, Any]:
        """How the gate of *platform* stands, as the workers read it; empty if it says nothing."""
        told = await (await self.entity(platform)).describe()
        found: dict[str, Any] = (await told.memo()).get("standing") or {}
        return found

    async def is_held(self, platform: str, because: str = "") -> bool:
        """Whether the queue of *platform* is held for a reason that says *because*."""
        found = await self.standing(platform)
        return found.get("rate") == 0 and because in found["because"]

    async def is_let_be(self, platform: str) -> bool:
        """Whether the queue of *platform* goes as fast as it can."""
        found = await self.standing(platform)
        return bool(found) and found["rate"] is None

    async def calls(self, platform: str) -> list[Call]:
        """The calls that reached *platform*, in order."""
        url = f"{self.house.sandbox_url}/_calls"
        answer = await self.house.http.get(url, params={"platform": platform})
        return [Call(**one) for one in answer.json()["calls"]]

    def attempts(self) -> list[Attempt]:
        """Every row of the attempt ledger, in order."""
        kept = self._kept()
        try:
            with kept.reading() as connection:
                rows = connection.execute(select(*COLUMNS)).all()
        finally:
            kept.close()
        return sorted((Attempt(**row._mapping) for row in rows), key=lambda one: one.at)

    def outages(self, platform: str) -> list[Incident]:
        """The times that the breaker of *platform* was open, the latest first."""
        kept = self._kept()
        try:
            found = Incidents(kept).latest(IncidentsWanted(platform=platform, most=100))
        finally:
            kept.close()
        return [one for one in found if one.kind is Kind.BREAKER]

    def _kept(self) -> Database:
        return Database(f"sqlite:///{self.house.var / 'ledger.db'}")

    def shell(self, *words: str) -> str:
        """What ``contexten`` prints in this house."""
        done = subprocess.run(
            [sys.executable, "-m", "starter.cli", *words],
            cwd=self.house.folder,
            env={**self.house.environment, "TEMPORAL_CONFIG_FILE": os.devnull, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout

    async def latencies(self, sender: Sender) -> dict[str, float]:
        """By delivery, the seconds from its sending to its visible answer."""
        told = await self.house.ledger()
        done = {one["n"]: datetime.fromisoformat(one["at"]).timestamp() for one in told}
        found = effects(told, [one.delivery for one in sender.attempts.values()])
        return {one.of: done[one.n] - sender.attempts[one.of].sent_at for one in found if one.of}


def fastest(times: Sequence[float], window_s: float) -> float:
    """The most of *times*, which are in order, within any *window_s* seconds; a second."""
    most = max((bisect_left(times, at + window_s) - n for n, at in enumerate(times)), default=0)
    return most / window_s


def within(calls: Sequence[Call], since: float, until_: float) -> list[Call]:
    """Those of *calls* made in that time."""
    return [call for call in calls if since <= call.at < until_]


def story(incidents: Sequence[Incident]) -> str:
    """What happened in *incidents*, a line for each moment."""
    return "\n".join(f"{m.at:%H:%M:%S.%f} {m.what}" for one in incidents for m in one.timeline)


def outcomes(attempts: Sequence[Attempt], platform: str) -> Counter[str]:
    """How often what became of attempts at *platform*."""
    return Counter(str(one.outcome) for one in attempts if one.platform == platform)
