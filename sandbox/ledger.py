"""
The ledger: every effect a person would have seen, in order, and how many calls led to them.

Effects are only ever appended. With a file they also outlive the process: one
JSON object a line, written before the caller hears that the deed was done.
"""

import json
import time
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

CALLS_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class Effect:
    """
    Something that now stands on a platform.

    Attributes:
        n: Its place in the ledger; the first is 1.
        at: When it was done, ISO 8601, UTC.
        platform: ``github``, ``linear`` or ``slack``.
        kind: ``comment``, ``issue``, ``message``, ``reaction`` and so on.
        target: What it was done to, such as ``octo/hello#12``.
        details: What else there is to say about it.
    """

    n: int
    at: str
    platform: str
    kind: str
    target: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """
    A request that reached a platform.

    Attributes:
        at: When, in seconds since 1970.
        platform: ``github``, ``linear`` or ``slack``.
        name: ``METHOD /path?query``, and the operation's name if it is GraphQL.
        struck: The kind of fault that struck it; None if none did.
    """

    at: float
    platform: str
    name: str
    struck: str | None


class Ledger:
    """All effects since the start or the last clearing, and the calls of each platform."""

    def __init__(self, file: Path | None = None) -> None:
        self._effects: list[Effect] = []
        self._calls: Counter[str] = Counter()
        self._latest: deque[Call] = deque(maxlen=CALLS_KEPT)
        self._file = file

    @property
    def calls(self) -> dict[str, int]:
        """Requests received by platform, those a fault struck included."""
        return dict(self._calls)

    def call(self, platform: str, name: str, struck: str | None) -> None:
        """A request *name* reached *platform*, where a fault of kind *struck* met it, if any."""
        self._calls[platform] += 1
        self._latest.append(Call(time.time(), platform, name, struck))

    def latest(self, platform: str | None = None) -> Iterable[Call]:
        """The latest calls, those of *platform* if given, in order."""
        return (call for call in self._latest if platform in (None, call.platform))

    def effect(self, platform: str, kind: str, target: str, **details: Any) -> Effect:
        """
        Write down that *kind* now stands on *platform* at *target*.

        Raises:
            OSError: If the ledger's file cannot be written.
        """
        number = len(self._effects) + 1
        done = Effect(number, datetime.now(UTC).isoformat(), platform, kind, target, details)
        self._effects.append(done)
        if self._file is not None:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(done)) + "\n")
        return done

    def effects(
        self, platform: str | None = None, kind: str | None = None, after: int = 0
    ) -> Iterable[Effect]:
        """The effects with a number above *after*, of *platform* and *kind* if given."""
        for effect in self._effects[max(after, 0) :]:
            if platform in (None, effect.platform) and kind in (None, effect.kind):
                yield effect

    def clear(self) -> None:
        """Forget all effects and calls. The file, if there is one, keeps its lines."""
        self._effects.clear()
        self._calls.clear()
        self._latest.clear()


def routes(ledger: Ledger) -> list[BaseRoute]:
    """
    ``GET /_ledger?platform=&kind=&after=`` reads it, ``DELETE /_ledger`` empties it.

    ``GET /_calls?platform=`` has the latest calls, each with its time and what struck it.
    """

    async def read(request: Request) -> Response:
        query = request.query_params
        after = query.get("after", "0")
        if not after.isdecimal():
            return JSONResponse({"error": "after must be a number, 0 or more"}, status_code=422)
        found = ledger.effects(query.get("platform"), query.get("kind"), int(after))
        return JSONResponse({"effects": [asdict(e) for e in found], "calls": ledger.calls})

    async def calls(request: Request) -> Response:
        found = ledger.latest(request.query_params.get("platform"))
        return JSONResponse({"calls": [asdict(call) for call in found]})

    async def clear(request: Request) -> Response:
        ledger.clear()
        return Response(status_code=204)

    return [
        Route("/_ledger", read, methods=["GET"]),
        Route("/_ledger", clear, methods=["DELETE"]),
        Route("/_calls", calls, methods=["GET"]),
    ]
