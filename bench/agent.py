"""
What an agent run costs beside a bare LangChain loop: time a turn, memory while it waits, history.

The model is the sandbox's, over HTTP, and answers at once as it is told; both sides ask it over
the same LangChain client. A turn is one model call and one file that is read. A run ends when
its model calls are used up, and goes on in another history after 40 turns.
"""

import asyncio
import time
from pathlib import Path
from statistics import median

from bench import codebase
from bench.agent_house import ASK, TEXT, VIEW, AgentHouse, Kept
from bench.bare_agent import BareAgent
from bench.figures import Figure, in_digits
from bench.house import House
from bench.scale import USUAL_SECONDS, Scale

RUNS = 100
TURNS = 50
ONE_WITHIN_S = 60.0
WAIT_WITHIN_S = 120.0
ALL_WITHIN_S = 700.0
SUGGESTED = 4096
"""Events after which the engine suggests that a workflow go on in another history."""


async def run(folder: Path, scale: Scale) -> list[Figure]:
    """
    Take the figures.

    Raises:
        RuntimeError: If a part of the house does not come up, or a run does not get where it must.
    """
    share = min(1.0, scale.seconds / USUAL_SECONDS)
    runs, turns = max(3, round(RUNS * share)), max(5, round(TURNS * share))
    async with House(folder / "house") as house:
        at = AgentHouse(house, turns)
        try:
            await at.start()
            one = await one_at_a_time(at, turns, scale)
            idle = await waiting(at, runs, scale)
            many = await all_at_once(at, runs, turns, scale)
        finally:
            await at.close()
    copies = {one.name: one for one in await codebase.run(folder, scale)}
    ratio, cached = copies["worktree_ratio"], copies["checkout_cached"]
    first = copies["checkout_first"]
    prepared = Figure(
        "prepare_s", cached.value / 1000, "s", "", f"first {in_digits(first.value / 1000)}"
    )
    return [*one, *idle, *many, ratio, prepared]


async def one_at_a_time(at: AgentHouse, turns: int, scale: Scale) -> list[Figure]:
    """One run after another, in turns with the bare loop."""
    bare = BareAgent(f"{at.house.sandbox_url}/model/v1", TEXT)
    ours, theirs, waited = list[float](), list[float](), list[float]()
    for turn in range(scale.rounds + 1):  # the first of either warms up
        first = scale.first()
        await at.script({"calls": [VIEW], "again": True})
        (sent,) = await at.send(first, 1)
        if await at.ended(turn + 1, ONE_WITHIN_S) < turn + 1:
            raise RuntimeError(f"a run did not end\n{at.agents.said[-2000:]}")
        kept = await at.kept(first)
        if len(kept.turns) != turns:
            raise RuntimeError(f"a run took {len(kept.turns)} turns, not {turns}")
        await at.script(*[{"calls": [VIEW]}] * (turns - 1), {"text": "Done."})
        their = await bare.turn_ms(turns)
        if turn:
            ours.append((kept.turns[-1] - kept.turns[0]) / (turns - 1) * 1000)
            waited.append(kept.first - sent)
            theirs.append(their)
            scale.tell(f"a turn: {ours[-1]:.1f} ms, bare {their:.1f} ms")
    beside = f"ours {in_digits(median(ours))}, LangChain alone {in_digits(median(theirs))}"
    added = median(ours) - median(theirs)
    return [
        Figure("turn_overhead_ms", added, "ms", "< 50", beside),
        Figure("first_model_call_s", median(waited), "s", "< 2"),
    ]


async def all_at_once(at: AgentHouse, runs: int, turns: int, scale: Scale) -> list[Figure]:
    """All runs at once, to their end: what the engine keeps of each."""
    await at.script({"calls": [VIEW], "again": True})
    first, before = scale.first(), await at.ended(0, 0)
    began = time.monotonic()
    await at.send(first, runs)
    ended = await at.ended(before + runs, ALL_WITHIN_S) - before
    took = time.monotonic() - began
    scale.tell(f"{ended} of {runs} runs of {turns} turns ended in {took:.0f} s")
    kept = [await at.kept(number) for number in range(first, first + runs)]
    whole = [one for one in kept if one.well and len(one.turns) == turns]
    return [
        Figure("runs_lost", runs - len(whole), "", "== 0", f"of {runs} at once"),
        Figure("turns_per_s", sum(len(one.turns) for one in kept) / took, "/s"),
        *histories(kept),
    ]


def histories(kept: list[Kept]) -> list[Figure]:
    """How much the engine keeps."""
    events = [count for one in kept for count in one.events]
    each = [sum(one.events) for one in kept]
    sizes = [one.size for one in kept]
    longest = f"the suggested end is {SUGGESTED:,}"
    return [
        Figure("history_events_per_run", median(each), "events", "", f"at most {max(each):,}"),
        Figure("history_bytes_per_run", median(sizes), "B", "", f"at most {max(sizes):,}"),
        Figure("history_events_longest", max(events), "events", f"< {SUGGESTED}", longest),
    ]


async def waiting(at: AgentHouse, runs: int, scale: Scale) -> list[Figure]:
    """
    All runs at once, each waiting for an answer: what memory that takes.

    Raises:
        RuntimeError: If not all get to wait.
    """
    await at.script({"calls": [ASK], "again": True})
    first = scale.first()
    await at.send(first, 1)
    await at.waiting(first, 1, ONE_WITHIN_S)
    parts = (at.agents, at.engine)
    before = [part.rss_bytes() for part in parts]
    first = scale.first()
    await at.send(first, runs)
    there = await at.waiting(first, runs, WAIT_WITHIN_S)
    if there < runs:
        raise RuntimeError(f"of {runs} runs {there} got to wait\n{at.agents.said[-2000:]}")
    await asyncio.sleep(1)
    worker, engine = (part.rss_bytes() - was for part, was in zip(parts, before, strict=True))
    beside = f"worker {in_digits(worker / runs)}, engine {in_digits(engine / runs)}"
    scale.tell(f"{runs} runs wait")
    return [Figure("bytes_per_idle_run", (worker + engine) / runs, "B", "", beside)]
