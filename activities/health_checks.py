"""
The checks we ship, in the four families.

Those of our own work and of the platforms look at the attempts in the ledger: real calls, not
made up for the check. If the ledger cannot be read they know nothing; only the check of the
ledger itself is unhealthy then.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import psutil

from contexten.health import Bounds, Family, Reading, Status, check
from contexten.queues import Queue
from contexten.traffic import (
    Traffic,
    TrafficRule,
    error_rate,
    integration,
    latency,
    throughput,
)

SHARE = Bounds(0.85, 0.95)
CPU = Bounds(0.90, 2.0)
"""Processors at work are busy, never unhealthy."""

ENGINE_S = Bounds(0.5, 1.5)
MODEL_S = Bounds(60.0, 180.0)
FAILED_RUNS = Bounds(0.2, 0.5)
LEAST_RUNS = 3
FAILED_TOOLS = Bounds(0.1, 0.5)
LEAST_TOOL_CALLS = 10
LEAST_FREE_BYTES = 512 * 1024 * 1024
CPU_INTERVAL_S = 0.25
UNREADABLE = Reading(Status.UNKNOWN, "the ledger cannot be read")


class Seen(Protocol):
    """What there is to look at in a round. ``activities.evidence`` has the real thing."""

    @property
    def var(self) -> str: ...
    @property
    def rule(self) -> TrafficRule: ...
    async def ledger_answers(self) -> float: ...
    async def total(self) -> Traffic | None: ...
    async def platform(self, name: str) -> Traffic | None: ...
    async def allowance(self, name: str) -> Reading: ...
    async def engine_answers(self) -> float: ...
    async def pollers(self) -> Mapping[str, int]: ...
    async def runs(self) -> tuple[int, int]: ...
    async def tool_calls(self) -> tuple[int, int] | None: ...


@check("cpu", family=Family.SYSTEM)
def cpu() -> Reading:
    """How busy the processors of the control worker's machine are."""
    used = psutil.cpu_percent(interval=CPU_INTERVAL_S)
    said = f"{used:.0f} % of {psutil.cpu_count()} processors in use"
    return Reading(CPU.status(used / 100), said, used, "%")


@check("memory", family=Family.SYSTEM, critical=True)
def memory() -> Reading:
    """How much of that machine's memory is taken."""
    found = psutil.virtual_memory()
    said = f"{found.available / 2**30:.1f} of {found.total / 2**30:.1f} GiB free"
    return Reading(SHARE.status(found.percent / 100), said, found.percent, "%")


@check("disk", family=Family.SYSTEM, critical=True)
def disk(seen: Seen) -> Reading:
    """How full the disk is that CONTEXTEN_VAR is on."""
    folder = Path(seen.var).absolute()
    there = next(one for one in (folder, *folder.parents) if one.exists())
    found = psutil.disk_usage(str(there))
    said = f"{found.free / 2**30:.1f} of {found.total / 2**30:.1f} GiB free"
    full = found.free < LEAST_FREE_BYTES
    status = Status.UNHEALTHY if full else SHARE.status(found.percent / 100)
    return Reading(status, said, found.percent, "%")


@check("engine", family=Family.APPLICATION, critical=True)
async def engine(seen: Seen) -> Reading:
    """How long the engine takes to answer."""
    took_s = await seen.engine_answers()
    return Reading(ENGINE_S.status(took_s), f"answered within {took_s:.3f} s", took_s, "s")


@check("queues", family=Family.APPLICATION)
async def queues(seen: Seen) -> Reading:
    """Whether somebody takes work from every queue."""
    found = await seen.pollers()
    without = [name for name, many in found.items() if not many]
    if not without:
        return Reading(Status.HEALTHY, "each has a worker", 0, "unserved")
    vital = {Queue.DELIVERIES, Queue.CONTROL} & set(without)
    status = Status.UNHEALTHY if vital else Status.DEGRADED
    said = f"nobody works on {', '.join(without)}"
    return Reading(status, said, len(without), "unserved")


@check("ledger", family=Family.APPLICATION, timeout=timedelta(seconds=5))
async def ledger(seen: Seen) -> Reading:
    """Whether the ledger's database answers."""
    took_s = await seen.ledger_answers()
    return Reading(ENGINE_S.status(took_s), f"answered within {took_s:.3f} s", took_s, "s")


@check("latency", family=Family.APPLICATION)
async def latency_p95(seen: Seen) -> Reading:
    """How long 95 % of the platform calls take, over five minutes."""
    total = await seen.total()
    return UNREADABLE if total is None else latency(total, seen.rule)


@check("error_rate", family=Family.APPLICATION)
async def errors(seen: Seen) -> Reading:
    """The share of platform calls that fail, over five minutes."""
    total = await seen.total()
    return UNREADABLE if total is None else error_rate(total, seen.rule)


@check("throughput", family=Family.APPLICATION)
async def calls(seen: Seen) -> Reading:
    """How many platform calls go out, over five minutes; never unhealthy."""
    total = await seen.total()
    return UNREADABLE if total is None else throughput(total, seen.rule)


@check("github", family=Family.INTEGRATION, critical=True)
async def github(seen: Seen) -> Reading:
    """How calls to GitHub go, and how long they take."""
    return await of_platform("github", seen)


@check("linear", family=Family.INTEGRATION, critical=True)
async def linear(seen: Seen) -> Reading:
    """How calls to Linear go, and how long they take."""
    return await of_platform("linear", seen)


@check("slack", family=Family.INTEGRATION, critical=True)
async def slack(seen: Seen) -> Reading:
    """How calls to Slack go, and how long they take."""
    return await of_platform("slack", seen)


@check("model", family=Family.INTEGRATION)
async def model(seen: Seen) -> Reading:
    """How calls to the language model go, and how long they take."""
    traffic = await seen.platform("model")
    patient = replace(seen.rule, latency_s=MODEL_S)
    return UNREADABLE if traffic is None else integration(traffic, patient)


@check("github_limit", family=Family.INTEGRATION)
async def github_limit(seen: Seen) -> Reading:
    """How many requests GitHub still lets us make, and until when."""
    return await seen.allowance("github")


@check("linear_limit", family=Family.INTEGRATION)
async def linear_limit(seen: Seen) -> Reading:
    """How much Linear still lets us ask, and until when; Slack says nothing of the kind."""
    return await seen.allowance("linear")


@check("completion", family=Family.AGENT)
async def completion(seen: Seen) -> Reading:
    """The share of agent runs, of those that ended in the last hour, that reached their end."""
    ended, failed = await seen.runs()
    if ended < LEAST_RUNS:
        return Reading(Status.UNKNOWN, f"only {ended} runs ended in the last hour")
    said = f"{ended - failed} of {ended} runs reached their end"
    share = failed / ended
    return Reading(FAILED_RUNS.status(share), said, 100 * (1 - share), "%")


@check("tool_success", family=Family.AGENT)
async def tool_success(seen: Seen) -> Reading:
    """
    The share of agents' calls of tools, of those in the last hour, that the machine carried out.

    What a tool told the model it cannot have is carried out, too.
    """
    found = await seen.tool_calls()
    if found is None:
        return UNREADABLE
    made, failed = found
    if made < LEAST_TOOL_CALLS:
        return Reading(Status.UNKNOWN, f"only {made} tools were called in the last hour")
    said = f"{made - failed} of {made} calls of tools were carried out"
    share = failed / made
    return Reading(FAILED_TOOLS.status(share), said, 100 * (1 - share), "%")


async def of_platform(name: str, seen: Seen) -> Reading:
    """How calls to the platform *name* go."""
    traffic = await seen.platform(name)
    return UNREADABLE if traffic is None else integration(traffic, seen.rule)
