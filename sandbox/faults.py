"""
Faults on demand: what goes wrong on a platform, how often, and until when.

    status         answer ``status`` with the platform's own error body
    rate_limit     refuse as the platform does when one calls too often
    hang           keep the caller waiting until healed, or for ``seconds``
    latency        do the deed after ``least_seconds`` to ``seconds``, though the caller be gone
    slow           do the deed, answer one byte every ``seconds_per_byte``
    reset          break the connection (TCP RST) before the deed
    truncated      do the deed, promise the whole answer, send half of it
    lost_answer    do the deed, drop the connection instead of answering
    html           answer 502 with a proxy's HTML page
    garbage        answer 200 with bytes that are no JSON
    redirect_loop  answer 302 to the very same address

Which request is struck is drawn from a seeded generator, so a run can be repeated.
"""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

Kind = Literal[
    "status",
    "rate_limit",
    "hang",
    "latency",
    "slow",
    "reset",
    "truncated",
    "lost_answer",
    "html",
    "garbage",
    "redirect_loop",
]


class Wanted(BaseModel):
    """
    A fault as it is asked for.

    Attributes:
        platform: Which one fails.
        kind: How it fails.
        status: The HTTP status of ``status``; for ``rate_limit`` and ``redirect_loop`` another
            than the usual.
        rate: Probability with which a matching request is struck.
        count: How many requests it strikes before it is spent; None for no end.
        match: Strikes only requests whose ``METHOD /path?query`` contains this;
            for GraphQL the operation's name is part of it.
        seconds: How long ``hang`` holds, None until healed; how long ``latency`` takes at
            most, None as long as at least.
        least_seconds: How long ``latency`` takes at least.
        seconds_per_byte: The pace of ``slow``.
        retry_after_s: The pause that ``rate_limit`` asks for.
        secondary: Whether ``rate_limit`` is GitHub's secondary one.
        headers: Headers to add or replace in an answer that the fault makes up.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    platform: Literal["github", "linear", "slack", "model"]
    kind: Kind
    status: Annotated[int, Field(ge=200, le=599)] | None = None
    rate: float = Field(1.0, ge=0, le=1)
    count: int | None = Field(None, ge=1)
    match: str = ""
    seconds: float | None = Field(None, gt=0)
    least_seconds: float = Field(0.0, ge=0)
    seconds_per_byte: float = Field(0.05, ge=0)
    retry_after_s: int = 60
    secondary: bool = False
    headers: dict[str, str] = Field(default_factory=dict)


@dataclass(slots=True)
class Fault:
    """A fault in force: what was asked for, how often it struck, and whether it is over."""

    id: int
    wanted: Wanted
    struck: int = 0
    healed: asyncio.Event = field(default_factory=asyncio.Event)

    def may_strike(self, platform: str, name: str) -> bool:
        """Whether a request *name* to *platform* is in its way."""
        wanted = self.wanted
        spent = wanted.count is not None and self.struck >= wanted.count
        return platform == wanted.platform and wanted.match in name and not spent

    def as_json(self) -> dict[str, Any]:
        """What was asked for, with its id and its strikes."""
        return {"id": self.id, "struck": self.struck, **self.wanted.model_dump()}


class Faults:
    """The faults in force, in the order they were asked for; the first that strikes, strikes."""

    def __init__(self, seed: int = 0) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - chance that can be repeated, no secret
        self._added = 0
        self.in_force: list[Fault] = []

    def add(self, wanted: Wanted) -> Fault:
        """Put *wanted* in force."""
        self._added += 1
        fault = Fault(self._added, wanted)
        self.in_force.append(fault)
        return fault

    def strike(self, platform: str, name: str) -> Fault | None:
        """The fault that a request *name* to *platform* meets, counted; None if it gets through."""
        for fault in self.in_force:
            if fault.may_strike(platform, name) and self._dice.random() < fault.wanted.rate:
                fault.struck += 1
                return fault
        return None

    def pause(self, wanted: Wanted) -> float:
        """How many seconds a call that ``latency`` strikes takes."""
        least = wanted.least_seconds
        return self._dice.uniform(least, max(least, wanted.seconds or least))

    def heal(self, platform: str | None = None) -> int:
        """End the faults of *platform*, or all; those who hang go on. How many were ended."""
        over = [f for f in self.in_force if platform in (None, f.wanted.platform)]
        self.in_force = [f for f in self.in_force if f not in over]
        for fault in over:
            fault.healed.set()
        return len(over)


def routes(faults: Faults) -> list[BaseRoute]:
    """``POST``, ``GET`` and ``DELETE /_faults[?platform=]``."""

    async def add(request: Request) -> Response:
        try:
            wanted = Wanted.model_validate_json(await request.body())
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_context=False, include_input=False)
            return JSONResponse({"errors": wrong}, status_code=422)
        return JSONResponse(faults.add(wanted).as_json(), status_code=201)

    async def read(request: Request) -> Response:
        return JSONResponse({"faults": [fault.as_json() for fault in faults.in_force]})

    async def heal(request: Request) -> Response:
        return JSONResponse({"healed": faults.heal(request.query_params.get("platform"))})

    return [
        Route("/_faults", add, methods=["POST"]),
        Route("/_faults", read, methods=["GET"]),
        Route("/_faults", heal, methods=["DELETE"]),
    ]
