"""
An outage of one platform under steady load: what it has to bear, and how the work returns.

    normal ──▶ broken: every call is answered 503 ──▶ well again ──▶ the backlog drains

Ours beside the same without the gate, where Temporal's own retries repeat a call that failed.
The platform is GitHub, as a delivery leads to one request there: what the platform counts is
attempts. It is well again before the breaker first looks, so that the figures tell of the
breaker's ``recovery_timeout``, and not of how long the outage happened to last.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.completion import WARMING, deliver
from bench.course import Course, Sample
from bench.figures import Figure, in_digits
from bench.house import House
from bench.load import Job, records, send, whole
from bench.scale import USUAL_SECONDS, Scale
from bench.sides import Side, gated, ungated

ENTITY = "platform/github"
DONE_WITHIN_S = 150.0
SAMPLED_EVERY_S = 0.1
CONNECTIONS = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """
    How an outage goes.

    Attributes:
        rate: Deliveries a second, from beginning to end.
        normal_s: How long all is well first: the gate learns the usual pace.
        broken_s: How long the platform is broken.
        after_s: How long deliveries still come once it is well again.
        timeout: The breaker's ``recovery_timeout``, if another than the one that is shipped.
        settling_s: How long it is broken with the budget alone before that is measured.
        budget_s: How long that is measured.
    """

    rate: float = 17.0
    normal_s: float = 35.0
    broken_s: float = 50.0
    after_s: float = 60.0
    timeout: str | None = None
    settling_s: float = 30.0
    budget_s: float = 20.0


QUICK = Plan(10.0, 3.0, 1.5, 4.0, "2s", 3.0, 2.0)


async def run(folder: Path, scale: Scale) -> list[Figure]:
    """
    Take the figures.

    Raises:
        RuntimeError: If a part of the house does not come up, or work is not done in time.
    """
    plan = Plan() if scale.seconds >= USUAL_SECONDS else QUICK
    async with House(folder / "ours") as house:
        ours = await begun(gated, house, scale)
        if plan.timeout:
            await recover_after(house, plan.timeout)
        with_gate = await outage(ours, plan, scale)
        incident = await closed_incident(house)
        budget = await budget_alone(ours, plan, scale)
    async with House(folder / "plain") as house:
        without = await outage(await begun(ungated, house, scale), plan, scale)
    return [
        *of_incident(incident, plan),
        *loads(with_gate, without, budget),
        *returns(with_gate, without),
    ]


async def begun(begin: Callable[[House], Awaitable[Side]], house: House, scale: Scale) -> Side:
    """A side, up and warm."""
    await house.sandbox()
    side = await begin(house)
    await deliver(side, scale.first(), WARMING)
    return side


async def recover_after(house: House, timeout: str) -> None:
    """Have the breaker look again after *timeout* from now on."""
    changes = {"github.breaker.recovery_timeout": timeout}
    rules = (await house.client()).get_workflow_handle("rules")
    await rules.execute_update("edit", {"by": "bench", "why": "in little", "changes": changes})


async def outage(side: Side, plan: Plan, scale: Scale) -> Course:
    """The platform breaks under load, and is well again, and all work is done in the end."""
    lasts_s, first = plan.normal_s + plan.broken_s + plan.after_s, scale.first()
    kept, house = side.house.folder / f"sent-{first}", side.house
    async with sampled(house) as samples, asyncio.TaskGroup() as both:
        sending = both.create_task(send(paced(side, plan, lasts_s, first, kept)))
        await asyncio.sleep(plan.normal_s)
        broke_at = await broken(side, scale)
        await asyncio.sleep(plan.broken_s)
        await house.heal()
        healed_at = time.time()
        scale.tell(f"{side.name}: GitHub is well again after {healed_at - broke_at:.0f} s")
        count = whole(await sending, side.door).answered
        scale.tell(f"{side.name}: all of {count:,} are sent")
        await side.done(first, count, DONE_WITHIN_S)
    sent = {number: due for number, (due, _) in records(kept).items()}
    effects = await house.effects(first, count)
    course = Course(sent, effects, samples, broke_at, healed_at)
    drained_s = course.drained_at - healed_at
    scale.tell(f"{side.name}: {course.backlog:,} waited, drained after {drained_s:.0f} s")
    return course


def paced(side: Side, plan: Plan, seconds: float, first: int, kept: Path) -> Job:
    """The steady load."""
    port = side.door.port
    return Job(port, "paced", CONNECTIONS, seconds, plan.rate, None, first, records=str(kept))


async def broken(side: Side, scale: Scale) -> float:
    """Every call to GitHub is refused from now on; when that is, epoch seconds."""
    at = time.time()
    await side.house.fault(platform="github", kind="status", status=503)
    scale.tell(f"{side.name}: GitHub is broken")
    return at


@asynccontextmanager
async def sampled(house: House) -> AsyncIterator[list[Sample]]:
    """What the platform has counted, asked again and again meanwhile."""
    samples: list[Sample] = []

    async def sample() -> None:
        while True:
            samples.append(Sample(time.time(), await house.calls("github")))
            await asyncio.sleep(SAMPLED_EVERY_S)

    sampling = asyncio.create_task(sample())
    try:
        yield samples
    finally:
        sampling.cancel()


async def closed_incident(house: House) -> dict[str, Any]:
    """
    The incident that the outage was.

    Raises:
        RuntimeError: If none was opened, or it is not over.
    """
    entity = (await house.client()).get_workflow_handle(ENTITY)
    found: dict[str, Any] | None = await entity.query("incident")
    if not found or found["open"]:
        raise RuntimeError(f"no incident came and went: {found}")
    return found


async def budget_alone(side: Side, plan: Plan, scale: Scale) -> float:
    """Calls for each delivery while all fail and no breaker refuses any: the budget is left."""
    house, first = side.house, scale.first()
    await (await house.client()).get_workflow_handle(ENTITY).signal("metrics_only", "bench")
    kept, lasts_s = house.folder / f"sent-{first}", plan.settling_s + plan.budget_s + 1
    async with sampled(house) as samples, asyncio.TaskGroup() as both:
        sending = both.create_task(send(paced(side, plan, lasts_s, first, kept)))
        await broken(side, scale)
        await asyncio.sleep(plan.settling_s)
        since = time.time()
        await asyncio.sleep(plan.budget_s)
        until = time.time()
        whole(await sending, side.door)
    sent = {number: due for number, (due, _) in records(kept).items()}
    ratio = Course(sent, {}, samples, since, until).load_ratio(since, until)
    scale.tell(f"{side.name}, the budget alone: {ratio:.2f} calls a delivery")
    return ratio


def of_incident(incident: dict[str, Any], plan: Plan) -> list[Figure]:
    """What the incident's own clock says."""
    length = f"broken for {plan.broken_s:g} s, recovery_timeout {plan.timeout or '60s'}"
    return [
        Figure("mttr_s", incident["mttr_s"], "s", "< 90", length),
        Figure("mttd_s", incident["mttd_s"], "s"),
    ]


def loads(ours: Course, plain: Course, budget: float) -> list[Figure]:
    """What the platform had to bear while it was broken."""
    ratio, without = (one.load_ratio(one.broke_at, one.healed_at) for one in (ours, plain))
    calls, more = (one.calls(one.broke_at, one.healed_at) for one in (ours, plain))
    return [
        Figure("retry_load_ratio", ratio, "x", "<= 1.1", beside(without)),
        Figure("retry_load_ratio_budget_alone", budget, "x", "<= 1.1"),
        Figure("calls_while_broken", calls, "", "", beside(more)),
    ]


def returns(ours: Course, plain: Course) -> list[Figure]:
    """How the work came back."""
    both = (ours, plain)
    burst, rush = (one.peak / one.usual for one in both)
    before = f"{beside(rush)}; before it broke {in_digits(ours.usual_peak / ours.usual)}"
    good, soon = (one.first_good_at - one.healed_at for one in both)
    drained, sooner = (one.drained_at - one.healed_at for one in both)
    return [
        Figure("burst_ratio", burst, "x", "< 2", before),
        Figure("return_to_first_good_s", good, "s", "", beside(soon)),
        Figure("return_to_drained_s", drained, "s", "", beside(sooner)),
        Figure("outage_backlog", ours.backlog, "", "", beside(plain.backlog)),
        Figure("outage_lost", ours.lost, "", "== 0", beside(plain.lost)),
    ]


def beside(value: float) -> str:
    """*value*, as that of the side that is compared with."""
    return f"without the gate {in_digits(value)}"
